// SPDX-License-Identifier: Apache-2.0
#include "report/sample_testlib.h"

#include <cmath>
#include <limits>
#include <utility>

namespace trimtab::report {
namespace {

constexpr TimestampMs kAt = 1795258320000;  // 2026-11-21T10:52:00Z
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Shape {
  double usual = 1;
  double swing = 0.15;  // of the usual, over a day
  double noise = 0.06;  // of the usual
  double now = 3;
  TimestampMs since = kAt;
  std::size_t gap_from = 0;  // points without data
  std::size_t gap_to = 0;
};

// A day in 120 points: a daily wave with noise, then the unusual part.
std::vector<double> day_of(const Shape& shape, std::uint32_t seed) {
  std::vector<double> points;
  const TimestampMs from = kAt - kDayMs;
  for (std::size_t i = 0; i < 120; ++i) {
    seed = seed * 1664525u + 1013904223u;
    const double noise = static_cast<double>(seed >> 8) / static_cast<double>(1u << 24) - 0.5;
    const TimestampMs t = from + static_cast<TimestampMs>(2 * i + 1) * kDayMs / 240;
    const double wave = std::sin(static_cast<double>(i) / 120 * 6.283185307179586);
    const double level = t >= shape.since ? shape.now : shape.usual * (1 + shape.swing * wave);
    const bool gap = i >= shape.gap_from && i < shape.gap_to;
    points.push_back(gap ? kNaN : level * (1 + 2 * shape.noise * noise));
  }
  return points;
}

Evidence evidence_of(Labels series, const std::string& aspect, const std::string& unit, const Shape& shape,
                     double effect) {
  Evidence e;
  e.series = std::move(series);
  e.expression = "rate";
  e.domain = "service";
  e.aspect = aspect;
  e.unit = unit;
  e.worse = WorseDirection::kUp;
  e.method = "seasonal_residual";
  e.statistic = "z = 9.1 against the same hour of 6 days";
  e.window = {shape.since, kAt};
  e.compared_with = {kAt - 6 * kDayMs, shape.since};
  e.usual = shape.usual;
  e.usual_low = shape.usual * (1 - shape.swing - shape.noise);
  e.usual_high = shape.usual * (1 + shape.swing + shape.noise);
  e.now = shape.now;
  e.effect = effect;
  e.score = 0.9997;
  e.sparkline = day_of(shape, static_cast<std::uint32_t>(aspect.size() * 7919 + e.series.size()));
  e.sparkline_range = {kAt - kDayMs, kAt};
  return e;
}

Finding base_finding(std::int64_t id, FindingKind kind, EntityRef entity, const std::string& title,
                     TimestampMs since, double harm) {
  Finding f;
  f.id = id;
  f.kind = kind;
  f.entity = std::move(entity);
  f.fingerprint = std::string(f.entity.to_string()) + "#" + std::to_string(id);
  f.title = title;
  f.since_ms = since;
  f.last_seen_ms = kAt;
  f.harm = harm;
  return f;
}

const Estate& sample_estate() {
  static const Estate estate = Estate::load_text(R"(
entities:
  service/checkout: {owner: team-pay, tier: 1, domain: shop, calls: [service/payment-db]}
  service/payment-db: {owner: team-data, tier: 2, domain: shop}
  service/search: {owner: team-find, tier: 3, domain: shop}
  host/db-1: {owner: team-data, tier: 1}
)",
                                                 "sample.yaml")
                                   .value();
  return estate;
}

BriefInput base_input() {
  BriefInput input;
  input.at_ms = kAt;
  input.since_ms = kAt - kDayMs;
  input.pass.id = 41;
  input.pass.at_ms = kAt;
  input.pass.took_ms = 840;
  input.pass.history_ms = 14 * kDayMs;
  input.estate = &sample_estate();
  return input;
}

Finding checkout_latency() {
  const TimestampMs since = kAt - 131 * kMinuteMs;
  Finding f = base_finding(118, FindingKind::kLatency, {"service", "checkout"},
                           "Latency of checkout is 3.1 times its usual", since, 0.82);
  f.owner = "team-pay";
  f.tier = 1;
  f.harm_reason = "4.2 % of requests take longer than 1 s, a tier 1 service";
  f.sure = Sureness::kHigh;
  f.evidence.push_back(evidence_of(
      {{"__name__", "http_server_request_duration_seconds"}, {"service", "checkout"}, {"quantile", "0.95"}},
      "latency", "seconds", {.usual = 0.4, .now = 1.24, .since = since, .gap_from = 38, .gap_to = 45}, 12.4));
  f.evidence[0].expression = "value";
  f.evidence.push_back(evidence_of(
      {{"__name__", "http_server_requests_total"}, {"service", "checkout"}, {"code", "503"}}, "errors",
      "req/s", {.usual = 0.2, .swing = 0.3, .noise = 0.2, .now = 4.1, .since = since}, 9.1));
  f.related = {{"service", "payment-db"}, {"host", "node-3"}};
  f.events = {3};
  return f;
}

Finding database_level() {
  const TimestampMs since = kAt - 140 * kMinuteMs;
  Finding f = base_finding(117, FindingKind::kLevelShift, {"service", "payment-db"},
                           "Read time of payment-db rose to a new level", since, 0.35);
  f.owner = "team-data";
  f.tier = 2;
  f.harm_reason = "checkout depends on it";
  f.evidence.push_back(evidence_of(
      {{"__name__", "pg_stat_database_blk_read_time"}, {"service", "payment-db"}, {"datname", "orders"}},
      "latency", "seconds", {.usual = 0.012, .now = 0.0205, .since = since}, 6.2));
  f.evidence[0].method = "level_shift";
  f.evidence[0].statistic = "step of +71 %, p < 1e-6";
  f.related = {{"service", "checkout"}};
  return f;
}

Finding host_memory() {
  const TimestampMs since = kAt - 5 * kHourMs;
  Finding f = base_finding(112, FindingKind::kTrend, {"host", "node-3"},
                           "Memory in use on node-3 grows without pause", since, 0.1);
  f.sure = Sureness::kLow;
  f.state = FindingState::kAcknowledged;
  f.state_by = "ann";
  f.state_reason = "known leak, fix is in review";
  f.state_until_ms = kAt + 8 * kHourMs;
  Shape shape{.usual = 9.1e9, .swing = 0.02, .noise = 0.01, .now = 1.3e10, .since = since};
  f.evidence.push_back(evidence_of({{"__name__", "node_memory_Active_bytes"}, {"instance", "node-3:9100"}},
                                   "utilisation", "bytes", shape, 4.0));
  f.evidence[0].expression = "value";
  f.evidence[0].domain = "infrastructure";
  f.evidence[0].method = "trend";
  f.evidence[0].statistic = "slope 0.71 GiB/h, Mann-Kendall p = 0.003";
  for (std::size_t i = 95; i < 120; ++i)
    f.evidence[0].sparkline[i] = 9.1e9 + static_cast<double>(i - 95) * 1.8e8;
  return f;
}

Finding disk_full() {
  const TimestampMs since = kAt - 3 * kDayMs;
  Finding f = base_finding(109, FindingKind::kExhaustion, {"host", "db-1"},
                           "Disk /var/lib/postgresql of db-1 fills", since, 0.3);
  f.owner = "team-data";
  f.tier = 1;
  f.harm_reason = "its database stops when the disk is full";
  f.sure = Sureness::kHigh;
  Shape shape{.usual = 0.71, .swing = 0, .noise = 0.002, .now = 0.78, .since = kAt - 12 * kHourMs};
  f.evidence.push_back(evidence_of({{"__name__", "node_filesystem_used_ratio"},
                                    {"instance", "db-1:9100"},
                                    {"mountpoint", "/var/lib/postgresql"}},
                                   "saturation", "ratio", shape, 5.5));
  f.evidence[0].expression =
      "1 - node_filesystem_avail_bytes{instance=\"db-1:9100\"} / node_filesystem_size_bytes";
  f.evidence[0].domain = "infrastructure";
  f.evidence[0].method = "exhaustion";
  f.evidence[0].statistic = "slope +2.4 points per day over 6 days";
  for (std::size_t i = 0; i < 120; ++i) f.evidence[0].sparkline[i] = 0.756 + static_cast<double>(i) * 0.0002;
  f.exhaustion = Exhaustion{.limit = 1,
                            .limit_source = "node_filesystem_size_bytes",
                            .probability = 0.87,
                            .horizon_ms = 30 * kDayMs,
                            .expected_ms = kAt + 9 * kDayMs,
                            .earliest_ms = kAt + 6 * kDayMs,
                            .latest_ms = kAt + 13 * kDayMs};
  return f;
}

Finding ended_traffic() {
  Finding f = base_finding(101, FindingKind::kTraffic, {"service", "search"},
                           "Traffic of search fell to a quarter of its usual", kAt - 20 * kHourMs, 0.4);
  f.state = FindingState::kResolved;
  f.ended_ms = kAt - 20 * kHourMs + 49 * kMinuteMs;
  f.owner = "team-find";
  Shape shape{.usual = 210, .now = 52, .since = kAt - 20 * kHourMs};
  f.evidence.push_back(evidence_of({{"__name__", "http_server_requests_total"}, {"service", "search"}},
                                   "traffic", "req/s", shape, -7.0));
  return f;
}

Coverage partial_coverage() {
  Coverage c;
  c.series_known = 312;
  c.series_watched = 274;
  c.series_constant = 61;
  c.series_too_short = 29;
  c.series_stale = 6;
  c.series_too_sparse = 3;
  c.series_without_catalogue = 18;
  c.samples_read = 5523840;
  c.examples = {{"http_server_requests_total{service=\"loyalty\"}", Unjudged::kTooShort,
                 "38 minutes of history; needs 2 hours"},
                {"batch_last_success_seconds{job=\"nightly\"}", Unjudged::kTooSparse, "4 samples in 14 days"},
                {"up{instance=\"old-7:9100\"}", Unjudged::kStale, "last sample 2 days ago"}};
  return c;
}

std::vector<ObjectiveStatus> objectives() {
  ObjectiveStatus met{.name = "availability",
                      .entity = {"service", "search"},
                      .target = 0.999,
                      .window_ms = 30 * kDayMs,
                      .state = ObjectiveState::kMet,
                      .events = 48'211'000,
                      .bad_share = 0.00042,
                      .budget_left = 0.58,
                      .burn = 0.31,
                      .burn_over_ms = kHourMs};
  ObjectiveStatus burning = met;
  burning.name = "answers within 500 ms";
  burning.entity = {"service", "checkout"};
  burning.target = 0.99;
  burning.state = ObjectiveState::kBurningFast;
  burning.bad_share = 0.0047;
  burning.budget_left = 0.53;
  burning.burn = 18.2;
  burning.exhausted_ms = kAt + 21 * kHourMs;
  burning.earliest_ms = kAt + 19 * kHourMs;
  burning.latest_ms = kAt + 23 * kHourMs;
  ObjectiveStatus unknown{.name = "freshness",
                          .entity = {"data_pipeline", "nightly"},
                          .target = 0.95,
                          .window_ms = 7 * kDayMs,
                          .problem = "no events in its window"};
  return {met, burning, unknown};
}

}  // namespace

BriefInput healthy_sample() {
  BriefInput input = base_input();
  input.findings = {ended_traffic()};
  input.pass.coverage.series_known = 312;
  input.pass.coverage.series_watched = 312;
  input.pass.coverage.series_constant = 61;
  return input;
}

BriefInput mixed_sample() {
  BriefInput input = base_input();
  input.findings = {host_memory(), disk_full(), database_level(), ended_traffic(), checkout_latency()};
  Event deploy;
  deploy.id = 3;
  deploy.at_ms = kAt - 135 * kMinuteMs;
  deploy.kind = "deploy";
  deploy.title = "checkout 1.4.2";
  deploy.author = "ann";
  deploy.entity = EntityRef{"service", "checkout"};
  Event note;
  note.id = 2;
  note.at_ms = kAt - 15 * kHourMs;
  note.kind = "config";
  note.title = "connection pool of payment-db from 50 to 80";
  note.author = "bo";
  input.events = {note, deploy};
  input.pass.objectives = objectives();
  input.pass.coverage = partial_coverage();
  input.notices = {"1 scrape target has not answered since 2026-11-21 09:12 UTC: old-7:9100."};
  return input;
}

BriefInput not_enough_sample() {
  BriefInput input = base_input();
  input.pass.coverage = partial_coverage();
  input.pass.coverage.series_watched = 40;
  input.pass.coverage.series_constant = 12;
  input.pass.coverage.series_too_short = 263;
  return input;
}

BriefInput no_data_sample() {
  BriefInput input = base_input();
  input.pass = {};
  return input;
}

BriefInput hostile_sample(const std::string& foreign) {
  BriefInput input = mixed_sample();
  for (Finding& f : input.findings) {
    f.entity = {foreign, foreign};
    f.owner = f.title = f.harm_reason = f.state_by = f.state_reason = f.fingerprint = foreign;
    f.related = {{foreign, foreign}};
    for (Evidence& e : f.evidence) {
      e.series = Labels{{"__name__", foreign}, {foreign, foreign}};
      e.expression = e.domain = e.unit = e.method = e.statistic = foreign;
    }
    if (f.exhaustion) f.exhaustion->limit_source = foreign;
  }
  for (Event& e : input.events) {
    e.kind = e.title = e.text = e.author = e.key = foreign;
    e.entity = EntityRef{foreign, foreign};
    e.labels = Labels{{foreign, foreign}};
  }
  for (Coverage::Example& e : input.pass.coverage.examples) e.series = e.detail = foreign;
  input.pass.coverage.errors = {foreign};
  input.notices = {foreign};
  return input;
}

}  // namespace trimtab::report
