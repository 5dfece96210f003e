// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace trimtab {

// OTLP metrics as both decoders (protobuf and JSON) hand them to the converter. Views point into the
// request or into the attributes' own `texts`. Field meanings: opentelemetry/proto/metrics/v1.

struct OtlpAttribute {
  std::string_view key;
  std::string_view value;  // as text: numbers shortest, booleans true/false, lists and maps as JSON
};

struct OtlpAttributes {
  std::vector<OtlpAttribute> items;
  std::deque<std::string> texts;  // owners of values that had to be written out
  bool too_many = false;

  static constexpr std::size_t kCountMax = 512;

  void clear() {
    items.clear();
    texts.clear();
    too_many = false;
  }
  std::string_view keep(std::string text) { return texts.emplace_back(std::move(text)); }
  void add(std::string_view key, std::string_view value) {
    if (items.size() == kCountMax) {
      too_many = true;
    } else {
      items.push_back({key, value});
    }
  }
};

enum class OtlpKind { kGauge, kSum, kHistogram, kExponentialHistogram, kSummary };
enum class OtlpTemporality { kUnspecified = 0, kDelta = 1, kCumulative = 2 };

struct OtlpMetric {
  std::string_view name;
  std::string_view description;
  std::string_view unit;
  OtlpKind kind = OtlpKind::kGauge;
  OtlpTemporality temporality = OtlpTemporality::kUnspecified;
  bool monotonic = false;
};

struct OtlpBuckets {
  std::int32_t offset = 0;
  std::vector<std::uint64_t> counts;
};

// A data point of any kind; the fields of other kinds are left at their start values.
struct OtlpPoint {
  OtlpAttributes attributes;
  std::uint64_t start_ns = 0;  // 0: unknown
  std::uint64_t time_ns = 0;
  std::uint32_t flags = 0;
  std::uint64_t exemplars = 0;
  bool has_value = false;
  double value = 0;
  std::uint64_t count = 0;
  bool has_sum = false;
  double sum = 0;
  std::vector<std::uint64_t> bucket_counts;
  std::vector<double> bounds;
  std::int32_t scale = 0;
  std::uint64_t zero_count = 0;
  double zero_threshold = 0;
  OtlpBuckets positive;
  OtlpBuckets negative;
  std::vector<std::pair<double, double>> quantiles;
  bool too_many = false;  // more buckets or quantiles than kBucketsMax

  static constexpr std::size_t kBucketsMax = 4096;
  static constexpr std::uint32_t kNoRecordedValue = 1;  // bit of flags

  void clear() {
    attributes.clear();
    start_ns = time_ns = exemplars = count = zero_count = 0;
    flags = 0;
    has_value = has_sum = too_many = false;
    value = sum = zero_threshold = 0;
    scale = positive.offset = negative.offset = 0;
    bucket_counts.clear();
    bounds.clear();
    positive.counts.clear();
    negative.counts.clear();
    quantiles.clear();
  }
  template <typename T>
  void push(std::vector<T>& list, T item) {
    if (list.size() == kBucketsMax) {
      too_many = true;
    } else {
      list.push_back(item);
    }
  }
};

}  // namespace trimtab
