// SPDX-License-Identifier: Apache-2.0
#include "store/remote_store.h"

#include <gtest/gtest.h>
#include <snappy.h>

#include <cmath>
#include <limits>

#include "base/http_testlib.h"
#include "store/remote_store_encode.h"
#include "store/remote_store_peer_testlib.h"

namespace trimtab {
namespace {

using Server = TestHttpServer;
constexpr TimestampMs kNow = 1'700'000'000'000;

struct RemoteTest : ::testing::Test {
  std::unique_ptr<RemoteStore> open(RemoteStoreOptions options) {
    options.backoff_min_ms = 1;
    options.backoff_max_ms = 2;
    options.close_timeout_ms = 100;
    auto store = RemoteStore::open(options, clock, metrics, *logger);
    EXPECT_TRUE(store) << store.error().message();
    return std::move(*store);
  }
  bool counted(const std::string& line) {
    return metrics.expose().find("\n" + line + "\n") != std::string::npos;
  }
  FakeClock clock{kNow};
  Metrics metrics;
  std::unique_ptr<Logger> logger = create_null_logger();
};

TEST(RemoteEncoder, bytes_are_those_of_the_protocol) {
  RemoteWriteEncoder encoder;
  const Sample sample{.series = SeriesId{0}, .timestamp_ms = 1, .value = 1};
  encoder.add_series(Labels{{"a", "b"}}, std::span(&sample, 1));
  std::string raw;
  const std::string packed = encoder.take_compressed();
  ASSERT_TRUE(snappy::Uncompress(packed.data(), packed.size(), &raw));
  // protoc --decode_raw reads these bytes as 1 { 1 { 1: "a" 2: "b" } 2 { 1: 0x3ff0000000000000 2: 1 } }.
  EXPECT_EQ(raw, std::string("\x0a\x15\x0a\x06\x0a\x01"
                             "a\x12\x01"
                             "b\x12\x0b\x09\0\0\0\0\0\0\xf0\x3f\x10\x01",
                             23));
}

TEST_F(RemoteTest, requests_carry_the_protocols_headers_tenant_and_credentials) {
  Server server([](const Server::Request&) { return Server::Response{.status = 204}; });
  const auto store =
      open({.url = server.url() + "/prefix/", .tenant = "team-a", .auth = {.bearer_token = "t0ken"}});
  const SeriesId id = store->ensure_series(Labels{{"__name__", "a"}}).value();
  EXPECT_EQ(store->ensure_series(Labels{{"__name__", "a"}}).value(), id);
  const std::vector<Sample> batch{
      {id, kNow, 1}, {id, kNow - 1000, 2}, {id, kNow + kDayMs, 3}, {SeriesId{99}, kNow, 3}};
  const auto outcome = store->append(batch);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->taken, 2u);
  EXPECT_EQ(outcome->future_refused, 1u);
  EXPECT_EQ(outcome->invalid_refused, 1u);
  ASSERT_TRUE(store->flush());
  const Server::Request request = server.requests().at(0);
  EXPECT_EQ(request.target, "/prefix/api/v1/write");
  EXPECT_EQ(request.headers.at("x-scope-orgid"), "team-a");
  EXPECT_EQ(request.headers.at("authorization"), "Bearer t0ken");
  EXPECT_EQ(request.headers.at("content-encoding"), "snappy");
  EXPECT_EQ(request.headers.at("x-prometheus-remote-write-version"), "0.1.0");
  EXPECT_TRUE(counted("trimtab_remote_sent_samples_total 2"));
}

TEST_F(RemoteTest, server_errors_are_tried_again_until_taken) {
  std::atomic<int> tries = 0;
  Server server([&](const Server::Request&) {
    const int n = ++tries;
    return Server::Response{.status = n == 1 ? 503 : n == 2 ? 429 : 200, .headers = {{"Retry-After", "1"}}};
  });
  const auto store = open({.url = server.url()});
  const SeriesId id = store->ensure_series(Labels{{"__name__", "a"}}).value();
  ASSERT_TRUE(store->append(std::vector<Sample>{{id, kNow, 1}}));
  EXPECT_TRUE(store->flush());
  EXPECT_EQ(tries, 3);
  EXPECT_EQ(server.requests()[0].body, server.requests()[2].body);
}

TEST_F(RemoteTest, what_the_engine_refuses_for_good_is_dropped_counted_and_reported_once) {
  Server server([](const Server::Request& r) {
    return Server::Response{.status = r.body.size() > 0 ? 400 : 200, .body = "out of bounds"};
  });
  const auto store = open({.url = server.url()});
  const SeriesId id = store->ensure_series(Labels{{"__name__", "a"}}).value();
  ASSERT_TRUE(store->append(std::vector<Sample>{{id, kNow, 1}}));
  const Status flushed = store->flush();
  ASSERT_FALSE(flushed);
  EXPECT_NE(flushed.error().message().find("out of bounds"), std::string::npos);
  EXPECT_TRUE(store->flush());
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_TRUE(counted("trimtab_remote_dropped_samples_total 1"));
}

TEST_F(RemoteTest, metadata_is_taken_while_the_engine_is_asked_for_its_statistics) {
  RemoteStore* asking = nullptr;
  std::atomic<bool> taken = false;
  Server server([&](const Server::Request& request) {
    if (!request.target.starts_with("/api/v1/status/tsdb")) return Server::Response{};
    taken = asking->set_metadata("a", {.type = MetricType::kGauge, .help = {}, .unit = {}}).has_value() &&
            asking->stats().series == 0;  // another who asks meanwhile does not wait
    return Server::Response{.body = R"({"data":{"headStats":{"numSeries":3}}})"};
  });
  // With one lock for both the answer waits for the time-out of the request that it is the answer to.
  const auto store = open({.url = server.url(), .read_timeout_ms = 10 * kSecondMs});
  asking = store.get();
  EXPECT_EQ(store->stats().series, 3U);
  EXPECT_TRUE(taken);
}

TEST_F(RemoteTest, a_full_queue_refuses_and_takes_again_when_it_empties) {
  std::atomic<bool> away = true;
  Server server([&](const Server::Request&) { return Server::Response{.status = away ? 503 : 200}; });
  const auto store = open({.url = server.url(), .queue_samples_max = 3});
  const SeriesId id = store->ensure_series(Labels{{"__name__", "a"}}).value();
  ASSERT_TRUE(store->append(std::vector<Sample>{{id, kNow, 1}, {id, kNow + 1, 1}}));
  const auto refused = store->append(std::vector<Sample>{{id, kNow + 2, 1}, {id, kNow + 3, 1}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kUnavailable);
  EXPECT_TRUE(store->append(std::vector<Sample>{{id, kNow + 2, 1}}));
  EXPECT_NE(store->write_refusal(), "");
  away = false;
  EXPECT_TRUE(store->flush());
  EXPECT_EQ(store->write_refusal(), "");
  EXPECT_TRUE(counted("trimtab_remote_sent_samples_total 3"));
}

TEST_F(RemoteTest, samples_that_could_not_be_sent_before_the_end_are_counted_as_lost) {
  Server server([](const Server::Request&) { return Server::Response{.status = 503}; });
  auto store = open({.url = server.url()});
  const SeriesId id = store->ensure_series(Labels{{"__name__", "a"}}).value();
  ASSERT_TRUE(store->append(std::vector<Sample>{{id, kNow, 1}}));
  store.reset();
  EXPECT_TRUE(counted("trimtab_remote_lost_samples_total 1"));
}

TEST_F(RemoteTest, answers_that_lie_or_break_are_errors) {
  std::string body;
  int status = 200;
  Server server([&](const Server::Request& r) {
    if (r.target.ends_with("/export")) return Server::Response{.status = 404};
    if (r.target.ends_with("/series")) {
      return Server::Response{.body = R"({"status":"success","data":[{"__name__":"a"}]})"};
    }
    return Server::Response{.status = status, .body = body};
  });
  const auto store = open({.url = server.url(), .response_bytes_max = 10'000});
  const auto read = [&] {
    const auto set = store->select({Matcher::equal("__name__", "a")}, {kNow - 1000, kNow});
    SampleBuffer buffer;
    return set ? (*set)->read(0, {kNow - 1000, kNow}, buffer) : Status(detail::error_of(set.error()));
  };
  for (const char* bad :
       {"", "<html>", "{}", R"({"data":{"result":[{"metric":{"__name__":"a"},"values":[["x","y"]]}]}})",
        R"({"data":{"result":[{"metric":{"__name__":"a"},"values":[[1700000000,"y"]]}]}})",
        R"({"data":{"result":[{"metric":{"__name__":1}}]}})", R"({"data":{"result":[{)"}) {
    body = bad;
    EXPECT_FALSE(read()) << bad;
  }
  body = std::string(20'000, ' ');
  EXPECT_EQ(read().error().code(), ErrorCode::kLimit);
  status = 401;
  body = "who are you";
  EXPECT_EQ(read().error().code(), ErrorCode::kDenied);
  EXPECT_EQ(RemoteStore::open({.url = "ftp://x"}, clock, metrics, *logger).error().code(),
            ErrorCode::kInvalid);
}

TEST_F(RemoteTest, reads_stay_within_their_bounds) {
  Server server([&](const Server::Request& r) {
    if (r.target.ends_with("/export")) return Server::Response{.status = 404};
    if (r.target.ends_with("/series")) {
      return Server::Response{.body = R"({"data":[{"__name__":"a"},{"__name__":"a","x":"1"}]})"};
    }
    return Server::Response{
        .body =
            R"({"data":{"result":[{"metric":{"__name__":"a"},"values":[[1699999999,"1"],[1699999999.5,"2"],[1700000000,"3"]]}]}})"};
  });
  const auto store = open({.url = server.url()});
  EXPECT_EQ(store->select({Matcher::equal("__name__", "a")}, {}, {.series_max = 1}).error().code(),
            ErrorCode::kLimit);
  const auto set = store->select({Matcher::equal("__name__", "a")}, {kNow - 1000, kNow}, {.samples_max = 2});
  SampleBuffer buffer;
  EXPECT_EQ((*set)->read(0, {kNow - 1000, kNow}, buffer).error().code(), ErrorCode::kLimit);
  const auto fits = store->select({Matcher::equal("__name__", "a")}, {kNow - 1000, kNow}, {.samples_max = 3});
  ASSERT_TRUE((*fits)->read(0, {kNow - 500, kNow}, buffer));
  EXPECT_EQ(buffer.timestamps_ms, (std::vector<TimestampMs>{kNow - 500, kNow}));
  EXPECT_EQ(buffer.values, (std::vector<double>{2, 3}));
}

TEST(RemoteOptions, read_strictly_and_show_no_secret) {
  const auto read = [](std::string_view text) {
    return RemoteStoreOptions::from_yaml(Yaml::parse(text, "t.yml").value());
  };
  const auto options = read(
      "{url: 'https://h/p', tenant: t, external_labels: {region: eu}, bearer_token: x, read_timeout: 5s}");
  ASSERT_TRUE(options) << options.error().message();
  EXPECT_EQ(options->external_labels, (std::vector<Label>{{"region", "eu"}}));
  EXPECT_EQ(options->read_timeout_ms, 5000);
  for (const char* bad :
       {"{}", "{url: 'ftp://x'}", "{url: 'http://x', oops: 1}", "{url: 'http://x', queue_samples_max: 1}"}) {
    EXPECT_FALSE(read(bad)) << bad;
  }
}

// The same story with each real engine: what was written comes back, names and bounds hold.
class PeerTest : public RemoteTest {
 protected:
  void SetUp() override { clock.set(SystemClock().now_ms() / 1000 * 1000); }
  void write_and_read(PeerProcess& peer, const std::string& after_write) {
    const auto store = open({.url = peer.url()});
    const TimestampMs from = clock.now_ms() - 10 * kMinuteMs;
    const SeriesId a =
        store->ensure_series(Labels{{"__name__", "trimtab_a"}, {"quote", "x\"y\\z"}, {"zone", "1"}}).value();
    const SeriesId b = store->ensure_series(Labels{{"__name__", "trimtab_a"}, {"zone", "2"}}).value();
    std::vector<Sample> batch;
    std::vector<double> values;
    for (int i = 0; i < 40; ++i) {
      values.push_back(i == 7 ? std::numeric_limits<double>::infinity()
                              : i / 10.0);  // plain decimals: VictoriaMetrics rounds
      batch.push_back({a, from + i * 15 * kSecondMs, values.back()});
      batch.push_back({b, from + i * 15 * kSecondMs, 100.0 * i});
    }
    ASSERT_TRUE(store->append(batch));
    const Status flushed = store->flush();
    ASSERT_TRUE(flushed) << flushed.error().message();
    if (!after_write.empty()) {
      ASSERT_TRUE(HttpClient().send({.url = peer.url() + after_write}));
    }

    const Matchers matchers{Matcher::equal("__name__", "trimtab_a")};
    const TimeRange range{from, clock.now_ms()};
    const auto set = store->select(matchers, {});
    ASSERT_TRUE(set) << set.error().message();
    ASSERT_EQ((*set)->size(), 2u);
    EXPECT_EQ((*set)->id(0), a);
    SampleBuffer buffer;
    const Status read = (*set)->read(0, range, buffer);
    ASSERT_TRUE(read) << read.error().message();
    EXPECT_EQ(buffer.values, values);
    EXPECT_EQ(buffer.timestamps_ms.at(1), from + 15 * kSecondMs);

    const auto matrix = store->aligned({Matcher::equal("zone", "2")},
                                       {from + kMinuteMs, from + 2 * kMinuteMs}, kMinuteMs, Align::kIncrease);
    ASSERT_TRUE(matrix) << matrix.error().message();
    EXPECT_EQ(matrix->values, (std::vector<double>{400, 400}));
    EXPECT_EQ(store->label_values("zone", matchers, range).value(), (std::vector<std::string>{"1", "2"}));
    EXPECT_EQ(store->label_names(matchers, range).value(),
              (std::vector<std::string>{"__name__", "quote", "zone"}));
    EXPECT_TRUE(store->select({Matcher::equal("__name__", "nothing_here")}, range).value()->size() == 0);
    remove(*store, matchers);
  }
  virtual void remove(RemoteStore& store, const Matchers& matchers) = 0;
};

class VictoriaMetricsTest : public PeerTest {
  void remove(RemoteStore& store, const Matchers& matchers) override {
    EXPECT_EQ(store.remove(matchers, {clock.now_ms() - 1000, clock.now_ms()}).error().code(),
              ErrorCode::kInvalid);
    EXPECT_EQ(store.remove(matchers, {}).value(), 2u);
    EXPECT_EQ(store.select(matchers, {}).value()->size(), 0u);
  }
};

class PrometheusTest : public PeerTest {
  void remove(RemoteStore& store, const Matchers& matchers) override {
    EXPECT_EQ(store.remove(matchers, {}).error().code(), ErrorCode::kInvalid);  // the admin API is off
  }
};

TEST_F(VictoriaMetricsTest, samples_written_to_victoriametrics_come_back) {
  const auto peer = PeerProcess::start(
      "victoria-metrics",
      {"-storageDataPath={dir}/data", "-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"},
      "/health");
  ASSERT_TRUE(peer) << "victoria-metrics is not on PATH (packages.txt), or does not start";
  write_and_read(*peer, "/internal/force_flush");
}

TEST_F(PrometheusTest, samples_written_to_prometheus_come_back) {
  const auto peer =
      PeerProcess::start("prometheus",
                         {"--config.file={dir}/prometheus.yml", "--storage.tsdb.path={dir}/data",
                          "--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver"},
                         "/-/ready");
  ASSERT_TRUE(peer) << "prometheus is not on PATH (packages.txt), or does not start";
  write_and_read(*peer, "");
}

}  // namespace
}  // namespace trimtab
