// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "estate/catalog.h"

namespace trimtab {
namespace {

struct Expected {
  const char* name;
  SignalKind kind;
  const char* aspect;
  WorseDirection worse;
  const char* unit;
};

using enum WorseDirection;

TEST(InferSignal, names_tell_kind_aspect_direction_and_unit) {
  const Expected cases[] = {
      {"acme_orders_total", SignalKind::kCounter, "kpi", kDown, "1/s"},
      {"acme_http_requests_total", SignalKind::kCounter, "traffic", kBoth, "requests/s"},
      {"acme_send_errors_total", SignalKind::kCounter, "errors", kUp, "errors/s"},
      {"acme_connect_timeouts_total", SignalKind::kCounter, "errors", kUp, "1/s"},
      {"acme_packets_dropped", SignalKind::kGauge, "errors", kUp, "packets"},
      {"acme_cpu_seconds_total", SignalKind::kCounter, "utilisation", kUp, "ratio"},
      {"acme_sent_bytes_total", SignalKind::kCounter, "traffic", kBoth, "bytes/s"},
      {"acme_request_latency_ms", SignalKind::kLatency, "latency", kUp, "ms"},
      {"acme_job_duration_seconds", SignalKind::kLatency, "latency", kUp, "seconds"},
      {"responseTimeP95", SignalKind::kLatency, "latency", kUp, ""},
      {"acme_pool_used_ratio", SignalKind::kRatio, "utilisation", kUp, "ratio"},
      {"acme_disk_usage_percent", SignalKind::kRatio, "utilisation", kUp, "percent"},
      {"acme_cache_hit_ratio", SignalKind::kRatio, "utilisation", kDown, "ratio"},
      {"acme_availability_percent", SignalKind::kRatio, "availability", kDown, "percent"},
      {"acme_queue_size", SignalKind::kGauge, "saturation", kUp, ""},
      {"acme_consumer_lag", SignalKind::kGauge, "saturation", kUp, ""},
      {"acme_volume_free_bytes", SignalKind::kGauge, "utilisation", kDown, "bytes"},
      {"acme_memory_available_bytes", SignalKind::kGauge, "utilisation", kDown, "bytes"},
      {"acme_heap_used_bytes", SignalKind::kGauge, "utilisation", kUp, "bytes"},
      {"acme_connections_max", SignalKind::kGauge, "capacity", kUnknown, "connections"},
      {"acme_apdex_score", SignalKind::kGauge, "satisfaction", kDown, ""},
      {"acme_cloud_cost_usd", SignalKind::kGauge, "cost", kUp, ""},
      {"acme_up", SignalKind::kState, "availability", kDown, ""},
      {"acme_build_info", SignalKind::kConstant, "information", kUnknown, ""},
      {"acme_last_run_timestamp_seconds", SignalKind::kTimestamp, "information", kUnknown, "seconds"},
      {"acme_wall_seconds_sum", SignalKind::kHistogram, "latency", kUp, "seconds"},
      {"acme_wall_seconds_count", SignalKind::kCounter, "traffic", kBoth, "1/s"},
      {"acme_thread_count", SignalKind::kGauge, "", kUnknown, ""},
      {"xyzzy", SignalKind::kGauge, "", kUnknown, ""},
  };
  for (const Expected& expected : cases) {
    const Signal signal = infer_signal(Labels{{"__name__", expected.name}}, nullptr);
    EXPECT_EQ(to_string(signal.kind), to_string(expected.kind)) << expected.name;
    EXPECT_EQ(signal.aspect, expected.aspect) << expected.name;
    EXPECT_EQ(to_string(signal.worse), to_string(expected.worse)) << expected.name;
    EXPECT_EQ(signal.unit, expected.unit) << expected.name;
    EXPECT_TRUE(signal.inferred);
    EXPECT_FALSE(signal.title.empty());
  }
}

TEST(InferSignal, type_in_the_metadata_wins_over_the_name) {
  const auto kind = [](const char* name, MetricType type) {
    const MetricMetadata metadata{type, "", ""};
    return infer_signal(Labels{{"__name__", name}}, &metadata).kind;
  };
  EXPECT_EQ(kind("acme_things", MetricType::kCounter), SignalKind::kCounter);
  EXPECT_EQ(kind("acme_things_total", MetricType::kGauge), SignalKind::kGauge);
  EXPECT_EQ(kind("acme_used_ratio", MetricType::kGauge), SignalKind::kRatio);
  EXPECT_EQ(kind("acme_facts", MetricType::kInfo), SignalKind::kConstant);
  EXPECT_EQ(kind("acme_things_count", MetricType::kHistogram), SignalKind::kCounter);
  const MetricMetadata metadata{MetricType::kGauge, "", "volts"};
  EXPECT_EQ(infer_signal(Labels{{"__name__", "acme"}}, &metadata).unit, "volts");
}

TEST(InferSignal, labels_tell_server_errors_and_families) {
  EXPECT_EQ(infer_signal(Labels{{"__name__", "acme_calls_total"}, {"code", "503"}}, nullptr).aspect,
            "errors");
  EXPECT_EQ(infer_signal(Labels{{"__name__", "acme_calls_total"}, {"code", "404"}}, nullptr).aspect,
            "traffic");
  EXPECT_EQ(infer_signal(Labels{{"__name__", "acme_x_bucket"}, {"le", "1"}}, nullptr).kind,
            SignalKind::kHistogram);
  EXPECT_EQ(infer_signal(Labels{{"__name__", "acme_x_bucket"}}, nullptr).kind, SignalKind::kGauge);
}

TEST(InferSignal, only_a_share_that_is_used_gets_a_limit) {
  const auto limit = [](const char* name) {
    return infer_signal(Labels{{"__name__", name}}, nullptr).limit_value;
  };
  EXPECT_EQ(limit("acme_pool_used_ratio"), 1);
  EXPECT_EQ(limit("acme_disk_usage_percent"), 100);
  EXPECT_EQ(limit("acme_cpu_usage_percent"), std::nullopt);
  EXPECT_EQ(limit("acme_hit_ratio"), std::nullopt);
  EXPECT_EQ(limit("acme_used_bytes"), std::nullopt);
}

TEST(InferSignal, a_series_without_name_or_with_odd_bytes_is_still_inferred) {
  EXPECT_TRUE(infer_signal(Labels{}, nullptr).inferred);
  EXPECT_TRUE(infer_signal(Labels{{"__name__", "h\xc3\xa9llo.w\xc3\xb6rld"}}, nullptr).inferred);
  EXPECT_TRUE(infer_signal(Labels{{"__name__", std::string(4096, '_')}}, nullptr).inferred);
}

}  // namespace
}  // namespace trimtab
