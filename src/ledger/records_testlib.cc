// SPDX-License-Identifier: Apache-2.0
#include <limits>

#include "ledger/ledger_testlib.h"

namespace trimtab {

Finding full_finding(const std::string& fingerprint) {
  Evidence evidence;
  evidence.series = Labels{{"__name__", "petshop_latency_seconds"}, {"microservice", "a \"quoted\" \\ name"}};
  evidence.expression = "value";
  evidence.domain = "service";
  evidence.aspect = "latency";
  evidence.unit = "seconds";
  evidence.worse = WorseDirection::kUp;
  evidence.method = "seasonal_residual";
  evidence.statistic = "z = 9.1 against the same hour of 6 days";
  evidence.window = {kTestStart - kHourMs, kTestStart};
  evidence.compared_with = {kTestStart - kDayMs, kTestStart - kHourMs};
  evidence.usual = 0.1;
  evidence.usual_low = 0.05;
  evidence.usual_high = 0.15;
  evidence.now = 0.31;
  evidence.effect = 9.1;
  evidence.score = 0.999;
  evidence.sparkline = {0.1, std::numeric_limits<double>::quiet_NaN(), 0.3};
  evidence.sparkline_range = {kTestStart - kHourMs, kTestStart};

  Finding finding;
  finding.fingerprint = fingerprint;
  finding.kind = FindingKind::kLatency;
  finding.entity = {"service", "checkout"};
  finding.owner = "payments";
  finding.tier = 1;
  finding.title = "Latency of checkout is 3.1 times its usual";
  finding.since_ms = kTestStart - kHourMs;
  finding.last_seen_ms = kTestStart;
  finding.harm = 0.7;
  finding.harm_reason = "a tier 1 service";
  finding.sure = Sureness::kHigh;
  finding.evidence.push_back(evidence);
  Exhaustion exhaustion;
  exhaustion.limit = 1;
  exhaustion.limit_source = "catalogue: ratio 1";
  exhaustion.probability = 0.8;
  exhaustion.horizon_ms = 30 * kDayMs;
  exhaustion.expected_ms = kTestStart + kDayMs;
  exhaustion.earliest_ms = kTestStart + kHourMs;
  finding.exhaustion = exhaustion;
  finding.related = {{"service", "orders"}, {"database", "orders@db-1"}};
  finding.events = {3, 5};
  return finding;
}

AnalysisPass pass_at(TimestampMs at) {
  AnalysisPass pass;
  pass.at_ms = at;
  pass.started_ms = at + 5;
  pass.took_ms = 120;
  pass.history_ms = 14 * kDayMs;
  pass.coverage.series_known = 10;
  pass.coverage.series_watched = 7;
  pass.coverage.examples.push_back({"up{}", Unjudged::kTooShort, "38 minutes of history; needs 2 hours"});
  pass.coverage.errors.push_back("chunk 7 is corrupt");
  ObjectiveStatus objective;
  objective.name = "availability";
  objective.entity = {"service", "checkout"};
  objective.target = 0.999;
  objective.window_ms = 30 * kDayMs;
  objective.state = ObjectiveState::kBurning;
  objective.events = 12'000;
  objective.bad_share = 0.0004;
  objective.budget_left = 0.6;
  objective.burn = 3.5;
  objective.burn_over_ms = kDayMs;
  objective.exhausted_ms = at + 5 * kDayMs;
  objective.earliest_ms = at + 4 * kDayMs;
  objective.latest_ms = at + 7 * kDayMs;
  pass.objectives.push_back(objective);
  return pass;
}

}  // namespace trimtab
