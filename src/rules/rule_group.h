// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ledger/ledger.h"
#include "query/querier.h"
#include "rules/alert.h"
#include "rules/rule_file.h"
#include "store/store.h"

namespace trimtab {

// What groups work with. Outlives them; thread-safe.
struct RuleServices {
  promql::Querier& querier;
  Store& store;
  Ledger& ledger;
  const Clock& clock;
  Metrics& metrics;
  Logger& logger;
  Labels external_labels;        // for {{ $externalLabels.NAME }}
  promql::QueryOptions options;  // limits of one rule's query
};

// How the last evaluation of a rule went.
struct RuleHealth {
  enum class Word { kUnknown, kOk, kBad };
  Word word = Word::kUnknown;
  std::string last_error;
  TimestampMs last_evaluation_ms = 0;
  double seconds = 0;
};

// One group of rules at work. Externally locked.
class RunningGroup {
 public:
  RunningGroup(RuleGroup group, DurationMs interval_ms, const RuleServices& services);

  // Evaluates every rule in order as of `at`: results and stale markers are in the store when it returns,
  // alert states in the ledger when they changed. A rule that fails is counted, its error shown, and the next
  // one goes on. `cancelled` ends it early.
  void evaluate(TimestampMs at, const std::atomic<bool>* cancelled);

  // Alert states from the ledger, as of `now`.
  void restore(TimestampMs now);
  // Takes over alerts and what was written from the group's former definition, rule by rule (name and
  // labels).
  void take_over(RunningGroup& former);
  // Writes stale markers for everything this group wrote and did not hand over: it will not be evaluated
  // again.
  void retire(TimestampMs at);

  // Evaluation moments are offset + n * interval; the offset follows from file and name.
  TimestampMs moment_at_or_before(TimestampMs time) const;

  struct RunningRule {
    Rule rule;
    std::unique_ptr<promql::PreparedQuery> query;
    Alerts alerts;
    RuleHealth health;
    std::map<Labels, SeriesId> written;  // by the last good evaluation
  };
  const RuleGroup& group() const { return group_; }
  const std::vector<RunningRule>& rules() const { return rules_; }
  DurationMs interval_ms() const { return interval_ms_; }
  TimestampMs last_evaluation_ms() const { return last_evaluation_ms_; }
  double seconds() const { return seconds_; }
  void count_missed(std::int64_t count) { missed_.add(static_cast<double>(count)); }

 private:
  struct Output {
    Labels labels;
    double value = 0;
  };
  Status evaluate_rule(RunningRule& rule, TimestampMs at, const std::atomic<bool>* cancelled);
  Result<std::vector<Output>> recorded(const Rule& rule, const promql::Answer& answer) const;
  Result<std::vector<Alert>> found_alerts(const Rule& rule, const promql::Answer& answer) const;
  Status write(RunningRule& rule, std::vector<Output> outputs, TimestampMs at);
  // The number of samples the store refused because their series is gone.
  Result<std::uint64_t> append(RunningRule& rule, const std::vector<Output>& outputs, TimestampMs at);
  void save(TimestampMs at);
  std::string state_key() const;

  const RuleGroup group_;  // its rules moved to rules_
  const DurationMs interval_ms_;
  const RuleServices& services_;
  std::vector<RunningRule> rules_;
  TimestampMs last_evaluation_ms_ = 0;
  double seconds_ = 0;
  bool alerts_changed_ = false;
  Counter& iterations_;
  Counter& missed_;
  Counter& evaluations_;
  Counter& failures_;
  Gauge& duration_gauge_;
  Gauge& samples_gauge_;
  Gauge& last_gauge_;
  std::uint64_t samples_ = 0;  // of the evaluation under way
};

}  // namespace trimtab
