// SPDX-License-Identifier: Apache-2.0
#include "ingest/otlp_converter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "ingest/label_span.h"
#include "ingest/otlp_naming.h"

namespace trimtab {
namespace {

constexpr std::uint64_t kNanosecondsPerMs = 1'000'000;
constexpr std::size_t kSpanBytesMax = 256 << 20;  // all label spans of one request

std::string_view attribute(const OtlpAttributes& attributes, std::string_view key) {
  for (const OtlpAttribute& one : attributes.items) {
    if (one.key == key) return one.value;
  }
  return {};
}

bool names_the_target(std::string_view key) {
  return key == "service.name" || key == "service.namespace" || key == "service.instance.id";
}

MetricType prometheus_type(const OtlpMetric& metric) {
  switch (metric.kind) {
    case OtlpKind::kGauge: return MetricType::kGauge;
    case OtlpKind::kSum: return metric.monotonic ? MetricType::kCounter : MetricType::kGauge;
    case OtlpKind::kHistogram:
    case OtlpKind::kExponentialHistogram: return MetricType::kHistogram;
    case OtlpKind::kSummary: return MetricType::kSummary;
  }
  return MetricType::kUnknown;
}

OtlpNameKind name_kind(const OtlpMetric& metric) {
  if (metric.kind == OtlpKind::kGauge) return OtlpNameKind::kGauge;
  if (metric.kind == OtlpKind::kSum && metric.monotonic) return OtlpNameKind::kCounter;
  return OtlpNameKind::kOther;
}

bool is_stale(const OtlpPoint& point) { return (point.flags & OtlpPoint::kNoRecordedValue) != 0; }

}  // namespace

std::string format_bound(double value) {
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // Room for the smallest denormals: "-0." and 340 digits.
  std::array<char, 400> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed).ptr;
  return {text.data(), end};
}

void OtlpConverter::reject(RejectReason reason, std::string_view detail) {
  tally_.add(reason,
             fmt::format("metric {:.200}: {}", is_valid_utf8(metric_.name) ? metric_.name : "?", detail));
  ++outcome_.samples_rejected;
}

void OtlpConverter::begin_resource(const OtlpAttributes& attributes) {
  resource_ = &attributes;
  resource_has_points_ = false;
  newest_ms_ = kTimestampMin;
  job_ = attribute(attributes, "service.name");
  const std::string_view space = attribute(attributes, "service.namespace");
  if (!job_.empty() && !space.empty()) job_ = std::string(space).append("/").append(job_);
  instance_ = attribute(attributes, "service.instance.id");
  scope_labels_.clear();
  if (attributes.too_many) over_limit_ = true;
}

void OtlpConverter::begin_scope(std::string_view name, std::string_view version,
                                const OtlpAttributes& attributes) {
  scope_labels_.clear();
  if (attributes.too_many || !collect_labels(attributes, scope_labels_)) over_limit_ = true;
  for (NamedValue& label : scope_labels_) label.name = std::string("otel_scope_").append(label.name);
  std::erase_if(scope_labels_, [](const NamedValue& label) {
    return label.name == "otel_scope_name" || label.name == "otel_scope_version";
  });
  if (!name.empty()) scope_labels_.push_back({"otel_scope_name", std::string(name)});
  if (!version.empty()) scope_labels_.push_back({"otel_scope_version", std::string(version)});
}

void OtlpConverter::begin_metric(const OtlpMetric& metric) {
  metric_ = metric;
  metric_name_ = otlp_metric_name(metric.name, metric.unit, name_kind(metric));
  if (metric_name_.empty() || metric_name_.size() > label_limits_.value_bytes_max) return;
  metadata_.push_back(
      {metric_name_,
       {prometheus_type(metric), std::string(metric.description), otlp_unit_name(metric.unit)}});
  if (metadata_.size() > limits_.series_max) over_limit_ = true;
}

// Attributes under their label names, sorted, equal names joined in the order of the original keys.
// False when a name or value is longer than labels may be: nothing is copied then.
bool OtlpConverter::collect_labels(const OtlpAttributes& attributes, std::vector<NamedValue>& out) const {
  out.clear();
  std::vector<const OtlpAttribute*> sorted;
  sorted.reserve(attributes.items.size());
  for (const OtlpAttribute& one : attributes.items) {
    if (one.key.size() > label_limits_.name_bytes_max || one.value.size() > label_limits_.value_bytes_max)
      return false;
    sorted.push_back(&one);
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const OtlpAttribute* a, const OtlpAttribute* b) { return a->key < b->key; });
  for (const OtlpAttribute* one : sorted) {
    std::string name = otlp_label_name(one->key);
    if (name.empty() || one->value.empty()) continue;
    const auto same =
        std::find_if(out.begin(), out.end(), [&](const NamedValue& label) { return label.name == name; });
    if (same == out.end()) {
      out.push_back({std::move(name), std::string(one->value)});
    } else {
      same->value.append(";").append(one->value);
    }
  }
  return true;
}

// False after a reject.
bool OtlpConverter::build_prefix(const OtlpAttributes& attributes) {
  if (attributes.too_many || attributes.items.size() > label_limits_.labels_count_max) {
    reject(RejectReason::kLabelLimit,
           fmt::format("a point has {}{} attributes; at most {} labels are allowed",
                       attributes.too_many ? "more than " : "", attributes.items.size(),
                       label_limits_.labels_count_max));
    return false;
  }
  if (!collect_labels(attributes, labels_)) {
    reject(RejectReason::kLabelLimit, "an attribute's key or value is longer than a label may be");
    return false;
  }
  prefix_.clear();
  if (!job_.empty()) append_label(prefix_, "job", job_);
  if (!instance_.empty()) append_label(prefix_, "instance", instance_);
  for (const NamedValue& label : scope_labels_) append_label(prefix_, label.name, label.value);
  for (const NamedValue& label : labels_) {
    // What the resource, the scope and the kind of metric say goes before a point's attribute.
    const bool taken = (label.name == "job" && !job_.empty()) ||
                       (label.name == "instance" && !instance_.empty()) || label.name == kMetricName ||
                       label.name == "le" || label.name == "quantile" ||
                       std::any_of(scope_labels_.begin(), scope_labels_.end(),
                                   [&](const NamedValue& one) { return one.name == label.name; });
    const bool plain = metric_.kind == OtlpKind::kGauge || metric_.kind == OtlpKind::kSum;
    if (taken && !(plain && (label.name == "le" || label.name == "quantile"))) continue;
    append_label(prefix_, label.name, label.value);
  }
  return true;
}

void OtlpConverter::point(const OtlpPoint& point) {
  if (point.exemplars > 0) {
    outcome_.exemplars_rejected += point.exemplars;
    tally_.add(RejectReason::kExemplar, "exemplars of OTLP points", point.exemplars);
  }
  if (metric_name_.empty()) return reject(RejectReason::kInvalidLabels, "the name has no letter or digit");
  if (point.time_ns == 0) return reject(RejectReason::kInvalidTimestamp, "a point has no time");
  if (point.too_many) {
    return reject(RejectReason::kUnsupportedPoint,
                  fmt::format("a point has more than {} buckets or quantiles", OtlpPoint::kBucketsMax));
  }
  if (!build_prefix(point.attributes)) return;
  const auto time_ms = static_cast<TimestampMs>(point.time_ns / kNanosecondsPerMs);
  switch (metric_.kind) {
    case OtlpKind::kGauge:
    case OtlpKind::kSum: number_point(point, time_ms); break;
    case OtlpKind::kHistogram:
    case OtlpKind::kExponentialHistogram: histogram_point(point, time_ms); break;
    case OtlpKind::kSummary: summary_point(point, time_ms); break;
  }
  newest_ms_ = std::max(newest_ms_, time_ms);
  resource_has_points_ = true;
}

// Turns a delta into its stream's total; cumulative totals stay. False after a reject.
bool OtlpConverter::accumulate(const OtlpPoint& point, std::uint64_t shape, DeltaTotal& total) {
  if (metric_.temporality == OtlpTemporality::kCumulative) return true;
  if (metric_.temporality != OtlpTemporality::kDelta) {
    reject(RejectReason::kUnsupportedPoint, "the aggregation temporality is neither delta nor cumulative");
    return false;
  }
  std::string stream = prefix_;
  append_label(stream, kMetricName, metric_name_);
  stream.append(reinterpret_cast<const char*>(&shape), sizeof(shape));
  const auto sum = deltas_.add(hash_bytes(stream), point.start_ns, point.time_ns, total);
  if (!sum) {
    reject(RejectReason::kDeltaOutOfOrder, "a delta point's time is not after the last one of its stream");
    return false;
  }
  total = *sum;
  return true;
}

void OtlpConverter::number_point(const OtlpPoint& point, TimestampMs time_ms) {
  if (is_stale(point)) return emit("", time_ms, stale_marker());
  if (!point.has_value)
    return reject(RejectReason::kInvalidValue, "a point has neither value nor the no-value flag");
  DeltaTotal total{.sum = point.value, .count = 0, .buckets = {}};
  if (metric_.kind == OtlpKind::kSum && !accumulate(point, 0, total)) return;
  emit("", time_ms, total.sum);
}

void OtlpConverter::histogram_point(const OtlpPoint& point, TimestampMs time_ms) {
  std::uint64_t shape = 0;  // points of another shape can not be added up with these
  if (metric_.kind == OtlpKind::kHistogram) {
    if (!explicit_buckets(point, buckets_)) {
      return reject(RejectReason::kUnsupportedPoint,
                    "bucket counts and rising, finite bounds do not fit each other");
    }
    shape =
        hash_bytes({reinterpret_cast<const char*>(point.bounds.data()), point.bounds.size() * sizeof(double)})
            .low;
  } else {
    const GridResult grid = exponential_buckets(point, buckets_);
    if (!grid.valid) return reject(RejectReason::kUnsupportedPoint, "the scale lies outside -11..20");
    shape = static_cast<std::uint64_t>(grid.scale + 1000);
  }
  DeltaTotal total{.sum = point.sum, .count = static_cast<double>(point.count), .buckets = buckets_};
  const bool stale = is_stale(point);
  if (!stale && !accumulate(point, shape, total)) return;
  const double marker = stale_marker();
  double below = 0;
  for (const ClassicBucket& bucket : total.buckets) {
    below += bucket.count;
    emit("_bucket", time_ms, stale ? marker : below, "le", format_bound(bucket.upper_bound));
  }
  emit("_bucket", time_ms, stale ? marker : total.count, "le", "+Inf");
  emit("_count", time_ms, stale ? marker : total.count);
  if (stale || point.has_sum) emit("_sum", time_ms, stale ? marker : total.sum);
}

void OtlpConverter::summary_point(const OtlpPoint& point, TimestampMs time_ms) {
  const bool stale = is_stale(point);
  for (const auto& [quantile, value] : point.quantiles) {
    emit("", time_ms, stale ? stale_marker() : value, "quantile", format_bound(quantile));
  }
  emit("_count", time_ms, stale ? stale_marker() : static_cast<double>(point.count));
  emit("_sum", time_ms, stale ? stale_marker() : point.sum);
}

void OtlpConverter::emit(std::string_view suffix, TimestampMs time_ms, double value,
                         std::string_view extra_name, std::string_view extra_value) {
  if (over_limit_) return;
  const std::size_t begin = spans_.size();
  spans_.append(prefix_);
  number_.assign(metric_name_).append(suffix);
  append_label(spans_, kMetricName, number_);
  if (!extra_name.empty()) append_label(spans_, extra_name, extra_value);
  span_ends_.push_back(spans_.size());
  const std::uint32_t series = batch_.add_series(hash_bytes(std::string_view(spans_).substr(begin)));
  batch_.add_sample(series, time_ms, value);
  if (batch_.samples.size() > limits_.samples_max || spans_.size() > kSpanBytesMax) over_limit_ = true;
}

void OtlpConverter::end_resource() {
  if (!resource_has_points_ || (job_.empty() && instance_.empty()) || over_limit_) return;
  if (!collect_labels(*resource_, labels_)) {
    metric_.name = "target_info";
    return reject(RejectReason::kLabelLimit,
                  "a resource attribute's key or value is longer than a label may be");
  }
  prefix_.clear();
  if (!job_.empty()) append_label(prefix_, "job", job_);
  if (!instance_.empty()) append_label(prefix_, "instance", instance_);
  bool any = false;
  for (const NamedValue& label : labels_) {
    const bool identifying =
        std::any_of(resource_->items.begin(), resource_->items.end(), [&](const OtlpAttribute& one) {
          return names_the_target(one.key) && otlp_label_name(one.key) == label.name;
        });
    if (identifying || label.name == "job" || label.name == "instance" || label.name == kMetricName) continue;
    append_label(prefix_, label.name, label.value);
    any = true;
  }
  if (!any) return;
  metric_name_ = "target_info";
  emit("", newest_ms_, 1);
}

}  // namespace trimtab
