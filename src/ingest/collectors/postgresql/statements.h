// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ingest/collectors/query_texts.h"
#include "ingest/series_sink.h"
#include "targets/postgresql/connection.h"
#include "targets/postgresql/statement_columns.h"

namespace trimtab::postgresql {

// Which statements have series: the kStatementsMax that used most time in all; one that is in stays until it
// falls below rank kStatementsKept, so that series do not come and go at the edge. Pure.
class StatementSelection {
 public:
  static constexpr std::size_t kStatementsMax = 200;
  static constexpr std::size_t kStatementsKept = 300;

  using Key = std::pair<std::string, std::string>;  // database, queryid

  // `ranked`: by total time, most first, without doubles. Gives the indices that are shown.
  std::vector<std::size_t> choose(const std::vector<Key>& ranked);

 private:
  std::set<Key> members_;
};

// pg_stat_statements of one server: per normalised statement and database, under postgres_exporter's names.
// Our own statements are left out. Texts are read only when a statement is new, at most every
// kTextsEveryMs: they cost the server a file; until then the statement is not shown. Externally locked.
class Statements {
 public:
  Statements(std::string target, const Clock& clock, QueryTexts& texts)
      : target_(std::move(target)), clock_(clock), texts_(texts) {}

  // The schema the extension is in, "" when it is not there, and its version ("1.10").
  void set_place(std::string schema, std::string_view version) {
    schema_ = std::move(schema);
    columns_ = statement_columns(version);
  }
  bool available() const { return !schema_.empty(); }

  Status collect(Connection& connection, SeriesSink& sink);
  // pg_stat_statements_query_info{datname,queryid,query}: 1.
  void put_texts(SeriesSink& sink) const;

  static constexpr DurationMs kTextsEveryMs = 5 * kSecondMs;
  static constexpr std::size_t kQueryLabelBytesMax = 1000;
  static constexpr std::size_t kOwnMax = 500;  // of our own statements remembered at once

 private:
  Result<Rows> read_numbers(Connection& connection) const;
  Status read_texts(Connection& connection, const Rows& rows);
  void forget_gone(const std::set<std::string>& present);

  const std::string target_;
  const Clock& clock_;
  QueryTexts& texts_;
  std::string schema_;
  StatementColumns columns_;
  StatementSelection selection_;
  std::map<std::string, std::string> known_;  // queryid -> text for the label; "" for our own statements
  std::size_t own_ = 0;
  std::set<StatementSelection::Key> shown_;
  TimestampMs texts_due_ms_ = 0;
};

}  // namespace trimtab::postgresql
