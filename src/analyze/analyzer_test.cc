// SPDX-License-Identifier: Apache-2.0
#include "analyze/analyzer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

#include "analyze/fake_store_testlib.h"
#include "analyze/synthetic_testlib.h"

namespace trimtab {
namespace {

constexpr TimestampMs kNow = 1'795'255'200'000;

class AnalyzerTest : public ::testing::Test {
 protected:
  AnalysisResult run(const Estate& estate = {}, AnalysisOptions options = {}) {
    const auto querier = promql::Querier::local(store_);
    Analyzer analyzer(store_, *querier, catalog_, estate, clock_, metrics_, *logger_);
    Result<AnalysisResult> result = analyzer.run(kNow, options);
    EXPECT_TRUE(result.has_value()) << result.error().message();
    return std::move(*result);
  }

  static std::vector<double> noise(double centre, double spread, std::size_t count, unsigned seed) {
    std::mt19937_64 random(seed);
    std::normal_distribution<double> normal(centre, spread);
    std::vector<double> out(count);
    for (double& value : out) value = normal(random);
    return out;
  }
  void add_service(const std::string& metric, const std::string& service, std::vector<double> values) {
    store_.add({{"__name__", metric}, {"service", service}}, kNow, kMinuteMs, values);
  }
  static std::vector<double> raised(std::vector<double> values, std::size_t last, double by) {
    for (std::size_t i = values.size() - last; i < values.size(); ++i) values[i] += by;
    return values;
  }

  analyze::FakeStore store_;
  Catalog catalog_ = Catalog::load({}).value();
  const Estate no_estate_;
  FakeClock clock_{kNow};
  Metrics metrics_;
  std::unique_ptr<Logger> logger_ = create_null_logger();
};

TEST_F(AnalyzerTest, quiet_series_give_no_findings_and_full_coverage) {
  for (unsigned i = 0; i < 20; ++i) {
    add_service("request_latency_seconds", "s" + std::to_string(i), noise(0.1, 0.01, 2880, i));
  }
  const AnalysisResult result = run();
  EXPECT_TRUE(result.findings.empty()) << result.findings[0].title;
  EXPECT_EQ(result.pass.coverage.series_known, 20u);
  EXPECT_EQ(result.pass.coverage.series_watched, 20u);
  EXPECT_EQ(result.pass.coverage.samples_read, 20u * 2880);
}

TEST_F(AnalyzerTest, what_the_catalogue_computes_by_promql_is_watched_like_a_series) {
  // Idle seconds of two cores: nearly all of each minute, in the last twenty a tenth.
  for (const char* cpu : {"0", "1"}) {
    std::vector<double> idle;
    double total = 0;
    const std::vector<double> share = noise(0.9, 0.01, 2880, 7);
    for (std::size_t i = 0; i < share.size(); ++i)
      idle.push_back(total += 60 * (i + 20 < share.size() ? share[i] : 0.1));
    store_.add(
        {{"__name__", "node_cpu_seconds_total"}, {"cpu", cpu}, {"instance", "web-1"}, {"mode", "idle"}}, kNow,
        kMinuteMs, idle);
  }
  const AnalysisResult result = run();
  EXPECT_EQ(result.pass.coverage.series_known, 3u);
  bool seen = false;
  for (const Finding& finding : result.findings) {
    EXPECT_EQ(finding.entity, (EntityRef{"host", "web-1"}));
    for (const Evidence& evidence : finding.evidence) {
      if (evidence.series.metric_name() != "host:cpu_busy:ratio") continue;
      seen = true;
      EXPECT_NEAR(evidence.usual, 0.1, 0.01);
      EXPECT_GT(evidence.now, 0.6);
      EXPECT_NE(evidence.expression.find("rate(node_cpu_seconds_total{mode=\"idle\"}[5m])"),
                std::string::npos);
    }
  }
  EXPECT_TRUE(seen);
}

TEST_F(AnalyzerTest, an_expression_that_fails_is_told_and_the_others_are_judged) {
  catalog_ = Catalog::load_text(
                 "metrics:\n  - {metric: 'a:b', title: t, domain: service, aspect: kpi, kind: gauge, entity: "
                 "{kind: service, labels: [service]}, expression: 'request_latency_seconds * on () "
                 "request_latency_seconds'}\n",
                 "own.yaml")
                 .value();
  add_service("request_latency_seconds", "one", noise(0.1, 0.01, 2880, 1));
  add_service("request_latency_seconds", "two", noise(0.1, 0.01, 2880, 2));
  const AnalysisResult result = run();
  EXPECT_EQ(result.pass.coverage.series_watched, 2u);
  ASSERT_EQ(result.pass.coverage.errors.size(), 1u);
  EXPECT_NE(result.pass.coverage.errors[0].find("own.yaml:2: a:b: "), std::string::npos)
      << result.pass.coverage.errors[0];
}

TEST_F(AnalyzerTest, a_latency_rise_is_found_with_usual_now_since_and_evidence) {
  for (unsigned i = 0; i < 10; ++i) {
    add_service("request_latency_seconds", "s" + std::to_string(i), noise(0.1, 0.01, 2880, i));
  }
  add_service("request_latency_seconds", "slow", raised(noise(0.1, 0.01, 2880, 99), 20, 0.2));
  const AnalysisResult result = run();
  ASSERT_EQ(result.findings.size(), 1u);
  const Finding& finding = result.findings[0];
  EXPECT_EQ(finding.kind, FindingKind::kLatency);
  EXPECT_EQ(finding.entity, (EntityRef{"service", "slow"}));
  EXPECT_EQ(finding.fingerprint.size(), 16u);
  EXPECT_NEAR(static_cast<double>(finding.since_ms), static_cast<double>(kNow - 20 * kMinuteMs),
              2.0 * kMinuteMs);
  ASSERT_FALSE(finding.evidence.empty());
  const Evidence& evidence = finding.evidence[0];
  EXPECT_NEAR(evidence.usual, 0.1, 0.002);
  EXPECT_NEAR(evidence.now, 0.3, 0.01);
  EXPECT_GT(evidence.effect, 15);
  EXPECT_GT(evidence.score, 0.99999);
  EXPECT_FALSE(evidence.sparkline.empty());
  EXPECT_LE(evidence.sparkline.size(), 120u);
}

TEST_F(AnalyzerTest, a_past_moment_does_not_see_what_came_later) {
  add_service("request_latency_seconds", "slow", raised(noise(0.1, 0.01, 2880, 99), 20, 0.2));
  const auto querier = promql::Querier::local(store_);
  Analyzer analyzer(store_, *querier, catalog_, no_estate_, clock_, metrics_, *logger_);
  EXPECT_TRUE(analyzer.run(kNow - 30 * kMinuteMs, {}).value().findings.empty());
}

TEST_F(AnalyzerTest, a_faster_service_is_no_finding) {
  add_service("request_latency_seconds", "fast", raised(noise(0.1, 0.01, 2880, 99), 20, -0.08));
  EXPECT_TRUE(run().findings.empty());
}

TEST_F(AnalyzerTest, short_and_ended_series_are_counted_and_told) {
  add_service("request_latency_seconds", "new", noise(0.1, 0.01, 38, 1));
  auto ended = noise(0.1, 0.01, 500, 1);
  store_.add({{"__name__", "request_latency_seconds"}, {"service", "gone"}}, kNow - kHourMs, kMinuteMs,
             ended);
  add_service("request_latency_seconds", "flat", std::vector<double>(500, 0.1));
  const AnalysisResult result = run();
  EXPECT_EQ(result.pass.coverage.series_too_short, 1u);
  EXPECT_EQ(result.pass.coverage.series_stale, 1u);
  EXPECT_EQ(result.pass.coverage.series_constant, 1u);
  EXPECT_EQ(result.pass.coverage.series_watched, 1u);
  ASSERT_EQ(result.pass.coverage.examples.size(), 2u);
  EXPECT_NE(result.pass.coverage.examples[0].detail.find("needs"), std::string::npos);
}

TEST_F(AnalyzerTest, the_called_service_stands_before_its_caller) {
  const Estate estate = Estate::load_text(
                            "entities:\n  service/web:\n    calls: [service/api]\n    tier: 1\n  "
                            "service/api:\n    calls: [service/db]\n",
                            "t")
                            .value();
  add_service("request_latency_seconds", "web", raised(noise(0.3, 0.02, 2880, 1), 15, 0.9));
  add_service("request_latency_seconds", "api", raised(noise(0.2, 0.02, 2880, 2), 15, 0.6));
  add_service("request_latency_seconds", "db", raised(noise(0.1, 0.02, 2880, 3), 15, 0.3));
  const AnalysisResult result = run(estate);
  ASSERT_EQ(result.findings.size(), 3u);
  EXPECT_EQ(result.findings[0].entity.name, "db");
  ASSERT_EQ(result.findings[0].related.size(), 2u);
  EXPECT_EQ(result.findings[1].related.at(0).name, "db");
  EXPECT_GT(result.findings[0].harm, result.findings[1].harm);
}

TEST_F(AnalyzerTest, of_two_equally_slow_the_one_that_more_operations_go_through_stands_first) {
  const std::vector<double> slow = raised(noise(0.1, 0.01, 2880, 99), 15, 0.2);
  for (const char* service : {"few", "many", "unknown"})
    add_service("request_latency_seconds", service, slow);
  add_service("api_requests", "few", noise(5, 1, 2880, 1));
  add_service("api_requests", "many", noise(500, 20, 2880, 2));
  const AnalysisResult result = run();
  ASSERT_EQ(result.findings.size(), 3u);
  EXPECT_EQ(result.findings[0].entity.name, "many");
  EXPECT_EQ(result.findings[1].entity.name, "unknown");
  EXPECT_EQ(result.findings[2].entity.name, "few");
  EXPECT_NEAR(result.findings[2].harm / result.findings[0].harm, 0.73, 0.02);  // a hundredth: 0.7 + 0.03
}

TEST_F(AnalyzerTest, signals_of_one_entity_join_into_one_finding) {
  for (const char* quantile : {"0.5", "0.9", "0.99"}) {
    store_.add({{"__name__", "request_latency_seconds"}, {"service", "slow"}, {"q", quantile}}, kNow,
               kMinuteMs, raised(noise(0.1, 0.01, 2880, static_cast<unsigned>(quantile[2])), 20, 0.2));
  }
  const AnalysisResult result = run();
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].evidence.size(), 3u);
}

TEST_F(AnalyzerTest, maintenance_holds_findings_back_and_counts_them) {
  const Estate estate =
      Estate::load_text(
          "maintenance:\n  - name: move\n    entities: [service/slow]\n    from: 2026-11-21T09:00:00Z\n"
          "    to: 2026-11-21T12:00:00Z\n",
          "t")
          .value();
  add_service("request_latency_seconds", "slow", raised(noise(0.1, 0.01, 2880, 99), 20, 0.2));
  const AnalysisResult result = run(estate);
  EXPECT_TRUE(result.findings.empty());
  EXPECT_EQ(result.pass.coverage.findings_in_maintenance, 1u);
}

TEST_F(AnalyzerTest, a_filling_disk_is_forecast_and_a_full_one_told) {
  const Labels labels{{"__name__", "node_filesystem_avail_bytes"},
                      {"instance", "h"},
                      {"mountpoint", "/"},
                      {"fstype", "ext4"}};
  const std::size_t count = 2880;
  auto avail = noise(0, 1e6, count, 4);
  for (std::size_t i = 0; i < count; ++i)
    avail[i] += 60e9 - 1e7 * static_cast<double>(i);  // 31 GB left, 14 GB a day
  store_.add(labels, kNow, kMinuteMs, avail);
  store_.add(labels.with("__name__", "node_filesystem_size_bytes"), kNow, kMinuteMs,
             std::vector<double>(count, 100e9));
  store_.add(labels.with("mountpoint", "/full"), kNow, kMinuteMs, noise(1e9, 1e6, count, 5));
  store_.add(labels.with("mountpoint", "/full").with("__name__", "node_filesystem_size_bytes"), kNow,
             kMinuteMs, std::vector<double>(count, 100e9));
  const AnalysisResult result = run();
  const Finding* filling = nullptr;
  const Finding* full = nullptr;
  for (const Finding& finding : result.findings) {
    if (finding.kind == FindingKind::kExhaustion) filling = &finding;
    if (finding.kind == FindingKind::kSaturation) full = &finding;
  }
  ASSERT_NE(filling, nullptr);
  ASSERT_NE(full, nullptr);
  ASSERT_TRUE(filling->exhaustion.has_value() && filling->exhaustion->expected_ms.has_value());
  const double days = static_cast<double>(*filling->exhaustion->expected_ms - kNow) / kDayMs;
  EXPECT_NEAR(days, 31.2 / 14.4, 0.1);
  EXPECT_LE(*filling->exhaustion->earliest_ms, *filling->exhaustion->expected_ms);
  EXPECT_NE(full->title.find("/full"), std::string::npos);
}

TEST_F(AnalyzerTest, what_else_changed_near_a_finding_joins_its_evidence_and_nothing_else_does) {
  const Estate estate =
      Estate::load_text("entities:\n  service/web:\n    runs_on: [service/box]\n", "t").value();
  add_service("request_latency_seconds", "web", raised(noise(0.1, 0.01, 2880, 1), 40, 0.3));
  // Falls when the latency rises, to the better side and so no finding of its own.
  add_service("queue_wait_seconds", "box", raised(noise(10, 0.3, 2880, 2), 40, -4));
  for (unsigned i = 0; i < 30; ++i)
    add_service("steady_" + std::to_string(i) + "_depth", "box", noise(10, 1, 2880, 10 + i));
  add_service("queue_wait_seconds", "elsewhere", raised(noise(10, 0.3, 2880, 3), 40, -4));
  const AnalysisResult result = run(estate);
  ASSERT_EQ(result.findings.size(), 1u);
  const Finding& finding = result.findings[0];
  EXPECT_EQ(finding.entity.name, "web");
  std::string companions;
  for (const Evidence& evidence : finding.evidence) {
    if (evidence.method != "changed_with_it") continue;
    companions +=
        std::string(evidence.series.get("__name__")) + " " + std::string(evidence.series.get("service"));
    EXPECT_NEAR(evidence.usual, 10, 0.2);
    EXPECT_NEAR(evidence.now, 6, 0.2);
    EXPECT_NEAR(static_cast<double>(evidence.window.from - finding.since_ms), 0, 2.0 * kMinuteMs);
    EXPECT_NE(evidence.statistic.find("Kolmogorov-Smirnov test of levels"), std::string::npos);
    EXPECT_NE(evidence.statistic.find("related series"), std::string::npos) << evidence.statistic;
  }
  EXPECT_EQ(companions, "queue_wait_seconds box");
}

TEST_F(AnalyzerTest, what_began_with_a_rise_is_named_with_its_share_of_it) {
  const std::size_t began = 20;  // minutes ago
  const auto process = [&](const char* name, std::vector<double> values) {
    store_.add({{"__name__", "namedprocess_namegroup_memory_bytes"},
                {"groupname", name},
                {"instance", "h"},
                {"job", "host"},
                {"memtype", "resident"}},
               kNow, kMinuteMs, values);
  };
  store_.add({{"__name__", "node_memory_MemAvailable_bytes"}, {"instance", "h"}, {"job", "host"}}, kNow,
             kMinuteMs, raised(noise(12e9, 2e7, 2880, 1), began, -9e9));
  for (unsigned i = 0; i < 5; ++i)
    process(("old-" + std::to_string(i)).c_str(), noise(1e8, 1e6, 2880, 10 + i));
  process("import", noise(8.5e9, 1e6, began, 2));  // the cause
  process("shell", noise(1e7, 1e5, began, 3));     // too small to matter
  process("later", noise(5e9, 1e6, 10, 4));        // 10 minutes after
  process("import-2", noise(8.5e9, 1e6, 300, 5));  // hours before
  const AnalysisResult result = run();
  ASSERT_EQ(result.findings.size(), 1u);
  std::string said;
  for (const Evidence& evidence : result.findings[0].evidence) {
    if (evidence.method != kBeganWithIt && evidence.method != kEndedWithIt) continue;
    said += evidence.series.get("groupname");
    EXPECT_NEAR(evidence.now, 8.5e9, 1e7);
    EXPECT_EQ(evidence.usual, 0);
    EXPECT_EQ(evidence.statistic, "begins at the same time; its 7.92 GiB are as much as 94 % of the change");
  }
  EXPECT_EQ(said, "import");
}

TEST_F(AnalyzerTest, what_takes_anothers_place_and_what_is_of_another_kind_or_place_is_not_named) {
  const std::size_t began = 20;  // minutes ago
  const auto add = [&](const char* metric, const char* group, const char* host, TimestampMs end_ms,
                       std::vector<double> values) {
    store_.add({{"__name__", metric},
                {"groupname", group},
                {"instance", host},
                {"job", "host"},
                {"memtype", "resident"}},
               end_ms, kMinuteMs, values);
  };
  constexpr const char* kMemory = "namedprocess_namegroup_memory_bytes";
  store_.add({{"__name__", "node_memory_MemAvailable_bytes"}, {"instance", "h"}, {"job", "host"}}, kNow,
             kMinuteMs, raised(noise(12e9, 2e7, 2880, 1), began, -4e9));
  for (const char* name : {"a", "b", "c"}) add(kMemory, name, "h", kNow, noise(1e8, 1e6, 2880, 7));
  add(kMemory, "worker-1", "h", kNow - static_cast<DurationMs>(began) * kMinuteMs, noise(3e9, 1e6, 2860, 2));
  add(kMemory, "worker-2", "h", kNow, noise(3e9, 1e6, began, 3));
  add(kMemory, "import", "elsewhere", kNow, noise(4e9, 1e6, began, 4));
  add("node_disk_written_bytes", "import", "h", kNow, noise(4e9, 1e6, began, 5));
  const AnalysisResult result = run();
  ASSERT_FALSE(result.findings.empty());
  for (const Finding& finding : result.findings) {
    for (const Evidence& evidence : finding.evidence) {
      EXPECT_NE(evidence.method, kBeganWithIt) << evidence.series.to_string() << ": " << evidence.statistic;
    }
  }
}

TEST_F(AnalyzerTest, a_megabyte_more_of_memory_is_nothing_to_tell) {
  const Labels labels{{"__name__", "process_resident_memory_bytes"}, {"instance", "a"}, {"job", "a"}};
  store_.add(labels, kNow, kMinuteMs, raised(std::vector<double>(2880, 0), 20, 1 << 20));
  store_.add(labels.with("job", "b"), kNow, kMinuteMs, raised(std::vector<double>(2880, 0), 20, 64 << 20));
  const AnalysisResult result = run();
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].evidence[0].series.get("job"), "b");
}

TEST_F(AnalyzerTest, a_program_that_begins_anew_and_takes_the_processor_is_named) {
  const auto counter = [&](const Labels& labels, std::size_t minutes, double share, std::size_t last,
                           double then, std::size_t silent_from = 0, std::size_t silent_to = 0) {
    SampleBuffer buffer;
    double total = 0;
    for (std::size_t ago = minutes; ago-- > 0;) {
      total += 60 * (ago < last ? then : share) * (1 + 0.02 * static_cast<double>(ago % 3));
      if (ago < silent_from && ago >= silent_to) continue;
      buffer.timestamps_ms.push_back(kNow - static_cast<DurationMs>(ago) * kMinuteMs);
      buffer.values.push_back(total);
    }
    store_.add(labels, buffer);
  };
  const Labels host{{"instance", "h"}, {"job", "host"}};
  for (const char* cpu : {"0", "1"}) {
    counter(host.with("__name__", "node_cpu_seconds_total").with("cpu", cpu).with("mode", "idle"), 2880, 0.8,
            20, 0.1);
  }
  const Labels process =
      host.with("__name__", "namedprocess_namegroup_cpu_seconds_total").with("mode", "user");
  for (const char* name : {"web", "db", "cache"}) counter(process.with("groupname", name), 2880, 0.1, 0, 0);
  counter(process.with("groupname", "backup"), 2010, 0, 20, 1.4, 2000,
          20);  // for minutes yesterday, and again
  counter(process.with("groupname", "shell"), 20, 0.02, 0, 0);
  const AnalysisResult result = run();
  std::string said;
  for (const Finding& finding : result.findings) {
    for (const Evidence& evidence : finding.evidence) {
      if (evidence.method != kBeganWithIt) continue;
      said += std::string(evidence.series.get("groupname")) + ": " + evidence.statistic + "; ";
      EXPECT_NEAR(evidence.now, 1.4, 0.1);
    }
  }
  EXPECT_EQ(said, "backup: begins 3 min before; 81 % of all that its metric tells of; ");
}

TEST_F(AnalyzerTest, what_ended_with_a_fall_is_named_and_a_collection_that_began_anew_is_not) {
  const auto route = [&](const char* service, const char* path, std::size_t silent, std::size_t there) {
    const Labels labels{{"__name__", "http_requests_total"}, {"route", path}, {"service", service}};
    std::vector<double> total = noise(600, 10, there, static_cast<unsigned>(path[1]));
    for (std::size_t i = 1; i < total.size(); ++i) total[i] += total[i - 1];
    store_.add(labels, kNow - static_cast<DurationMs>(silent) * kMinuteMs, kMinuteMs, total);
  };
  for (const char* path : {"/a", "/b", "/c"}) route("shop", path, 0, 2880);
  route("shop", "/d", 30, 2850);
  // All of its routes are new, and so is whoever counts them.
  for (const char* path : {"/a", "/b"}) route("new", path, 0, 30);
  for (const char* service : {"shop", "new"}) {
    const bool shop = std::string_view(service) == "shop";
    std::vector<double> all = raised(noise(shop ? 40 : 10, 0.5, 2880, 7), 30, shop ? -10 : 20);
    store_.add({{"__name__", "all_requests_per_second"}, {"service", service}}, kNow, kMinuteMs, all);
  }
  catalog_ = Catalog::load_text(
                 "defaults: {domain: service, aspect: traffic, unit: requests/s, worse: both, entity: {kind: "
                 "service, labels: [service]}}\nmetrics:\n"
                 "  - {metric: http_requests_total, title: Requests, kind: counter}\n"
                 "  - {metric: all_requests_per_second, title: All requests, kind: gauge}\n",
                 "t")
                 .value();
  std::string said;
  for (const Finding& finding : run().findings) {
    for (const Evidence& evidence : finding.evidence) {
      if (evidence.method != kBeganWithIt && evidence.method != kEndedWithIt) continue;
      said += finding.entity.name + " " + evidence.method + " " + std::string(evidence.series.get("route")) +
              "; ";
      EXPECT_NEAR(evidence.usual, 10, 0.2);
      EXPECT_EQ(evidence.now, 0);
    }
  }
  EXPECT_EQ(said, "shop ended_with_it /d; ");
}

TEST_F(AnalyzerTest, memory_that_keeps_growing_is_told_and_a_cache_that_fills_is_not) {
  const auto add = [&](const char* instance, const std::function<double(double)>& by_day) {
    auto values = noise(0, 2e6, 3 * 1440, 5);
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] += 5e8 + by_day(static_cast<double>(i) / 1440) + 3e7 * static_cast<double>(i % 37) / 37;
    }
    store_.add({{"__name__", "process_resident_memory_bytes"}, {"instance", instance}, {"job", instance}},
               kNow, kMinuteMs, values);
  };
  add("leaks", [](double day) { return 6e7 * day; });
  add("fills", [](double day) { return -4e8 * std::expm1(-day / 0.6); });
  add("rests", [](double) { return 0.0; });
  const AnalysisResult result = run();
  ASSERT_EQ(result.findings.size(), 1u);
  const Finding& finding = result.findings[0];
  EXPECT_EQ(finding.kind, FindingKind::kTrend);
  EXPECT_NE(finding.title.find("keeps growing"), std::string::npos) << finding.title;
  EXPECT_EQ(finding.evidence[0].series.get("instance"), "leaks");
  EXPECT_EQ(finding.evidence[0].method, "leak");
  EXPECT_NEAR(finding.evidence[0].now - finding.evidence[0].usual, 1.8e8, 2e7);
  EXPECT_NE(finding.evidence[0].statistic.find("Mann-Kendall"), std::string::npos);
}

TEST_F(AnalyzerTest, one_disk_mounted_twice_is_one_limit) {
  for (const char* mount : {"/etc/hosts", "/", "/etc/hostname"}) {
    const Labels labels{{"__name__", "node_filesystem_avail_bytes"},
                        {"instance", "h"},
                        {"mountpoint", mount},
                        {"device", "/dev/sda1"},
                        {"fstype", "ext4"}};
    store_.add(labels, kNow, 5 * kSecondMs, noise(1e9, 1e6, 12, 5));
    store_.add(labels.with("__name__", "node_filesystem_size_bytes"), kNow, 5 * kSecondMs,
               std::vector<double>(12, 100e9));
  }
  const AnalysisResult result = run();
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].kind, FindingKind::kSaturation);
  EXPECT_EQ(result.findings[0].evidence[0].series.get("mountpoint"), "/");
  EXPECT_LT(result.findings[0].harm, 0.1);  // as long as it is known it has been so
}

TEST_F(AnalyzerTest, a_target_that_does_not_answer_is_told_at_once) {
  store_.add({{"__name__", "up"}, {"job", "api"}, {"instance", "a:1"}}, kNow, 15 * kSecondMs,
             std::vector<double>(8, 0.0));
  const AnalysisResult result = run();
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].kind, FindingKind::kAvailability);
}

TEST_F(AnalyzerTest, histograms_and_failed_requests_are_read_per_entity) {
  const std::size_t count = 2000;
  std::mt19937_64 random(5);
  std::poisson_distribution<int> requests(200);
  const std::vector<std::pair<std::string, double>> routes{{"/a", 0}, {"/b", 0}};
  for (const auto& [route, unused] : routes) {
    std::vector<double> fast(count), all(count), failed(count), good(count), sum(count);
    double f = 0, a = 0, bad = 0, fine = 0, s = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const double n = requests(random);
      const bool issue = i >= count - 15;
      std::binomial_distribution<int> quick(static_cast<int>(n), issue ? 0.5 : 0.97);
      std::binomial_distribution<int> broken(static_cast<int>(n), issue ? 0.2 : 0.002);
      const double q = quick(random);
      const double b = broken(random);
      f += q;
      a += n;
      bad += b;
      fine += n - b;
      s += q * 0.05 + (n - q) * 0.6;
      fast[i] = f, all[i] = a, failed[i] = bad, good[i] = fine, sum[i] = s;
    }
    const Labels base{
        {"__name__", "http_request_duration_seconds_bucket"}, {"service", "shop"}, {"route", route}};
    store_.add(base.with("le", "0.1"), kNow, kMinuteMs, fast);
    store_.add(base.with("le", "1"), kNow, kMinuteMs, all);
    store_.add(base.with("le", "+Inf"), kNow, kMinuteMs, all);
    store_.add(base.with("__name__", "http_request_duration_seconds_sum"), kNow, kMinuteMs, sum);
    store_.add(base.with("__name__", "http_request_duration_seconds_count"), kNow, kMinuteMs, all);
    const Labels total = base.with("__name__", "http_requests_total");
    store_.add(total.with("status", "200"), kNow, kMinuteMs, good);
    store_.add(total.with("status", "503"), kNow, kMinuteMs, failed);
  }
  const AnalysisResult result = run();
  ASSERT_EQ(result.findings.size(), 1u);
  std::string expressions;
  for (const Evidence& evidence : result.findings[0].evidence) expressions += evidence.expression + "\n";
  EXPECT_NE(expressions.find("sum(rate(http_request_duration_seconds_sum{service=\"shop\"}[5m]))"),
            std::string::npos)
      << expressions;
  EXPECT_NE(expressions.find("sum(rate(http_requests_total{service=\"shop\", status=~\"503\"}[5m])) / "),
            std::string::npos)
      << expressions;
  EXPECT_EQ(result.findings[0].kind, FindingKind::kErrors);
  EXPECT_EQ(result.pass.coverage.series_watched, 14u);
}

TEST_F(AnalyzerTest, thousands_of_quiet_series_share_one_budget) {
  // One look of half an hour at 4,500 series: a budget of one false alarm a day allows 1/48 on average.
  for (unsigned i = 0; i < 500 * analyze::kQuietKinds; ++i) {
    const auto kind = static_cast<analyze::Quiet>(i % analyze::kQuietKinds);
    store_.add({{"__name__", "depth"}, {"service", "s" + std::to_string(i)}}, kNow, 5 * kMinuteMs,
               analyze::quiet_series(kind, 594, 288, 1000 + i));
  }
  const AnalysisResult result = run();
  EXPECT_LE(result.findings.size(), 1u);
  EXPECT_GT(result.pass.coverage.series_watched, 4000u);
}

TEST_F(AnalyzerTest, result_is_the_same_for_any_number_of_threads) {
  for (unsigned i = 0; i < 60; ++i) {
    auto values = analyze::quiet_series(static_cast<analyze::Quiet>(i % analyze::kQuietKinds), 2880, 1440, i);
    if (i % 7 == 0) values = raised(std::move(values), 25, 1000);
    add_service("m" + std::to_string(i) + "_latency_seconds", "s" + std::to_string(i % 9), values);
  }
  std::vector<std::string> texts;
  for (const int threads : {1, 2, 5, 16}) {
    AnalysisOptions options;
    options.threads = threads;
    const AnalysisResult result = run({}, options);
    std::string text = to_json(result.pass);
    for (const Finding& finding : result.findings) text += to_json(finding) + "\n";
    texts.push_back(text);
  }
  EXPECT_GT(texts[0].size(), 2000u);
  for (const std::string& text : texts) EXPECT_EQ(text, texts[0]);
}

// Findings and pass as bytes.
std::string text_of(const AnalysisResult& result) {
  std::string text = to_json(result.pass);
  for (const Finding& finding : result.findings) text += to_json(finding) + "\n";
  return text;
}

TEST_F(AnalyzerTest, a_remembered_state_gives_the_same_bytes_and_nothing_is_learnt_again) {
  for (unsigned i = 0; i < 45; ++i) {
    auto values =
        analyze::quiet_series(static_cast<analyze::Quiet>(i % analyze::kQuietKinds), 7 * 288, 288, i);
    if (i % 4 == 0) values = raised(std::move(values), 6, 400);
    store_.add({{"__name__", "m" + std::to_string(i) + "_latency_seconds"},
                {"service", "s" + std::to_string(i % 9)}},
               kNow, 5 * kMinuteMs, values);
  }
  std::vector<double> requests(7 * 288);
  double total = 0;
  for (std::size_t i = 0; i < requests.size(); ++i)
    requests[i] = total += 100 + 50 * std::sin(M_PI * static_cast<double>(i) / 144);
  for (const char* status : {"200", "500"})
    store_.add({{"__name__", "http_requests_total"}, {"service", "s1"}, {"status", status}}, kNow,
               5 * kMinuteMs, requests);
  const auto querier = promql::Querier::local(store_);
  Analyzer analyzer(store_, *querier, catalog_, no_estate_, clock_, metrics_, *logger_);
  analyze::Memory memory;
  AnalysisOptions remembering;
  remembering.memory = &memory;
  const TimestampMs before = kNow - 11 * kMinuteMs - 17;
  ASSERT_TRUE(analyzer.run(before, remembering).has_value());
  EXPECT_GE(memory.misses(), 48u);
  analyze::Memory restored;  // as after a restart
  ASSERT_TRUE(restored.restore(memory.save()).has_value());
  remembering.memory = &restored;
  const std::string with = text_of(analyzer.run(before, remembering).value());
  EXPECT_EQ(restored.misses(), 0u);
  EXPECT_GE(restored.hits(), 48u);
  EXPECT_EQ(with, text_of(analyzer.run(before, {}).value()));
  EXPECT_NE(with.find("fingerprint"), std::string::npos);
  // A later moment, another grid of cells: most is still remembered, and the bytes are those of a fresh look.
  EXPECT_EQ(text_of(analyzer.run(kNow, remembering).value()), text_of(analyzer.run(kNow, {}).value()));
  EXPECT_LT(restored.misses(), 24u);
}

// Load of an office, 20 to 120, `days` days at 15 minutes that end at kNow, the last cells raised by `by`.
std::vector<double> office_load(int days, unsigned seed, double by) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal(0, 4);
  std::vector<double> out(static_cast<std::size_t>(days) * 96);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const TimestampMs time = kNow - static_cast<DurationMs>(out.size() - 1 - i) * 15 * kMinuteMs;
    const DurationMs hour = time % kDayMs / kHourMs;
    out[i] = ((time / kDayMs + 3) % 7 < 5 && hour >= 9 && hour < 17 ? 120 : 20) + normal(random) +
             (i + 5 >= out.size() ? by : 0);
  }
  return out;
}

TEST_F(AnalyzerTest, a_remembered_calendar_and_first_day_give_the_same_bytes_and_other_calendars_are_learnt) {
  const auto load = [](const std::string& calendar) { return Estate::load_text(calendar, "e.yaml").value(); };
  const Estate estate = load(
      "calendar: {events: [{name: backup, weekly: sunday, at: '03:00', duration: 2h}, {name: sale, from: "
      "2026-11-21T08:00:00Z, to: 2026-11-21T20:00:00Z, entities: [service/s0]}]}");
  for (unsigned i = 0; i < 6; ++i) {
    store_.add({{"__name__", "app_" + std::to_string(i) + "_load"}, {"service", "s" + std::to_string(i)}},
               kNow, 15 * kMinuteMs, office_load(40, i, i % 3 == 0 ? 100 : 0));
  }
  store_.add({{"__name__", "app_new_load"}, {"service", "new"}}, kNow, 5 * kMinuteMs,
             analyze::quiet_series(analyze::Quiet::kSeasonal, 594, 288, 1));
  const auto querier = promql::Querier::local(store_);
  Analyzer analyzer(store_, *querier, catalog_, estate, clock_, metrics_, *logger_);
  analyze::Memory memory;
  AnalysisOptions remembering;
  remembering.history_ms = 42 * kDayMs;
  AnalysisOptions fresh = remembering;
  remembering.memory = &memory;
  ASSERT_TRUE(analyzer.run(kNow, remembering).has_value());
  EXPECT_EQ(memory.misses(), 7u);
  analyze::Memory restored;  // as after a restart
  ASSERT_TRUE(restored.restore(memory.save()).has_value());
  remembering.memory = &restored;
  const std::string with = text_of(analyzer.run(kNow, remembering).value());
  EXPECT_GE(restored.hits(), 7u);
  EXPECT_EQ(restored.misses(), 0u);
  EXPECT_EQ(with, text_of(analyzer.run(kNow, fresh).value()));
  EXPECT_NE(with.find("calendar_residual"), std::string::npos);
  EXPECT_NE(with.find("during \\\"sale\\\""), std::string::npos) << with;
  const Estate moved = load("calendar: {weekend: [friday]}");
  Analyzer other(store_, *querier, catalog_, moved, clock_, metrics_, *logger_);
  EXPECT_EQ(text_of(other.run(kNow, remembering).value()), text_of(other.run(kNow, fresh).value()));
  EXPECT_EQ(restored.misses(), 7u);
}

TEST_F(AnalyzerTest, a_stated_driver_foresees_a_limit_and_one_without_series_is_told) {
  const Estate estate =
      Estate::load_text(
          "drivers:\n  - {name: users, query: sum(users), entities: [host/h], planned: [{at: "
          "2026-12-11, value: 4000}]}\n  - {name: orders, query: sum(none), monthly_growth: 5}\n",
          "e.yaml")
          .value();
  std::vector<double> users = noise(0, 4, 14 * 288, 3);
  double level = 1000;
  for (double& value : users) value = level += value - 0.002 * (level - 1000);
  std::vector<double> avail = noise(0, 1e8, users.size(), 4);
  for (std::size_t i = 0; i < avail.size(); ++i) avail[i] += 90e9 - 2.5e7 * users[i];
  const Labels labels{{"__name__", "node_filesystem_avail_bytes"},
                      {"instance", "h"},
                      {"mountpoint", "/"},
                      {"fstype", "ext4"}};
  store_.add({{"__name__", "users"}}, kNow, 5 * kMinuteMs, users);
  store_.add(labels, kNow, 5 * kMinuteMs, avail);
  store_.add(labels.with("__name__", "node_filesystem_size_bytes"), kNow, 5 * kMinuteMs,
             std::vector<double>(users.size(), 100e9));
  const AnalysisResult result = run(estate);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].kind, FindingKind::kExhaustion);
  EXPECT_EQ(result.findings[0].evidence[0].method, "driver_first_passage");
  // 90 GB less 2.5e7 a user are gone at 3,600 users, 87 % of the way there.
  const double days = static_cast<double>(*result.findings[0].exhaustion->expected_ms - kNow) / kDayMs;
  EXPECT_NEAR(days, 17, 1);
  ASSERT_EQ(result.pass.coverage.errors.size(), 1u);
  EXPECT_EQ(result.pass.coverage.errors[0], "estate: driver orders: gives 0 series; one is needed");
}

TEST_F(AnalyzerTest, wrong_options_are_refused_and_cancelling_stops) {
  const auto querier = promql::Querier::local(store_);
  Analyzer analyzer(store_, *querier, catalog_, no_estate_, clock_, metrics_, *logger_);
  AnalysisOptions options;
  options.false_alarms_per_day = 0;
  EXPECT_EQ(analyzer.run(kNow, options).error().code(), ErrorCode::kInvalid);
  add_service("request_latency_seconds", "s", noise(0.1, 0.01, 2880, 1));
  const std::atomic<bool> cancelled{true};
  EXPECT_EQ(analyzer.run(kNow, {}, {}, &cancelled).error().code(), ErrorCode::kCancelled);
}

}  // namespace
}  // namespace trimtab
