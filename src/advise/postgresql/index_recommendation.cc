// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/index_recommendation.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "advise/postgresql/query_metrics.h"
#include "base/format.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::IndexSpec;

namespace {

constexpr double kGibibyte = 1ULL << 30;
constexpr double kLargeTableBytes = 10 * kGibibyte;
constexpr double kCallsPerStep = 10;
// What a guarded statement may lose a call, in seconds, without being harmed: this share of what the index
// saves, spread over its calls, within these bounds.
constexpr double kSavedShareTolerated = 0.1;
constexpr double kLossMin = 10e-6;
constexpr double kLossMax = 1e-3;
constexpr std::size_t kTextShownMax = 400;

// "orders (customer_id, placed_at desc)".
std::string short_name(const IndexSpec& spec) {
  std::string keys;
  for (const IndexSpec::Key& key : spec.keys) {
    if (!keys.empty()) keys += ", ";
    keys += key.column + (key.descending ? " desc" : "");
  }
  std::string out =
      fmt::format("{}{} ({})", spec.schema == "public" ? "" : spec.schema + ".", spec.table, keys);
  if (!spec.include.empty()) out += fmt::format(" include ({})", fmt::join(spec.include, ", "));
  if (!spec.where.empty()) out += " where " + spec.where;
  return out;
}

std::string shortened(const std::string& text) {
  if (text.size() <= kTextShownMax) return text;
  std::size_t end = kTextShownMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string fingerprint_of(const IndexSpec& spec, const AdvisedDatabase& where) {
  return fmt::format("postgresql.create_index|{}|{}|{}", where.target, where.database,
                     trimtab::postgresql::create_index_statement(spec));
}

class Writer {
 public:
  Writer(const IndexStudy& study, std::size_t index, const AdvisedDatabase& where)
      : study_(study),
        index_(study.indexes[index]),
        where_(where),
        series_{where.instance, where.database},
        top_(study.workload.queries[index_.helped.front().query]) {}

  Recommendation write() {
    Recommendation& out = out_;
    out.fingerprint = fingerprint_of(index_.spec, where_);
    out.title = "Create an index on " + short_name(index_.spec);
    out.action = {.type = "postgresql.create_index",
                  .target = where_.target,
                  .parameters = named_spec().to_parameters(),
                  .apply = trimtab::postgresql::create_index_statement(named_spec()),
                  .undo = trimtab::postgresql::drop_index_statement(index_.spec.schema, named_spec().name)};
    const HelpedQuery& top = index_.helped.front();
    out.why = fmt::format(
        "{} statement{} of the load search {} without a fitting index; the planner expects the "
        "dearest of them to cost {} of what it does now.",
        index_.helped.size(), index_.helped.size() == 1 ? "" : "s", index_.spec.table,
        format_with_unit(top.cost_ratio, "ratio"));
    if (index_.helped.size() == 1) {
      out.why = fmt::format(
          "A statement of the load searches {} without a fitting index; the planner expects it "
          "to cost {} of what it does now.",
          index_.spec.table, format_with_unit(top.cost_ratio, "ratio"));
    }
    out.expected = expected_effect(top.cost_ratio, top_.mean_seconds());
    const double net = std::max(0.0, index_.saved_seconds_per_second - index_.write_seconds_per_second);
    out.benefit_seconds_per_day = net * 86400;
    tell_evidence();
    tell_cost_and_risk();
    plan_verification();
    for (const std::size_t other : index_.needs)
      out.after.push_back(fingerprint_of(study_.indexes[other].spec, where_));
    judge_evidence();
    return std::move(out_);
  }

 private:
  IndexSpec named_spec() const {
    IndexSpec spec = index_.spec;
    if (spec.name.empty()) spec.name = spec.default_name();
    return spec;
  }

  std::string source() const {
    return fmt::format("pg_stat_statements, {} {}",
                       study_.workload.since_reset ? "since it was reset," : "the last",
                       format_duration_human(study_.workload.window_ms));
  }

  void tell_evidence() {
    out_.evidence.push_back({"most helped statement", shortened(top_.text), "queryid " + top_.id});
    out_.evidence.push_back({"its mean time",
                             fmt::format("{} over {} calls", format_with_unit(top_.mean_seconds(), "seconds"),
                                         format_number(top_.calls)),
                             source()});
    const StudiedQuery& studied = study_.queries[index_.helped.front().query];
    out_.evidence.push_back(
        {"its estimated cost",
         fmt::format("{} now, {} with the index", format_number(studied.cost_before),
                     format_number(studied.cost_before * index_.helped.front().cost_ratio)),
         "EXPLAIN of the generic plan, hypothetical index by HypoPG"});
    out_.evidence.push_back(
        {"statements helped", std::to_string(index_.helped.size()), "the same, over the load"});
    const TableFacts& facts = study_.tables.at({index_.spec.schema, index_.spec.table});
    out_.evidence.push_back({"the table",
                             fmt::format("{} rows, {}, {} indexes", format_number(facts.rows),
                                         format_bytes(facts.bytes), facts.indexes.size()),
                             "pg_class, pg_index"});
    std::size_t skipped = 0;
    for (const StudiedQuery& query : study_.queries) skipped += query.skipped.empty() ? 0 : 1;
    out_.evidence.push_back(
        {"how far it was looked",
         fmt::format("{} of {} statements planned, {} of the load's time; {} candidates, {} what-if plans{}",
                     study_.queries.size() - skipped, study_.queries.size(),
                     format_with_unit(study_.workload.covered_share, "ratio"), study_.candidates,
                     study_.calls, study_.calls_exhausted ? " (all that are allowed)" : ""),
         "this pass"});
  }

  std::vector<std::size_t> writing() const {
    std::vector<std::size_t> out;
    const auto found = study_.writes.find({index_.spec.schema, index_.spec.table});
    if (found == study_.writes.end()) return out;
    for (const WriteStatement& write : found->second) out.push_back(write.query);
    return out;
  }

  void tell_cost_and_risk() {
    const double writes = index_.write_seconds_per_second;
    out_.cost = fmt::format("about {} on disk", format_bytes(index_.bytes));
    if (writes > 0) {
      out_.cost += fmt::format(", {} of writing a day", format_with_unit(writes * 86400, "seconds"));
    }
    const TableFacts& facts = study_.tables.at({index_.spec.schema, index_.spec.table});
    const double write_share =
        index_.saved_seconds_per_second > 0 ? writes / index_.saved_seconds_per_second : 1;
    if (facts.bytes > kLargeTableBytes || write_share > 0.2) {
      out_.risk = Risk::kMedium;
      out_.risk_reason = facts.bytes > kLargeTableBytes ? "the table is large: building reads all of it twice"
                                                        : "the table is written to often";
    } else {
      out_.risk_reason = "built without blocking writes; dropping it restores what was";
    }
    std::vector<std::string> dearer;
    for (std::size_t i = 0; i < study_.queries.size(); ++i) {
      const StudiedQuery& query = study_.queries[i];
      if (query.cost_after > 1.1 * query.cost_before) dearer.push_back(study_.workload.queries[i].id);
    }
    if (!dearer.empty()) {
      out_.risk = Risk::kMedium;
      out_.risk_reason +=
          fmt::format("; the planner expects these to become dearer: queryid {}", fmt::join(dearer, ", "));
    }
  }

  // Seconds a call that statements with so many calls in the window may lose.
  double tolerated_loss(double calls) const {
    const double per_second = study_.workload.per_second(calls);
    if (per_second <= 0) return kLossMin;
    return std::clamp(kSavedShareTolerated * index_.saved_seconds_per_second / per_second, kLossMin,
                      kLossMax);
  }

  void plan_verification() {
    VerifyPlan& verify = out_.verify;
    verify.target = {.title = "mean time of the most helped statement",
                     .expression = mean_time_expression(series_, {top_.id}),
                     .unit = "seconds",
                     .worse = WorseDirection::kUp};
    out_.expected.metric = verify.target.expression;
    verify.minimum_effect = 0.1;
    verify.maximum_harm = 0.2;
    // A step must see some calls, or its mean is noise.
    const double calls_per_second = study_.workload.per_second(top_.calls);
    const double step_seconds = calls_per_second > 0 ? kCallsPerStep / calls_per_second : 600;
    verify.step_ms = static_cast<DurationMs>(std::ceil(std::clamp(step_seconds, 15.0, 600.0))) * kSecondMs;
    verify.observe_min_ms = std::max<DurationMs>(kMinuteMs, 4 * verify.step_ms);
    verify.before_ms = std::max<DurationMs>(15 * kMinuteMs, 40 * verify.step_ms);

    std::set<std::size_t> touched;
    std::vector<std::string> write_ids;
    double write_calls = 0;
    for (const std::size_t query : writing()) {
      if (!touched.insert(query).second) continue;
      write_ids.push_back(study_.workload.queries[query].id);
      write_calls += study_.workload.queries[query].calls;
    }
    if (!write_ids.empty()) {
      verify.guards.push_back(
          {.measure = {.title = fmt::format("mean time of writes to {}", index_.spec.table),
                       .expression = mean_time_expression(series_, write_ids),
                       .unit = "seconds",
                       .worse = WorseDirection::kUp},
           .harm_max = 0.2,
           .harm_min_absolute = tolerated_loss(write_calls)});
    }
    // All statements on the table may gain or lose; those elsewhere only stand by.
    std::vector<std::string> on_table = write_ids;
    std::vector<std::string> elsewhere;
    for (std::size_t i = 0; i < study_.queries.size(); ++i) {
      const bool on = std::ranges::any_of(study_.queries[i].uses, [&](const TableUse& use) {
        return use.table == TableName{index_.spec.schema, index_.spec.table};
      });
      if (on && touched.insert(i).second) on_table.push_back(study_.workload.queries[i].id);
      if (!on && !touched.contains(i) && study_.queries[i].skipped.empty()) {
        elsewhere.push_back(study_.workload.queries[i].id);
      }
    }
    std::vector<std::string> others;
    std::set<std::string> helped;
    for (const HelpedQuery& query : index_.helped) helped.insert(study_.workload.queries[query.query].id);
    for (const std::string& id : on_table) {
      if (!helped.contains(id) && std::ranges::find(write_ids, id) == write_ids.end()) others.push_back(id);
    }
    double other_calls = 0;
    for (const WorkloadQuery& query : study_.workload.queries) {
      if (std::ranges::find(others, query.id) != others.end()) other_calls += query.calls;
    }
    if (!others.empty()) {
      verify.guards.push_back(
          {.measure = {.title = fmt::format("mean time of other statements on {}", index_.spec.table),
                       .expression = mean_time_expression(series_, others),
                       .unit = "seconds",
                       .worse = WorseDirection::kUp},
           .harm_max = 0.3,
           .harm_min_absolute = std::max(100e-6, tolerated_loss(other_calls))});
    }
    if (!elsewhere.empty()) verify.control = mean_time_expression(series_, elsewhere);
  }

  void judge_evidence() {
    if (top_.calls >= kCallsMin) return;
    out_.state = RecommendationState::kNotEnoughData;
    const double minutes = static_cast<double>(study_.workload.window_ms) / kMinuteMs;
    const double more = (kCallsMin - top_.calls) * minutes / std::max(1.0, top_.calls);
    out_.needs =
        fmt::format("{} more minutes of load: {} calls of the most helped statement were seen, {} are needed",
                    std::max(1.0, std::ceil(more)), format_number(top_.calls), kCallsMin);
  }

  const IndexStudy& study_;
  const ProposedIndex& index_;
  const AdvisedDatabase& where_;
  QuerySeries series_;
  const WorkloadQuery& top_;
  Recommendation out_;
};

}  // namespace

ExpectedEffect expected_effect(double cost_ratio, double mean_seconds) {
  const double floor = mean_seconds > 0 ? std::min(1.0, kStatementSecondsMin / mean_seconds) : 0;
  const double ratio = std::clamp(cost_ratio, 1e-9, 1.0);
  ExpectedEffect out;
  out.low = std::max(std::pow(ratio, 1.5), floor) - 1;
  out.high = std::max(std::sqrt(ratio), floor) - 1;
  return out;
}

Recommendation index_recommendation(const IndexStudy& study, std::size_t index,
                                    const AdvisedDatabase& where) {
  return Writer(study, index, where).write();
}

}  // namespace trimtab::advise::postgresql
