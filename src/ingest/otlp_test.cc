// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include <bit>
#include <cmath>

#include "ingest/classic_buckets.h"
#include "ingest/otlp_converter.h"
#include "ingest/otlp_naming.h"
#include "ingest/otlp_testlib.h"
#include "ingest/receiver_testlib.h"

namespace trimtab {
namespace {

using namespace wire_test;
using Samples = std::map<TimestampMs, double>;

constexpr std::string_view kProto = "application/x-protobuf";
constexpr std::string_view kJson = "application/json";
constexpr int kDelta = 1;
constexpr int kCumulative = 2;

Result<ReceiveOutcome> send(Rig& rig, const std::string& message) {
  return rig.receiver.otlp_metrics(kProto, "", message);
}
Result<ReceiveOutcome> send_json(Rig& rig, const std::string& message) {
  return rig.receiver.otlp_metrics(kJson, "", message);
}

bool is_stale_at(const Rig& rig, std::string_view series, TimestampMs time) {
  const Samples samples = rig.store.samples(series);
  const auto it = samples.find(time);
  return it != samples.end() && is_stale_marker(it->second);
}

TEST(OtlpNaming, metric_names_follow_the_specification) {
  struct Case {
    std::string_view name, unit;
    OtlpNameKind kind;
    std::string_view expected;
  };
  for (const auto& [name, unit, kind, expected] : {
           Case{"http.server.duration", "s", OtlpNameKind::kOther, "http_server_duration_seconds"},
           Case{"system.network.io", "By", OtlpNameKind::kCounter, "system_network_io_bytes_total"},
           Case{"system.cpu.utilization", "1", OtlpNameKind::kGauge, "system_cpu_utilization_ratio"},
           Case{"system.cpu.utilization", "1", OtlpNameKind::kOther, "system_cpu_utilization"},
           Case{"disk.speed", "By/s", OtlpNameKind::kGauge, "disk_speed_bytes_per_second"},
           Case{"packets", "{packet}/s", OtlpNameKind::kGauge, "packets_per_second"},
           Case{"requests", "{request}", OtlpNameKind::kCounter, "requests_total"},
           Case{"requests_total", "", OtlpNameKind::kCounter, "requests_total"},
           Case{"total.requests", "", OtlpNameKind::kCounter, "requests_total"},
           Case{"memory_bytes", "By", OtlpNameKind::kGauge, "memory_bytes"},
           Case{"a..b__c-d", "", OtlpNameKind::kGauge, "a_b_c_d"},
           Case{"2xx", "", OtlpNameKind::kGauge, "_2xx"},
           Case{"x", "m/s", OtlpNameKind::kGauge, "x_meters_per_second"},
           Case{"x", "foo/bar", OtlpNameKind::kGauge, "x_foo_per_bar"},
           Case{"x", "%", OtlpNameKind::kGauge, "x_percent"},
           Case{"rule:x", "ms", OtlpNameKind::kGauge, "rule:x_milliseconds"},
           Case{"ü", "", OtlpNameKind::kGauge, ""},
       }) {
    EXPECT_EQ(otlp_metric_name(name, unit, kind), expected) << name << " " << unit;
  }
}

TEST(OtlpNaming, label_names_follow_the_specification) {
  EXPECT_EQ(otlp_label_name("http.method"), "http_method");
  EXPECT_EQ(otlp_label_name("1st"), "key_1st");
  EXPECT_EQ(otlp_label_name("_private"), "key_private");
  EXPECT_EQ(otlp_label_name("__reserved__"), "__reserved__");
  EXPECT_EQ(otlp_label_name("a:b"), "a_b");
  EXPECT_EQ(otlp_label_name(""), "");
}

TEST(Otlp, gauges_carry_target_scope_and_attributes) {
  const std::string labels =
      "temp_celsius{instance=\"i-1\", job=\"shop/cart\", otel_scope_name=\"lib\", "
      "otel_scope_version=\"1.2\", "
      "room_no=\"7\"}";
  const std::string info = "target_info{host_name=\"h\", instance=\"i-1\", job=\"shop/cart\"}";
  const auto check = [&](Rig& rig, const Result<ReceiveOutcome>& outcome) {
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->appended.taken, 3u);
    EXPECT_EQ(rig.store.samples(labels), (Samples{{1000, 21.5}, {2000, -3}}));
    EXPECT_EQ(rig.store.samples(info), (Samples{{2000, 1}}));
    EXPECT_EQ(rig.store.metadata().at("temp_celsius"),
              (MetricMetadata{MetricType::kGauge, "Help for temp.", "celsius"}));
  };
  Rig proto;
  check(
      proto,
      send(proto,
           otlp_request(
               {{"service.name", "cart"},
                {"service.namespace", "shop"},
                {"service.instance.id", "i-1"},
                {"host.name", "h"}},
               {metric("temp", "Cel", 5,
                       gauge({number_point({.value = 21.5, .time_s = 1, .attributes = {{"room.no", "7"}}}),
                              number_point({.value = -3, .time_s = 2, .attributes = {{"room.no", "7"}}})}))},
               "lib", "1.2")));
  Rig json;
  check(json, send_json(json, R"({"resourceMetrics":[{"resource":{"attributes":[
      {"key":"service.name","value":{"stringValue":"cart"}},{"key":"service.namespace","value":{"stringValue":"shop"}},
      {"key":"service.instance.id","value":{"stringValue":"i-1"}},{"key":"host.name","value":{"stringValue":"h"}}],
      "droppedAttributesCount":0},"unknownKey":{"a":[1]},
    "scopeMetrics":[{"scope":{"name":"lib","version":"1.2"},"metrics":[{"name":"temp","description":"Help for temp.","unit":"Cel",
      "gauge":{"dataPoints":[
        {"timeUnixNano":"1000000000","asDouble":21.5,"attributes":[{"key":"room.no","value":{"intValue":"7"}}]},
        {"timeUnixNano":2000000000,"asInt":"-3","attributes":[{"key":"room.no","value":{"intValue":7}}]}]}}]}]}]})"));
}

TEST(Otlp, json_keys_are_taken_in_snake_case_too) {
  Rig rig;
  const auto outcome = send_json(rig, R"({"resource_metrics":[{"scope_metrics":[{"metrics":[{"name":"n",
      "sum":{"aggregation_temporality":"AGGREGATION_TEMPORALITY_CUMULATIVE","is_monotonic":true,
      "data_points":[{"time_unix_nano":"5000000000","as_int":4}]}}]}]}]})");
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(rig.store.samples("n_total"), (Samples{{5000, 4}}));
}

TEST(Otlp, integers_flags_and_special_doubles_are_read) {
  Rig rig;
  ProtoWriter integer;
  integer.fixed64(3, 1 * kSecondNs).fixed64(6, static_cast<std::uint64_t>(-42));
  ProtoWriter stale;
  stale.fixed64(3, 2 * kSecondNs).varint(8, 1);
  ProtoWriter zero;
  zero.fixed64(3, 3 * kSecondNs).float64(4, 0);
  ASSERT_TRUE(send(rig, otlp_request({}, {metric("g", "", 5, gauge({integer, stale, zero}))})));
  EXPECT_EQ(rig.store.samples("g").at(1000), -42);
  EXPECT_TRUE(is_stale_at(rig, "g", 2000));
  EXPECT_EQ(rig.store.samples("g").at(3000), 0);
  ASSERT_TRUE(
      send_json(rig, R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"j","gauge":{"dataPoints":[
      {"timeUnixNano":"1000000000","asDouble":"NaN"},{"timeUnixNano":"2000000000","asDouble":"-Infinity"},
      {"timeUnixNano":"3000000000","flags":1}]}}]}]}]})"));
  EXPECT_TRUE(std::isnan(rig.store.samples("j").at(1000)));
  EXPECT_EQ(rig.store.samples("j").at(2000), -HUGE_VAL);
  EXPECT_TRUE(is_stale_at(rig, "j", 3000));
}

TEST(Otlp, sums_are_named_by_their_kind) {
  Rig rig;
  const auto point = number_point({.value = 5, .time_s = 1});
  ASSERT_TRUE(send(rig, otlp_request({}, {metric("req", "1", 7, sum({point}, kCumulative, true)),
                                          metric("queue", "1", 7, sum({point}, kCumulative, false))})));
  EXPECT_EQ(rig.store.series(), (std::vector<std::string>{"queue", "req_total"}));
  EXPECT_EQ(rig.store.metadata().at("req_total").type, MetricType::kCounter);
  EXPECT_EQ(rig.store.metadata().at("queue").type, MetricType::kGauge);
}

TEST(Otlp, deltas_add_up_per_stream) {
  Rig rig;
  const auto at = [&](double value, std::uint64_t start, std::uint64_t time, const std::string& who) {
    return send(rig, otlp_request({}, {metric("req", "", 7,
                                              sum({number_point({.value = value,
                                                                 .time_s = time,
                                                                 .start_s = start,
                                                                 .attributes = {{"who", who}}})},
                                                  kDelta, true))}));
  };
  ASSERT_TRUE(at(5, 0, 10, "a"));
  ASSERT_TRUE(at(3, 10, 20, "a"));
  ASSERT_TRUE(at(100, 10, 20, "b"));
  ASSERT_TRUE(at(2, 30, 40, "a"));  // a gap: the sender was away, what it counted before stays counted
  EXPECT_EQ(rig.store.samples("req_total{who=\"a\"}"), (Samples{{10000, 5}, {20000, 8}, {40000, 10}}));
  EXPECT_EQ(rig.store.samples("req_total{who=\"b\"}"), (Samples{{20000, 100}}));
}

TEST(Otlp, deltas_that_do_not_follow_are_rejected) {
  Rig rig;
  const auto at = [&](double value, std::uint64_t start, std::uint64_t time) {
    return send(
        rig, otlp_request({}, {metric("req", "", 7,
                                      sum({number_point({.value = value, .time_s = time, .start_s = start})},
                                          kDelta, true))}));
  };
  ASSERT_TRUE(at(5, 10, 20));
  for (const auto& [start, time] :
       std::vector<std::pair<std::uint64_t, std::uint64_t>>{{10, 20}, {5, 15}, {15, 25}, {0, 20}}) {
    const auto outcome = at(1, start, time);
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->samples_rejected, 1u) << start << " " << time;
  }
  EXPECT_EQ(rig.rejects.count(RejectReason::kDeltaOutOfOrder), 4u);
  ASSERT_TRUE(at(2, 20, 30));
  EXPECT_EQ(rig.store.samples("req_total"), (Samples{{20000, 5}, {30000, 7}}));
}

TEST(Otlp, a_refused_request_of_deltas_can_be_sent_again) {
  Rig rig;
  const auto request = [&](std::uint64_t time) {
    return otlp_request({}, {metric("req", "", 7,
                                    sum({number_point({.value = 4, .time_s = time}),
                                         number_point({.value = 4, .time_s = time + 1})},
                                        kDelta, true))});
  };
  rig.store.refusal = "disk full";
  EXPECT_EQ(send(rig, request(10)).error().code(), ErrorCode::kUnavailable);
  rig.store.refusal.clear();
  ASSERT_TRUE(send(rig, request(10)));
  rig.store.refusal = "disk full";
  EXPECT_FALSE(send(rig, request(20)));
  rig.store.refusal.clear();
  const auto outcome = send(rig, request(20));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->samples_rejected, 0u);
  EXPECT_EQ(rig.store.samples("req_total"), (Samples{{10000, 4}, {11000, 8}, {20000, 12}, {21000, 16}}));
}

TEST(Otlp, the_stream_quiet_longest_is_forgotten_at_the_bound) {
  Rig rig({.delta_streams_max = 2});
  const auto at = [&](const std::string& who, std::uint64_t time) {
    ASSERT_TRUE(send(
        rig,
        otlp_request({}, {metric("r", "", 7,
                                 sum({number_point({.value = 1, .time_s = time, .attributes = {{"w", who}}})},
                                     kDelta, true))})));
  };
  at("a", 1), at("b", 2), at("a", 3), at("c", 4), at("a", 5), at("b", 6);
  EXPECT_EQ(rig.store.samples("r_total{w=\"a\"}"), (Samples{{1000, 1}, {3000, 2}, {5000, 3}}));
  EXPECT_EQ(rig.store.samples("r_total{w=\"b\"}"), (Samples{{2000, 1}, {6000, 1}}));
  EXPECT_EQ(rig.metrics.counter("trimtab_otlp_delta_streams_evicted_total", "").value(), 2);
}

TEST(Otlp, unspecified_temporality_is_rejected) {
  Rig rig;
  const auto outcome = send(
      rig,
      otlp_request({}, {metric("r", "", 7, sum({number_point({.value = 1})}, 0, true)),
                        metric("h", "", 9, histogram({histogram_point({.counts = {1}, .bounds = {}})}, 0))}));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->samples_rejected, 2u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kUnsupportedPoint), 2u);
}

TEST(Otlp, explicit_histograms_become_classic_ones) {
  const auto check = [](Rig& rig, const Result<ReceiveOutcome>& outcome) {
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(rig.store.samples("d_seconds_bucket{le=\"0.005\"}"), (Samples{{7000, 1}}));
    EXPECT_EQ(rig.store.samples("d_seconds_bucket{le=\"10\"}"), (Samples{{7000, 3}}));
    EXPECT_EQ(rig.store.samples("d_seconds_bucket{le=\"+Inf\"}"), (Samples{{7000, 6}}));
    EXPECT_EQ(rig.store.samples("d_seconds_count"), (Samples{{7000, 6}}));
    EXPECT_EQ(rig.store.samples("d_seconds_sum"), (Samples{{7000, 44.5}}));
    EXPECT_EQ(rig.store.metadata().at("d_seconds").type, MetricType::kHistogram);
  };
  Rig proto;
  check(
      proto,
      send(proto,
           otlp_request(
               {},
               {metric("d", "s", 9,
                       histogram({histogram_point(
                                     {.counts = {1, 2, 3}, .bounds = {0.005, 10}, .sum = 44.5, .time_s = 7})},
                                 kCumulative))})));
  Rig json;
  check(
      json,
      send_json(json, R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"d","unit":"s","histogram":{
      "aggregationTemporality":2,"dataPoints":[{"timeUnixNano":"7000000000","count":"6","sum":44.5,
      "bucketCounts":["1","2",3],"explicitBounds":[0.005,10],"min":0.001,"max":20}]}}]}]}]})"));
}

TEST(Otlp, delta_histograms_add_up) {
  Rig rig;
  for (const std::uint64_t time : {10, 20}) {
    ASSERT_TRUE(send(
        rig,
        otlp_request(
            {},
            {metric("d", "", 9,
                    histogram({histogram_point({.counts = {1, 2}, .bounds = {1}, .sum = 5, .time_s = time})},
                              kDelta))})));
  }
  EXPECT_EQ(rig.store.samples("d_bucket{le=\"1\"}"), (Samples{{10000, 1}, {20000, 2}}));
  EXPECT_EQ(rig.store.samples("d_count"), (Samples{{10000, 3}, {20000, 6}}));
  EXPECT_EQ(rig.store.samples("d_sum"), (Samples{{10000, 5}, {20000, 10}}));
}

TEST(Otlp, a_histogram_without_recorded_value_is_stale_everywhere) {
  Rig rig;
  ASSERT_TRUE(send(
      rig, otlp_request({}, {metric("d", "", 9,
                                    histogram({histogram_point({.counts = {}, .bounds = {1}, .flags = 1})},
                                              kCumulative))})));
  for (const std::string series : {"d_bucket{le=\"1\"}", "d_bucket{le=\"+Inf\"}", "d_count", "d_sum"}) {
    EXPECT_TRUE(is_stale_at(rig, series, 1000)) << series;
  }
}

TEST(Otlp, histograms_that_contradict_themselves_are_rejected_alone) {
  const std::vector<HistogramPoint> bad{{.counts = {1, 2}, .bounds = {1, 2}},
                                        {.counts = {1, 2, 3}, .bounds = {2, 1}},
                                        {.counts = {1, 2, 3}, .bounds = {1, 1}},
                                        {.counts = {1, 2}, .bounds = {std::nan("")}},
                                        {.counts = {1, 2}, .bounds = {HUGE_VAL}},
                                        {.counts = std::vector<std::uint64_t>(5000, 1), .bounds = {}}};
  for (const HistogramPoint& point : bad) {
    Rig rig;
    const auto outcome = send(
        rig,
        otlp_request(
            {}, {metric("d", "", 9,
                        histogram({histogram_point(point), histogram_point({.counts = {1}, .bounds = {}})},
                                  kCumulative))}));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->samples_rejected, 1u);
    EXPECT_EQ(rig.rejects.count(RejectReason::kUnsupportedPoint), 1u);
    EXPECT_EQ(rig.store.samples("d_count"), (Samples{{1000, 1}}));
  }
}

TEST(Otlp, exponential_histograms_keep_their_bounds_when_the_scale_changes) {
  Rig rig;
  // The same three observations (1.1, 3, 3) at scale 4 and at scale 2, which is the grid.
  const auto index = [](double value, int scale) {
    return static_cast<int>(std::ceil(std::log2(value) * std::ldexp(1, scale))) - 1;
  };
  for (const int scale : {4, 2}) {
    const int low = index(1.1, scale);
    const int high = index(3, scale);
    std::vector<std::uint64_t> counts(static_cast<std::size_t>(high - low + 1));
    counts.front() = 1;
    counts.back() = 2;
    ASSERT_TRUE(send(
        rig,
        otlp_request({}, {metric("e", "", 10,
                                 histogram({exponential_point({.scale = scale,
                                                               .zero_count = 4,
                                                               .positive_offset = low,
                                                               .positive = counts,
                                                               .sum = 7.1,
                                                               .time_s = static_cast<std::uint64_t>(scale)})},
                                           kCumulative))})));
  }
  for (const std::string& series : rig.store.series())
    EXPECT_EQ(rig.store.samples(series).size(), 2u) << series;
  EXPECT_EQ(rig.store.samples("e_bucket{le=\"0\"}"), (Samples{{2000, 4}, {4000, 4}}));
  EXPECT_EQ(rig.store.samples("e_bucket{le=\"2\"}"), (Samples{{2000, 5}, {4000, 5}}));
  EXPECT_EQ(rig.store.samples("e_bucket{le=\"+Inf\"}"), (Samples{{2000, 7}, {4000, 7}}));
  EXPECT_EQ(rig.store.samples("e_count"), (Samples{{2000, 7}, {4000, 7}}));
}

TEST(ClassicBuckets, exponential_buckets_hold_what_the_point_holds) {
  OtlpPoint point;
  point.scale = 0;
  point.zero_count = 2;
  point.positive = {0, {3, 0, 5}};  // (1,2] 3, (4,8] 5
  point.negative = {1, {7}};        // [-4,-2) 7
  std::vector<ClassicBucket> buckets;
  ASSERT_TRUE(exponential_buckets(point, buckets).valid);
  std::vector<std::pair<double, double>> got;
  for (const ClassicBucket& bucket : buckets) got.emplace_back(bucket.upper_bound, bucket.count);
  EXPECT_EQ(got, (std::vector<std::pair<double, double>>{{-2, 7}, {0, 2}, {1, 0}, {2, 3}, {4, 0}, {8, 5}}));
}

TEST(ClassicBuckets, their_number_is_bounded_and_nothing_is_lost) {
  OtlpPoint point;
  for (const int scale : {-11, -3, 0, 2, 5, 20}) {
    for (const int offset : {INT32_MIN, -1000, 0, 1000, INT32_MAX}) {
      point.scale = scale;
      point.positive = {offset, std::vector<std::uint64_t>(4000, 1)};
      point.negative = {offset, std::vector<std::uint64_t>(4000, 1)};
      std::vector<ClassicBucket> buckets;
      ASSERT_TRUE(exponential_buckets(point, buckets).valid);
      EXPECT_LE(buckets.size(), 2u * kGridBucketsMax + 2);
      double total = 0;
      for (std::size_t i = 0; i < buckets.size(); ++i) {
        total += buckets[i].count;
        if (i > 0) {
          EXPECT_LT(buckets[i - 1].upper_bound, buckets[i].upper_bound);
        }
      }
      EXPECT_LE(total, 8000);
    }
  }
  point.scale = 21;
  std::vector<ClassicBucket> buckets;
  EXPECT_FALSE(exponential_buckets(point, buckets).valid);
}

TEST(Otlp, summaries_become_quantile_series) {
  ProtoWriter point;
  point.fixed64(3, 9 * kSecondNs).fixed64(4, 12).float64(5, 3.5);
  point.message(6, ProtoWriter().float64(1, 0.99).float64(2, 0.7)).message(6, ProtoWriter().float64(2, 0.1));
  const auto check = [](Rig& rig, const Result<ReceiveOutcome>& outcome) {
    ASSERT_TRUE(outcome);
    EXPECT_EQ(rig.store.samples("s{quantile=\"0.99\"}"), (Samples{{9000, 0.7}}));
    EXPECT_EQ(rig.store.samples("s{quantile=\"0\"}"), (Samples{{9000, 0.1}}));
    EXPECT_EQ(rig.store.samples("s_count"), (Samples{{9000, 12}}));
    EXPECT_EQ(rig.store.samples("s_sum"), (Samples{{9000, 3.5}}));
  };
  Rig proto;
  check(proto, send(proto, otlp_request({}, {metric("s", "", 11, gauge({point}))})));
  Rig json;
  check(json,
        send_json(json,
                  R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"s","summary":{"dataPoints":[
      {"timeUnixNano":"9000000000","count":12,"sum":3.5,"quantileValues":[{"quantile":0.99,"value":0.7},{"value":0.1}]}]}}]}]}]})"));
}

TEST(Otlp, attribute_values_of_every_kind_become_text) {
  Rig proto;
  ProtoWriter list;
  list.message(1, text_value("x"))
      .message(1, ProtoWriter().varint(3, 5))
      .message(1, ProtoWriter().float64(4, 0.5));
  ProtoWriter map;
  map.message(1, attribute("k", ProtoWriter().varint(2, 1)));
  ProtoWriter point = number_point({.value = 1});
  point.message(7, attribute("b", ProtoWriter().varint(2, 1)))
      .message(7, attribute("i", ProtoWriter().varint(3, static_cast<std::uint64_t>(-7))));
  point.message(7, attribute("d", ProtoWriter().float64(4, 1.5)))
      .message(7, attribute("y", ProtoWriter().bytes(7, "hi!?")));
  point.message(7, attribute("l", ProtoWriter().message(5, list)))
      .message(7, attribute("m", ProtoWriter().message(6, map)));
  point.message(7, attribute("empty", ProtoWriter()));
  ASSERT_TRUE(send(proto, otlp_request({}, {metric("g", "", 5, gauge({point}))})));
  const std::string expected =
      R"(g{b="true", d="1.5", i="-7", l="[\"x\",5,0.5]", m="{\"k\":true}", y="aGkhPw=="})";
  EXPECT_EQ(proto.store.series(), (std::vector<std::string>{expected}));
  Rig json;
  ASSERT_TRUE(send_json(
      json,
      R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":1000000000,"asInt":1,
      "attributes":[{"key":"b","value":{"boolValue":true}},{"key":"i","value":{"intValue":"-7"}},{"key":"d","value":{"doubleValue":1.5}},
      {"key":"y","value":{"bytesValue":"aGkhPw=="}},{"key":"empty","value":{}},
      {"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"},{"intValue":5},{"doubleValue":0.5}]}}},
      {"key":"m","value":{"kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}}]}}}]}]}}]}]}]})"));
  EXPECT_EQ(json.store.series(), (std::vector<std::string>{expected}));
}

TEST(Otlp, attributes_that_meet_under_one_label_are_joined_and_order_does_not_matter) {
  Rig rig;
  const auto with = [&](const Attributes& attributes, std::uint64_t time) {
    ASSERT_TRUE(send(
        rig, otlp_request(
                 {{"service.name", "j"}},
                 {metric("g", "", 5,
                         gauge({number_point({.value = 1, .time_s = time, .attributes = attributes})}))})));
  };
  with({{"a.b", "2"}, {"a_b", "3"}, {"job", "ignored"}, {"c", "x"}}, 1);
  with({{"c", "x"}, {"a_b", "3"}, {"a.b", "2"}}, 2);
  EXPECT_EQ(rig.store.samples("g{a_b=\"2;3\", c=\"x\", job=\"j\"}").size(), 2u);
  EXPECT_EQ(rig.store.stats().series, 1u);
}

TEST(Otlp, bad_points_do_not_lose_the_good_ones) {
  Rig rig;
  ProtoWriter no_time;
  no_time.float64(4, 1);
  ProtoWriter no_value;
  no_value.fixed64(3, kSecondNs);
  Attributes many;
  for (int i = 0; i < 600; ++i) many.emplace_back("a" + std::to_string(i), "v");
  const auto outcome = send(
      rig, otlp_request(
               {}, {metric("g", "", 5,
                           gauge({no_time, no_value, number_point({.value = 1, .attributes = many}),
                                  number_point({.value = 1, .attributes = {{"x", std::string(5000, 'v')}}}),
                                  number_point({.value = 1, .attributes = {{"x", "\xff"}}}),
                                  number_point({.value = 2})})),
                    metric("...", "", 5, gauge({number_point({.value = 1})}))}));
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->appended.taken, 1u);
  EXPECT_EQ(outcome->samples_rejected, 6u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kInvalidTimestamp), 1u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kInvalidValue), 1u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kLabelLimit), 2u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kInvalidLabels), 2u);
  EXPECT_EQ(rig.store.samples("g"), (Samples{{1000, 2}}));
}

TEST(Otlp, a_body_cut_at_any_byte_is_malformed_or_whole_messages) {
  const std::string whole = otlp_request({{"service.name", "a"}},
                                         {metric("g", "s", 5, gauge({number_point({.value = 1})}))}, "scope");
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    Rig rig;
    const auto outcome = send(rig, whole.substr(0, cut));
    ASSERT_FALSE(outcome) << cut;
    EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalid);
    EXPECT_EQ(rig.store.append_calls, 0u);
  }
}

TEST(Otlp, json_that_is_none_or_of_wrong_types_is_malformed) {
  for (
      const std::string body :
      {"", "{", "[]", "3", "{\"resourceMetrics\":3}", "{\"resourceMetrics\":[3]}",
       "{\"resourceMetrics\":[{\"scopeMetrics\":{}}]}",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":5}]}]}]})",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":"x"}]}}]}]}]})",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":-1}]}}]}]}]})",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":1,"asInt":1.5}]}}]}]}]})",
       R"({"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[{"timeUnixNano":1,"asDouble":"abc"}]}}]}]}]})",
       "{\"resourceMetrics\":[]} trailing", "{\"a\":\"\xff\"}"}) {
    Rig rig;
    const auto outcome = send_json(rig, body);
    ASSERT_FALSE(outcome) << body;
    EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalid) << body;
  }
  Rig rig;
  EXPECT_TRUE(send_json(rig, "{}"));
  EXPECT_TRUE(send(rig, ""));
}

TEST(Otlp, deep_values_are_bounded) {
  ProtoWriter value = text_value("x");
  std::string json = R"({"stringValue":"x"})";
  for (int i = 0; i < 100; ++i) {
    value = ProtoWriter().message(5, ProtoWriter().message(1, value));
    json = R"({"arrayValue":{"values":[)" + json + "]}}";
  }
  Rig rig;
  ProtoWriter point = number_point({.value = 1});
  point.message(7, attribute("deep", value));
  EXPECT_EQ(send(rig, otlp_request({}, {metric("g", "", 5, gauge({point}))})).error().code(),
            ErrorCode::kInvalid);
  const std::string body =
      R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"deep","value":)" + json + "}]}}]}";
  EXPECT_EQ(send_json(rig, body).error().code(), ErrorCode::kInvalid);
}

std::string gzip(std::string_view bytes) {
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::string out(libdeflate_gzip_compress_bound(compressor, bytes.size()), '\0');
  out.resize(libdeflate_gzip_compress(compressor, bytes.data(), bytes.size(), out.data(), out.size()));
  libdeflate_free_compressor(compressor);
  return out;
}
std::string zlib(std::string_view bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  compress(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()),
           bytes.size());
  out.resize(size);
  return out;
}
std::string zstd(std::string_view bytes) {
  std::string out(ZSTD_compressBound(bytes.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), bytes.data(), bytes.size(), 3));
  return out;
}

TEST(Otlp, every_content_encoding_is_taken) {
  const std::string message = otlp_request({}, {metric("g", "", 5, gauge({number_point({.value = 1})}))});
  const std::string half = message.substr(0, 10);
  const std::string rest = message.substr(10);
  for (const auto& [encoding, body] :
       std::vector<std::pair<std::string, std::string>>{{"", message},
                                                        {"identity", message},
                                                        {"gzip", gzip(message)},
                                                        {"GZIP", gzip(message)},
                                                        {"gzip", gzip(half) + gzip(rest)},
                                                        {"deflate", zlib(message)},
                                                        {"deflate", zlib(message).substr(2)},
                                                        {"zstd", zstd(message)},
                                                        {"zstd", zstd(half) + zstd(rest)}}) {
    Rig rig;
    const auto outcome = rig.receiver.otlp_metrics(kProto, encoding, body);
    // Bare deflate keeps zlib's checksum behind it in this test, which is more than the stream holds.
    if (encoding == "deflate" && body.size() == zlib(message).size() - 2) {
      EXPECT_TRUE(rig.receiver.otlp_metrics(kProto, encoding, body.substr(0, body.size() - 4))) << encoding;
      continue;
    }
    ASSERT_TRUE(outcome) << encoding << " " << outcome.error().message();
    EXPECT_EQ(rig.store.samples("g"), (Samples{{1000, 1}}));
  }
}

TEST(Otlp, broken_and_cut_compression_is_malformed) {
  const std::string message = otlp_request({}, {metric("g", "", 5, gauge({number_point({.value = 1})}))});
  for (const auto& [encoding, body] : std::vector<std::pair<std::string, std::string>>{
           {"gzip", gzip(message)}, {"deflate", zlib(message)}, {"zstd", zstd(message)}}) {
    for (std::size_t cut = 0; cut < body.size(); ++cut) {
      Rig rig;
      const auto outcome = rig.receiver.otlp_metrics(kProto, encoding, body.substr(0, cut));
      ASSERT_FALSE(outcome) << encoding << " " << cut;
      EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalid)
          << encoding << " " << cut << outcome.error().message();
    }
  }
}

TEST(Otlp, decompression_bombs_stop_at_the_bound) {
  Rig rig({.decoded_bytes_max = 1 << 20});
  const std::string zeros(64 << 20, '\0');
  for (const auto& [encoding, body] : std::vector<std::pair<std::string, std::string>>{
           {"gzip", gzip(zeros)}, {"deflate", zlib(zeros)}, {"zstd", zstd(zeros)}}) {
    for (const std::string_view type : {kProto, kJson}) {
      const auto outcome = rig.receiver.otlp_metrics(type, encoding, body);
      ASSERT_FALSE(outcome);
      EXPECT_EQ(outcome.error().code(), ErrorCode::kLimit) << encoding;
    }
  }
}

TEST(Otlp, other_types_and_encodings_are_unsupported) {
  Rig rig;
  EXPECT_EQ(rig.receiver.otlp_metrics("text/plain", "", "").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(rig.receiver.otlp_metrics("", "", "").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(rig.receiver.otlp_metrics(kProto, "br", "").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(rig.rejects.count(RejectReason::kUnsupported), 3u);
  EXPECT_TRUE(rig.receiver.otlp_metrics("application/json; charset=utf-8", "", "{}"));
}

TEST(Otlp, bounds_on_samples_and_resource_attributes_hold) {
  Attributes many;
  for (int i = 0; i < 600; ++i) many.emplace_back("a" + std::to_string(i), "v");
  Rig rig({.samples_max = 1});
  const auto two = otlp_request(
      {}, {metric("g", "", 5, gauge({number_point({.time_s = 1}), number_point({.time_s = 2})}))});
  EXPECT_EQ(send(rig, two).error().code(), ErrorCode::kLimit);
  EXPECT_EQ(send(rig, otlp_request(many, {})).error().code(), ErrorCode::kLimit);
  EXPECT_EQ(rig.store.append_calls, 0u);
}

TEST(Otlp, metadata_is_told_once) {
  Rig rig;
  const auto message = otlp_request({}, {metric("g", "", 5, gauge({number_point({.value = 1})}))});
  ASSERT_TRUE(send(rig, message));
  ASSERT_TRUE(send(rig, message));
  EXPECT_EQ(rig.store.metadata_calls, 1u);
}

TEST(OtlpResponse, tells_partial_success_in_both_encodings) {
  ReceiveOutcome good;
  EXPECT_EQ(encode_otlp_response(good, true), "{}");
  EXPECT_EQ(encode_otlp_response(good, false), "");
  ReceiveOutcome bad;
  bad.samples_rejected = 300;
  bad.first_reject = "too_old: x";
  EXPECT_EQ(encode_otlp_response(bad, true),
            R"({"partialSuccess":{"rejectedDataPoints":"300","errorMessage":"too_old: x"}})");
  EXPECT_EQ(encode_otlp_response(bad, false),
            ProtoWriter().message(1, ProtoWriter().varint(1, 300).bytes(2, "too_old: x")).str());
  const Error error(ErrorCode::kInvalid, "no");
  EXPECT_EQ(encode_otlp_error(error, true), R"({"code":3,"message":"no"})");
  EXPECT_EQ(encode_otlp_error(error, false), ProtoWriter().varint(1, 3).bytes(2, "no").str());
  EXPECT_TRUE(is_json_content_type("Application/JSON; charset=utf-8"));
  EXPECT_FALSE(is_json_content_type("application/x-protobuf"));
}

TEST(FormatBound, is_decimal_without_exponent) {
  EXPECT_EQ(format_bound(0.005), "0.005");
  EXPECT_EQ(format_bound(1e21), "1000000000000000000000");
  EXPECT_EQ(format_bound(1e-7), "0.0000001");
  EXPECT_EQ(format_bound(-2.5), "-2.5");
  EXPECT_EQ(format_bound(HUGE_VAL), "+Inf");
  EXPECT_EQ(format_bound(5e-324).size(), 326u);
}

}  // namespace
}  // namespace trimtab
