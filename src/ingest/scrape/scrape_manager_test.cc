// SPDX-License-Identifier: Apache-2.0
#include "ingest/scrape/scrape_manager.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/http_testlib.h"
#include "store/memory_store_testlib.h"

namespace trimtab {
namespace {

using Server = TestHttpServer;
constexpr TimestampMs kStart = 1'700'000'000'000;

// A target whose answer the test sets, and a manager on a clock that the test moves.
class ScrapeTest : public ::testing::Test {
 protected:
  void job(const std::string& words, const ScrapeOptions& options = {}) {
    const auto yaml = Yaml::parse(
        "scrape_configs: [{job_name: j, scrape_interval: 10s, scrape_timeout: 5s, " + words + "}]", "t.yml");
    auto settings = ScrapeSettings::from_yaml(yaml.value());
    ASSERT_TRUE(settings) << settings.error().message();
    manager = std::make_unique<ScrapeManager>(std::move(*settings), store, rejects, clock, metrics, *logger,
                                              options);
  }
  void scrape_server(const std::string& words = "") {
    job("static_configs: [{targets: ['" + server.address() + "']}]" + (words.empty() ? "" : ", " + words));
  }
  void answer(std::string body) {
    const std::lock_guard lock(mutex);
    response.body = std::move(body);
  }
  // One scrape 10 s later; its time.
  TimestampMs scrape() {
    clock.advance(10 * kSecondMs);
    EXPECT_EQ(manager->scrape_all(), 1u);
    return clock.now_ms();
  }
  double at(const std::string& selector, TimestampMs time) {
    const auto samples = store.samples(selector);
    const auto it = samples.find(time);
    return it == samples.end() ? -1 : it->second;
  }
  bool stale_at(const std::string& selector, TimestampMs time) {
    const auto samples = store.samples(selector);
    const auto it = samples.find(time);
    return it != samples.end() && is_stale_marker(it->second);
  }
  std::string last_error() { return manager->targets().at(0).last_error; }

  std::mutex mutex;
  Server::Response response;
  Server server{[this](const Server::Request&) {
    const std::lock_guard lock(mutex);
    return response;
  }};
  MemoryStore store;
  FakeClock clock{kStart};
  Metrics metrics;
  Rejects rejects{metrics, clock};
  std::unique_ptr<Logger> logger = create_null_logger();
  std::unique_ptr<ScrapeManager> manager;
};

TEST_F(ScrapeTest, samples_carry_target_labels_and_the_report_follows) {
  scrape_server();
  answer("# TYPE a counter\n# HELP a Things.\na{x=\"1\"} 5\nb 2.5\n");
  const TimestampMs t = scrape();
  const std::string instance = "instance=\"" + server.address() + "\", job=\"j\"";
  EXPECT_TRUE(store.series_names().contains("a{" + instance + ", x=\"1\"}"));
  EXPECT_EQ(at("a", t), 5);
  EXPECT_EQ(at("b", t), 2.5);
  EXPECT_EQ(at("up", t), 1);
  EXPECT_EQ(at("scrape_samples_scraped", t), 2);
  EXPECT_EQ(at("scrape_samples_post_metric_relabeling", t), 2);
  EXPECT_EQ(at("scrape_series_added", t), 2);
  EXPECT_EQ(store.samples("scrape_duration_seconds").size(), 1u);
  EXPECT_EQ(at("scrape_series_added", scrape()), 0);
  EXPECT_EQ(store.metadata().at("a"), (MetricMetadata{MetricType::kCounter, "Things.", ""}));
  EXPECT_NE(server.requests()[0].headers.at("accept").find("application/openmetrics-text"),
            std::string::npos);
  EXPECT_EQ(server.requests()[0].headers.at("x-prometheus-scrape-timeout-seconds"), "5");
}

TEST_F(ScrapeTest, a_series_that_vanishes_gets_a_stale_marker_once) {
  scrape_server();
  answer("a 1\nb 1\n");
  scrape();
  answer("a 1\n");
  const TimestampMs gone = scrape();
  EXPECT_TRUE(stale_at("b", gone));
  EXPECT_FALSE(stale_at("a", gone));
  scrape();
  EXPECT_EQ(store.samples("b").size(), 2u);
  answer("a 1\nb 3\n");
  EXPECT_EQ(at("b", scrape()), 3);
}

TEST_F(ScrapeTest, a_failed_target_is_down_and_its_series_are_stale) {
  scrape_server();
  answer("a 1\n");
  scrape();
  response.status = 500;
  const TimestampMs down = scrape();
  EXPECT_EQ(at("up", down), 0);
  EXPECT_TRUE(stale_at("a", down));
  EXPECT_EQ(manager->targets()[0].health, TargetHealth::kDown);
  EXPECT_NE(last_error().find("HTTP status 500"), std::string::npos);
  scrape();
  EXPECT_EQ(store.samples("a").size(), 2u);
  response.status = 200;
  const TimestampMs back = scrape();
  EXPECT_EQ(at("a", back), 1);
  EXPECT_EQ(at("scrape_series_added", back), 0);
  EXPECT_EQ(last_error(), "");
}

TEST_F(ScrapeTest, bad_text_takes_nothing_of_the_answer) {
  scrape_server();
  answer("a 1\nb{ 2\n");
  const TimestampMs t = scrape();
  EXPECT_EQ(at("up", t), 0);
  EXPECT_TRUE(store.samples("a").empty());
  EXPECT_EQ(rejects.count(RejectReason::kMalformed), 1u);
  EXPECT_NE(last_error().find("line 2"), std::string::npos) << last_error();
  answer("a{x=\"1\",x=\"2\"} 1\n");
  scrape();
  EXPECT_NE(last_error(), "");
}

TEST_F(ScrapeTest, conflicting_labels_are_exported_unless_honoured) {
  scrape_server();
  answer("a{job=\"own\",exported_instance=\"e\",instance=\"i\"} 1\n");
  scrape();
  EXPECT_EQ(
      store
          .samples(
              "a{job=\"j\",exported_job=\"own\",exported_exported_instance=\"i\",exported_instance=\"e\"}")
          .size(),
      1u);
  scrape_server("honor_labels: true");
  answer("b{job=\"own\"} 1\n");
  scrape();
  EXPECT_EQ(store.samples("b{job=\"own\",exported_job=\"\"}").size(), 1u);
}

TEST_F(ScrapeTest, timestamps_are_honoured_or_not) {
  scrape_server();
  answer("a 1 1600000000000\n");
  scrape();
  EXPECT_EQ(at("a", 1600000000000), 1);
  answer("");
  const TimestampMs gone = scrape();
  EXPECT_FALSE(stale_at("a", gone));  // a series with times of its own gets no stale markers
  scrape_server("honor_timestamps: false");
  answer("b 1 1600000000000\n");
  const TimestampMs t = scrape();
  EXPECT_EQ(at("b", t), 1);
}

TEST_F(ScrapeTest, openmetrics_is_read_by_its_content_type) {
  scrape_server();
  response.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
  answer("# TYPE a counter\na_total 3 1600000000.5\n# EOF\n");
  scrape();
  EXPECT_EQ(at("a_total", 1600000000500), 3);
  answer("a_total 3\n");
  EXPECT_EQ(at("up", scrape()), 0);  // cut off before # EOF
}

TEST_F(ScrapeTest, of_duplicate_series_the_first_is_kept) {
  scrape_server();
  answer("a 1\na 2\na 1\n");
  EXPECT_EQ(at("a", scrape()), 1);
  EXPECT_NE(metrics.expose().find("trimtab_scrape_duplicate_samples_total 1"), std::string::npos);
}

TEST_F(ScrapeTest, metric_relabelling_drops_and_renames) {
  scrape_server(
      "metric_relabel_configs: [{action: drop, source_labels: [__name__], regex: 'go_.*'}, "
      "{source_labels: [__name__], regex: 'a', target_label: __name__, replacement: z}]");
  answer("go_x 1\na 2\nb 3\n");
  const TimestampMs t = scrape();
  EXPECT_EQ(at("z", t), 2);
  EXPECT_TRUE(store.samples("go_x").empty());
  EXPECT_EQ(at("scrape_samples_scraped", t), 3);
  EXPECT_EQ(at("scrape_samples_post_metric_relabeling", t), 2);
}

TEST_F(ScrapeTest, limits_fail_the_scrape_by_name) {
  const std::vector<std::pair<std::string, std::string>> limits{
      {"sample_limit: 2", "sample_limit of 2"},
      {"label_limit: 2", "label_limit of 2"},
      {"label_name_length_limit: 8", ""},
      {"label_name_length_limit: 7", "label_name_length_limit of 7"},
      {"label_value_length_limit: 3", "label_value_length_limit of 3"},
      {"body_size_limit: 10", "larger than 10 B"},
      {"target_limit: 1", ""}};
  for (const auto& [words, error] : limits) {
    scrape_server(words);
    answer("a{x=\"1\"} 1\na{x=\"2\"} 1\na{x=\"3\"} 1\n");
    const TimestampMs t = scrape();
    EXPECT_NE(last_error().find(error), std::string::npos) << words << ": " << last_error();
    EXPECT_EQ(at("up", t), error.empty() ? 1 : 0) << words;
  }
  job("target_limit: 1, static_configs: [{targets: ['" + server.address() +
      "', 'localhost:" + std::to_string(server.port()) + "']}]");
  const std::size_t before = server.requests().size();
  EXPECT_EQ(manager->scrape_all(), 2u);
  EXPECT_EQ(server.requests().size(), before);
  EXPECT_NE(last_error().find("target_limit of 1"), std::string::npos);
}

TEST_F(ScrapeTest, a_huge_answer_and_a_label_bomb_are_bounded) {
  ScrapeOptions options;
  options.body_bytes_max = 10'000;
  options.samples_max = 100;
  job("static_configs: [{targets: ['" + server.address() + "']}]", options);
  answer(std::string(20'000, '#'));
  scrape();
  EXPECT_EQ(rejects.count(RejectReason::kTooLarge), 1u);
  std::string many;
  for (int i = 0; i < 101; ++i) many += "a{i=\"" + std::to_string(i) + "\"} 1\n";
  answer(many);
  scrape();
  EXPECT_EQ(rejects.count(RejectReason::kSampleLimit), 101u);
  EXPECT_TRUE(store.samples("a").empty());
  answer("good 1\nbomb{v=\"" + std::string(5000, 'x') + "\"} 1\n");
  const TimestampMs t = scrape();
  EXPECT_EQ(at("good", t), 1);
  EXPECT_TRUE(store.samples("bomb").empty());
  EXPECT_EQ(rejects.count(RejectReason::kLabelLimit), 1u);
}

TEST_F(ScrapeTest, at_the_series_bound_old_series_go_on) {
  scrape_server();
  answer("a 1\n");
  scrape();
  store.limits_now.series_count_max = store.series_names().size();
  answer("a 2\nb 1\n");
  const TimestampMs t = scrape();
  EXPECT_EQ(at("a", t), 2);
  EXPECT_EQ(at("up", t), 1);
  EXPECT_EQ(rejects.count(RejectReason::kSeriesLimit), 1u);
  store.limits_now.series_count_max = 1000;
  EXPECT_EQ(at("b", scrape()), 1);
}

TEST_F(ScrapeTest, a_store_that_refuses_loses_no_later_stale_marker) {
  scrape_server();
  answer("a 1\nb 1\n");
  scrape();
  store.refusal = "disk full";
  answer("a 1\n");
  scrape();
  EXPECT_NE(last_error().find("disk full"), std::string::npos);
  EXPECT_GE(rejects.count(RejectReason::kStorage), 1u);
  store.refusal = "";
  const TimestampMs t = scrape();
  EXPECT_EQ(at("a", t), 1);
  EXPECT_TRUE(stale_at("b", t));
}

TEST_F(ScrapeTest, slow_and_closed_targets_are_down_with_a_reason) {
  Server slow([](const Server::Request&) { return Server::Response{.hang = true}; });
  job("relabel_configs: [{target_label: __scrape_timeout__, replacement: 100ms}], static_configs: [{targets: "
      "['" +
      slow.address() + "', '127.0.0.1:1']}]");
  EXPECT_EQ(manager->scrape_all(), 2u);
  for (const TargetStatus& status : manager->targets()) {
    EXPECT_EQ(status.health, TargetHealth::kDown);
    EXPECT_NE(status.last_error, "");
  }
}

TEST_F(ScrapeTest, each_target_has_its_own_fixed_instants) {
  job("static_configs: [{targets: ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3']}]");
  std::size_t scrapes = 0;
  for (int i = 0; i < 100; ++i) {
    clock.advance(100);
    scrapes += manager->run_due();
  }
  EXPECT_EQ(scrapes, 3u);
  std::set<TimestampMs> phases;
  for (const TargetStatus& status : manager->targets()) phases.insert(status.last_scrape_ms % 10'000);
  EXPECT_EQ(phases.size(), 3u);
  clock.advance(10 * kSecondMs);
  EXPECT_EQ(manager->run_due(), 3u);
  EXPECT_EQ(manager->run_due(), 0u);
}

TEST_F(ScrapeTest, file_sd_files_come_change_and_go) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / ("file_sd_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  job("file_sd_configs: [{files: ['" + (folder / "*.json").string() + "', '" + (folder / "*.yml").string() +
      "']}]");
  EXPECT_TRUE(manager->targets().empty());
  std::ofstream(folder / "a.json")
      << R"([{"targets": ["127.0.0.1:1", "127.0.0.1:2"], "labels": {"zone": "z"}}])";
  std::ofstream(folder / "b.yml") << "- targets: ['127.0.0.1:3']\n";
  manager->poll_discovery();
  ASSERT_EQ(manager->targets().size(), 3u);
  EXPECT_EQ(manager->targets()[0].discovered.at("__meta_filepath"), (folder / "a.json").string());
  manager->scrape_all();
  std::ofstream(folder / "a.json") << R"([{"targets": ["127.0.0.1:1"], "labels": {"zone": "z"}}])";
  clock.advance(kSecondMs);
  manager->poll_discovery();
  EXPECT_EQ(manager->targets().size(), 2u);
  EXPECT_TRUE(stale_at("up{instance=\"127.0.0.1:2\"}", clock.now_ms()));
  std::ofstream(folder / "a.json") << "[{oops";
  manager->poll_discovery();
  EXPECT_EQ(manager->targets().size(), 2u);  // a broken file keeps its last targets
  std::filesystem::remove(folder / "a.json");
  manager->poll_discovery();
  EXPECT_EQ(manager->targets().size(), 1u);
  std::filesystem::remove_all(folder);
}

TEST_F(ScrapeTest, the_targets_page_shows_no_secret) {
  scrape_server("params: {token: [hunter2]}, basic_auth: {username: u, password: hunter2}");
  response.status = 401;
  scrape();
  const std::string json = manager->targets_json();
  EXPECT_EQ(json.find("hunter2"), std::string::npos) << json;
  EXPECT_NE(json.find("\"health\":\"down\""), std::string::npos) << json;
  EXPECT_EQ(server.requests()[0].target, "/metrics?token=hunter2");
  EXPECT_EQ(server.requests()[0].headers.at("authorization"), "Basic dTpodW50ZXIy");
}

TEST_F(ScrapeTest, new_settings_keep_what_stays_and_end_what_goes) {
  scrape_server();
  answer("a 1\n");
  scrape();
  const auto with = [&](const std::string& words) {
    return ScrapeSettings::from_yaml(Yaml::parse("scrape_configs: [{job_name: j, scrape_interval: 10s, "
                                                 "scrape_timeout: 5s, static_configs: [{targets: ['" +
                                                     server.address() + "']}], " + words + "}]",
                                                 "t.yml")
                                         .value())
        .value();
  };
  manager->apply(
      with("metric_relabel_configs: [{source_labels: [__name__], regex: a, target_label: __name__, "
           "replacement: c}]"));
  const TimestampMs t = scrape();
  EXPECT_EQ(at("c", t), 1);
  EXPECT_TRUE(stale_at("a", t));
  manager->apply({});
  EXPECT_TRUE(stale_at("c", t));
  EXPECT_TRUE(manager->targets().empty());
}

// With real threads and the real clock: waits for what must happen, judges no duration.
TEST_F(ScrapeTest, workers_scrape_until_stopped) {
  SystemClock real;
  Server slow([](const Server::Request&) { return Server::Response{.hang = true}; });
  std::mutex seen_mutex;
  std::condition_variable seen;
  int fast_scrapes = 0;
  Server fast([&](const Server::Request&) {
    const std::lock_guard lock(seen_mutex);
    ++fast_scrapes;
    seen.notify_all();
    return Server::Response{.body = "a 1\n"};
  });
  const auto yaml = Yaml::parse(
      "scrape_configs: [{job_name: j, scrape_interval: 100ms, scrape_timeout: 100ms, static_configs: "
      "[{targets: ['" +
          slow.address() + "', '" + fast.address() + "']}]}]",
      "t.yml");
  ScrapeManager threaded(ScrapeSettings::from_yaml(yaml.value()).value(), store, rejects, real, metrics,
                         *logger);
  threaded.start();
  {
    std::unique_lock lock(seen_mutex);
    seen.wait(lock, [&] { return fast_scrapes >= 5 && !store.samples("a").empty(); });
  }
  threaded.stop();
  const auto up = store.samples("up{instance=\"" + fast.address() + "\"}");
  const auto a = store.samples("a");
  EXPECT_GE(up.size(), 4u);
  ASSERT_FALSE(a.empty());
  // Stopping writes no stale markers: what there is of them comes of scrapes that failed, as any may that the
  // computer held up for longer than its timeout.
  for (const auto& [time, value] : up) EXPECT_TRUE(value == 0 || value == 1) << time << ": " << value;
  for (const auto& [time, value] : a) {
    ASSERT_TRUE(up.contains(time)) << time;
    EXPECT_TRUE(up.at(time) == 1 ? value == 1 : is_stale_marker(value)) << time << ": " << value;
  }
  if (up.rbegin()->second == 1) {
    EXPECT_EQ(a.rbegin()->first, up.rbegin()->first);
  }
}

}  // namespace
}  // namespace trimtab
