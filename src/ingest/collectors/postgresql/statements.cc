// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/postgresql/statements.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace trimtab::postgresql {
namespace {

constexpr std::string_view kOwnMark = "/* trimtab";

// After datname and queryid, in the order of the statement's columns.
constexpr std::array<std::string_view, 13> kMetrics{"pg_stat_statements_calls_total",
                                                    "pg_stat_statements_seconds_total",
                                                    "pg_stat_statements_rows_total",
                                                    "pg_stat_statements_shared_blks_hit_total",
                                                    "pg_stat_statements_shared_blks_read_total",
                                                    "pg_stat_statements_shared_blks_dirtied_total",
                                                    "pg_stat_statements_shared_blks_written_total",
                                                    "pg_stat_statements_temp_blks_read_total",
                                                    "pg_stat_statements_temp_blks_written_total",
                                                    "pg_stat_statements_wal_bytes_total",
                                                    "pg_stat_statements_block_read_seconds_total",
                                                    "pg_stat_statements_block_write_seconds_total",
                                                    "pg_stat_statements_plan_seconds_total"};

// pg_stat_statements(false) gives the numbers without reading the file of texts.
constexpr const char* kNumbers = R"(
SELECT d.datname, s.queryid, sum(s.calls), sum(s.{4}) / 1000, sum(s.rows), sum(s.shared_blks_hit),
  sum(s.shared_blks_read), sum(s.shared_blks_dirtied), sum(s.shared_blks_written), sum(s.temp_blks_read),
  sum(s.temp_blks_written), sum({5}), sum(s.{0}) / 1000, sum(s.{1}) / 1000,
  sum({6}) / 1000
FROM {2}.pg_stat_statements(false) s JOIN pg_database d ON d.oid = s.dbid
WHERE s.queryid IS NOT NULL GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2 LIMIT {3})";

constexpr const char* kTexts = R"(
SELECT queryid, left(min(query), {1}) FROM {0}.pg_stat_statements(true)
WHERE queryid = ANY ($1::bigint[]) GROUP BY 1)";

}  // namespace

std::vector<std::size_t> StatementSelection::choose(const std::vector<Key>& ranked) {
  std::vector<std::size_t> out;
  std::set<Key> members;
  for (std::size_t rank = 0; rank < std::min(ranked.size(), kStatementsKept); ++rank) {
    if (rank >= kStatementsMax && !members_.contains(ranked[rank])) continue;
    out.push_back(rank);
    members.insert(ranked[rank]);
  }
  members_ = std::move(members);
  return out;
}

Result<Rows> Statements::read_numbers(Connection& connection) const {
  return connection.query(fmt::format(kNumbers, columns_.read_time, columns_.write_time, quote_name(schema_),
                                      StatementSelection::kStatementsKept + own_, columns_.execution_time,
                                      columns_.wal_bytes, columns_.plan_time));
}

Status Statements::read_texts(Connection& connection, const Rows& rows) {
  std::string unknown;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    std::string id = rows.text(row, 1);
    if (!known_.contains(id)) unknown += (unknown.empty() ? "{" : ",") + std::move(id);
  }
  if (unknown.empty() || clock_.now_ms() < texts_due_ms_) return ok();
  texts_due_ms_ = clock_.now_ms() + kTextsEveryMs;
  const Rows texts = TRY(
      connection.query(fmt::format(kTexts, quote_name(schema_), QueryTexts::kTextBytesMax), {unknown + "}"}));
  for (std::size_t row = 0; row < texts.size(); ++row) {
    std::string text = texts.text(row, 1);
    if (text.contains(kOwnMark) && own_ < kOwnMax) {
      own_ += known_.emplace(texts.text(row, 0), "").second;
      continue;
    }
    if (text.empty()) text = "?";
    texts_.set(target_, texts.text(row, 0), text);
    known_[texts.text(row, 0)] = cut_text(std::move(text), kQueryLabelBytesMax);
  }
  return ok();
}

// Known statements that the last answer no longer holds.
void Statements::forget_gone(const std::set<std::string>& present) {
  std::erase_if(known_, [&](const auto& entry) {
    if (present.contains(entry.first)) return false;
    if (entry.second.empty()) {
      --own_;
    } else {
      texts_.erase(target_, entry.first);
    }
    return true;
  });
}

Status Statements::collect(Connection& connection, SeriesSink& sink) {
  if (!available()) return ok();
  const Rows rows = TRY(read_numbers(connection));
  TRY(read_texts(connection, rows));
  std::vector<StatementSelection::Key> ranked;
  std::vector<std::size_t> row_of;
  std::set<std::string> present;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    present.insert(rows.text(row, 1));
    const auto known = known_.find(rows.text(row, 1));
    if (known == known_.end() || known->second.empty()) continue;
    ranked.emplace_back(rows.text(row, 0), rows.text(row, 1));
    row_of.push_back(row);
  }
  shown_.clear();
  for (const std::size_t rank : selection_.choose(ranked)) {
    const auto& [database, id] = ranked[rank];
    const std::array<SeriesSink::Pair, 2> labels{{{"datname", database}, {"queryid", id}}};
    for (std::size_t metric = 0; metric < kMetrics.size(); ++metric) {
      sink.add(kMetrics[metric], rows.number(row_of[rank], 2 + metric), labels, MetricType::kCounter);
    }
    shown_.insert(ranked[rank]);
  }
  forget_gone(present);
  return ok();
}

void Statements::put_texts(SeriesSink& sink) const {
  for (const auto& [database, id] : shown_) {
    const auto known = known_.find(id);
    if (known == known_.end()) continue;
    sink.gauge("pg_stat_statements_query_info", 1,
               {{"datname", database}, {"queryid", id}, {"query", known->second}});
  }
}

}  // namespace trimtab::postgresql
