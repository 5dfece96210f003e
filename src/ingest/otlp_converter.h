// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/delta_sums.h"
#include "ingest/otlp_model.h"
#include "ingest/receiver.h"
#include "ingest/reject_tally.h"
#include "ingest/sample_batch.h"

namespace trimtab {

// OTLP data points to Prometheus series, following the OpenTelemetry specification's "Prometheus and
// OpenMetrics Compatibility":
// - job = service.namespace/service.name, instance = service.instance.id; the other resource
//   attributes stand on target_info{job, instance} = 1, at the time of the resource's newest point;
// - otel_scope_name and otel_scope_version, and otel_scope_<attribute>, where the scope has them;
// - attributes become labels (otlp_label_name); values of names that meet are joined with ";";
// - a point without a recorded value is a stale marker on each of its series;
// - histograms become _bucket, _sum, _count; exponential ones on the grid of classic_buckets.h;
// - deltas are added up by DeltaSums.
// A point that can not be converted is rejected alone and counted once, whatever its kind.
// One converter per request, confined to its thread. Calls come in the order resource, scope, metric,
// points, end_resource; each lasts until the next of its kind.
class OtlpConverter {
 public:
  struct Metadata {
    std::string name;
    MetricMetadata metadata;
  };

  OtlpConverter(const ReceiveLimits& limits, const LabelLimits& label_limits, DeltaSums::Request& deltas,
                RejectTally& tally, ReceiveOutcome& outcome)
      : limits_(limits), label_limits_(label_limits), deltas_(deltas), tally_(tally), outcome_(outcome) {}

  // Attributes must live until end_resource.
  void begin_resource(const OtlpAttributes& attributes);
  void begin_scope(std::string_view name, std::string_view version, const OtlpAttributes& attributes);
  void begin_metric(const OtlpMetric& metric);
  void point(const OtlpPoint& point);
  void end_resource();

  // Set once the request passed a bound: decoding may stop, the request is refused.
  bool over_limit() const { return over_limit_; }

  SampleBatch& batch() { return batch_; }
  std::string_view label_span(std::size_t index) const {
    return std::string_view(spans_).substr(span_ends_[index], span_ends_[index + 1] - span_ends_[index]);
  }
  const std::vector<Metadata>& metadata() const { return metadata_; }

 private:
  struct NamedValue {
    std::string name;
    std::string value;
  };

  void reject(RejectReason reason, std::string_view detail);
  bool build_prefix(const OtlpAttributes& attributes);
  bool collect_labels(const OtlpAttributes& attributes, std::vector<NamedValue>& out) const;
  void number_point(const OtlpPoint& point, TimestampMs time_ms);
  void histogram_point(const OtlpPoint& point, TimestampMs time_ms);
  void summary_point(const OtlpPoint& point, TimestampMs time_ms);
  bool accumulate(const OtlpPoint& point, std::uint64_t shape, DeltaTotal& total);
  void emit(std::string_view suffix, TimestampMs time_ms, double value, std::string_view extra_name = {},
            std::string_view extra_value = {});

  const ReceiveLimits& limits_;
  const LabelLimits& label_limits_;
  DeltaSums::Request& deltas_;
  RejectTally& tally_;
  ReceiveOutcome& outcome_;

  const OtlpAttributes* resource_ = nullptr;
  std::string job_;
  std::string instance_;
  TimestampMs newest_ms_ = 0;
  bool resource_has_points_ = false;
  std::vector<NamedValue> scope_labels_;
  OtlpMetric metric_;
  std::string metric_name_;
  std::string prefix_;                  // span of a point's labels but for the name
  std::vector<NamedValue> labels_;      // scratch
  std::vector<ClassicBucket> buckets_;  // scratch
  std::string number_;                  // scratch

  SampleBatch batch_;
  std::string spans_;
  std::vector<std::size_t> span_ends_{0};
  std::vector<Metadata> metadata_;
  bool over_limit_ = false;
};

// A number as `le` and `quantile` labels have it: shortest decimals without exponent, "+Inf".
std::string format_bound(double value);

}  // namespace trimtab
