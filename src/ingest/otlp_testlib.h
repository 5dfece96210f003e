// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ingest/proto_writer_testlib.h"

namespace trimtab::wire_test {

// OTLP messages in protobuf, by field number, for tests.
using Attributes = std::vector<std::pair<std::string, std::string>>;

inline ProtoWriter text_value(const std::string& text) { return ProtoWriter().bytes(1, text); }
inline ProtoWriter attribute(const std::string& key, const ProtoWriter& value) {
  return ProtoWriter().bytes(1, key).message(2, value);
}
inline void add_attributes(ProtoWriter& out, int field, const Attributes& attributes) {
  for (const auto& [key, value] : attributes) out.message(field, attribute(key, text_value(value)));
}

inline constexpr std::uint64_t kSecondNs = 1'000'000'000;

struct NumberPoint {
  double value = 0;
  std::uint64_t time_s = 1;
  std::uint64_t start_s = 0;
  Attributes attributes = {};
};
inline ProtoWriter number_point(const NumberPoint& point) {
  ProtoWriter out;
  if (point.start_s > 0) out.fixed64(2, point.start_s * kSecondNs);
  out.fixed64(3, point.time_s * kSecondNs).float64(4, point.value);
  add_attributes(out, 7, point.attributes);
  return out;
}

inline ProtoWriter gauge(const std::vector<ProtoWriter>& points) {
  ProtoWriter out;
  for (const ProtoWriter& point : points) out.message(1, point);
  return out;
}
inline ProtoWriter sum(const std::vector<ProtoWriter>& points, int temporality, bool monotonic) {
  ProtoWriter out = gauge(points);
  return out.varint(2, static_cast<std::uint64_t>(temporality)).varint(3, monotonic ? 1 : 0);
}
inline ProtoWriter histogram(const std::vector<ProtoWriter>& points, int temporality) {
  ProtoWriter out = gauge(points);
  return out.varint(2, static_cast<std::uint64_t>(temporality));
}
// `field`: 5 gauge, 7 sum, 9 histogram, 10 exponential histogram, 11 summary.
inline ProtoWriter metric(const std::string& name, const std::string& unit, int field,
                          const ProtoWriter& data) {
  return ProtoWriter().bytes(1, name).bytes(2, "Help for " + name + ".").bytes(3, unit).message(field, data);
}
inline std::string otlp_request(const Attributes& resource, const std::vector<ProtoWriter>& metrics,
                                const std::string& scope_name = {}, const std::string& scope_version = {}) {
  ProtoWriter attributes;
  add_attributes(attributes, 1, resource);
  ProtoWriter scope_metrics;
  scope_metrics.message(1, ProtoWriter().bytes(1, scope_name).bytes(2, scope_version));
  for (const ProtoWriter& one : metrics) scope_metrics.message(2, one);
  return ProtoWriter().message(1, ProtoWriter().message(1, attributes).message(2, scope_metrics)).str();
}

inline std::string packed_bytes(const std::vector<std::uint64_t>& values) {
  std::string out;
  for (const std::uint64_t value : values) {
    for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
  }
  return out;
}
inline std::string packed_bytes(const std::vector<double>& values) {
  std::vector<std::uint64_t> bits;
  for (const double value : values) bits.push_back(std::bit_cast<std::uint64_t>(value));
  return packed_bytes(bits);
}
inline std::uint64_t zigzag(std::int64_t value) {
  return value >= 0 ? static_cast<std::uint64_t>(value) * 2
                    : static_cast<std::uint64_t>(-(value + 1)) * 2 + 1;
}

struct HistogramPoint {
  std::vector<std::uint64_t> counts = {};
  std::vector<double> bounds = {};
  double sum = 0;
  std::uint64_t time_s = 1;
  std::uint64_t start_s = 0;
  std::uint32_t flags = 0;
};
inline ProtoWriter histogram_point(const HistogramPoint& point) {
  std::uint64_t count = 0;
  for (const std::uint64_t one : point.counts) count += one;
  ProtoWriter out;
  if (point.start_s > 0) out.fixed64(2, point.start_s * kSecondNs);
  out.fixed64(3, point.time_s * kSecondNs).fixed64(4, count).float64(5, point.sum);
  out.bytes(6, packed_bytes(point.counts)).bytes(7, packed_bytes(point.bounds)).varint(10, point.flags);
  return out;
}

struct ExponentialPoint {
  int scale = 0;
  std::uint64_t zero_count = 0;
  int positive_offset = 0;
  std::vector<std::uint64_t> positive = {};
  int negative_offset = 0;
  std::vector<std::uint64_t> negative = {};
  double sum = 0;
  std::uint64_t time_s = 1;
};
inline ProtoWriter exponential_point(const ExponentialPoint& point) {
  const auto buckets = [](int offset, const std::vector<std::uint64_t>& counts) {
    ProtoWriter packed;
    for (const std::uint64_t count : counts) packed.raw_varint(count);
    return ProtoWriter().varint(1, zigzag(offset)).bytes(2, packed.str());
  };
  std::uint64_t count = point.zero_count;
  for (const std::uint64_t one : point.positive) count += one;
  for (const std::uint64_t one : point.negative) count += one;
  ProtoWriter out;
  out.fixed64(3, point.time_s * kSecondNs)
      .fixed64(4, count)
      .float64(5, point.sum)
      .varint(6, zigzag(point.scale));
  out.fixed64(7, point.zero_count).message(8, buckets(point.positive_offset, point.positive));
  out.message(9, buckets(point.negative_offset, point.negative));
  return out;
}

}  // namespace trimtab::wire_test
