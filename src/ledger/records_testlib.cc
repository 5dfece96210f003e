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

Recommendation full_recommendation(const std::string& fingerprint) {
  Recommendation out;
  out.fingerprint = fingerprint;
  out.advisor = "postgresql.index";
  out.entity = {"table", "public.orders@db-1"};
  out.owner = "payments";
  out.tier = 1;
  out.title = "Create an index on orders (customer_id, placed_at)";
  out.why = "412 ms a call, 99 % of it reading rows that are thrown away";
  out.evidence.push_back({"mean time", "412 ms over 1,208 calls", "pg_stat_statements, 10:02 to 10:05"});
  out.findings = {118};
  out.action.type = "postgresql.create_index";
  out.action.target = "postgresql/main";
  out.action.parameters = {{"table", "or\"ders; drop table x; --"}, {"keys", "+customer_id\n-placed_at"}};
  out.action.apply = "CREATE INDEX CONCURRENTLY ...";
  out.action.undo = "DROP INDEX CONCURRENTLY ...";
  out.expected = {"mean time of the query", -0.95, -0.85};
  out.benefit_seconds_per_day = 1234.5;
  out.benefit_money_per_month = 12;
  out.cost = "210 MB on disk";
  out.risk = Risk::kMedium;
  out.risk_reason = "writes get slower";
  out.verify.target = {"mean time", "rate(a[{{.step}}])", "seconds", WorseDirection::kUp};
  out.verify.control = "rate(b[{{.step}}])";
  out.verify.guards.push_back(
      {{"insert time", "rate(c[{{.step}}])", "seconds", WorseDirection::kUp}, 0.1, 0.01});
  out.verify.settle_ms = 2 * kMinuteMs;
  out.verify.alpha = 0.01;
  out.conflicts = {"another"};
  out.after = {"first"};
  out.expires_ms = kTestStart + 7 * kDayMs;
  return out;
}

Change full_change(std::int64_t recommendation) {
  const Recommendation from = full_recommendation("f");
  Change out;
  out.recommendation = recommendation;
  out.entity = from.entity;
  out.owner = from.owner;
  out.title = from.title;
  out.action = from.action;
  out.expected = from.expected;
  out.verify = from.verify;
  out.risk = from.risk;
  out.undoing = true;
  out.undo_reason = "guard: insert time +31 % (at most +5 %)";
  out.undo_state = "{\"earlier\":\"64MB\"}";
  out.approved_by = "ada";
  out.found_ms = kTestStart - kHourMs;
  out.created_ms = kTestStart;
  out.applied_ms = kTestStart + 1;
  out.attempts = 2;
  out.retry_at_ms = kTestStart + 9;
  out.waits_for = "maintenance window of Sunday 02:00";
  out.error = "away";
  out.verdict.decision = Decision::kRolledBack;
  out.verdict.metric = "mean time";
  out.verdict.before = 0.4;
  out.verdict.after = std::numeric_limits<double>::quiet_NaN();
  out.verdict.looks = 7;
  out.verdict.guards.push_back({"insert time", 0.31, 0.2, 0.4, true});
  out.rechecks.push_back({kTestStart + kDayMs, kTestStart + kDayMs, -0.9, -0.95, -0.8, true, "gone"});
  out.steps.push_back({kTestStart, ChangeState::kProposed, ChangeState::kApproved, "ada", "looks right"});
  return out;
}

}  // namespace trimtab
