// SPDX-License-Identifier: Apache-2.0
#include "store/remote_store_encode.h"

#include <snappy.h>

#include <bit>
#include <cstring>

namespace trimtab {
namespace {

// Protobuf wire format: a field is (number << 3 | type); type 0 varint, 1 eight bytes, 2 length and bytes.
void append_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

std::size_t varint_size(std::uint64_t value) {
  return (static_cast<std::size_t>(std::bit_width(value | 1)) + 6) / 7;
}

void append_bytes(std::string& out, int field, std::string_view bytes) {
  append_varint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  append_varint(out, bytes.size());
  out += bytes;
}

std::size_t bytes_size(std::string_view bytes) { return 1 + varint_size(bytes.size()) + bytes.size(); }

void append_label(std::string& out, const Label& label) {
  append_varint(out, 1 << 3 | 2);
  append_varint(out, bytes_size(label.name) + bytes_size(label.value));
  append_bytes(out, 1, label.name);
  append_bytes(out, 2, label.value);
}

void append_sample(std::string& out, const Sample& sample) {
  const auto time = static_cast<std::uint64_t>(sample.timestamp_ms);
  append_varint(out, 2 << 3 | 2);
  append_varint(out, 9 + 1 + varint_size(time));
  append_varint(out, 1 << 3 | 1);
  std::uint64_t bits = std::bit_cast<std::uint64_t>(sample.value);
  for (int i = 0; i < 8; ++i, bits >>= 8) out += static_cast<char>(bits & 0xff);
  append_varint(out, 2 << 3 | 0);
  append_varint(out, time);
}

// MetricMetadata.MetricType of prometheus/prompb/types.proto.
std::uint64_t wire_type(MetricType type) {
  switch (type) {
    case MetricType::kUnknown: return 0;
    case MetricType::kCounter: return 1;
    case MetricType::kGauge: return 2;
    case MetricType::kHistogram: return 3;
    case MetricType::kGaugeHistogram: return 4;
    case MetricType::kSummary: return 5;
    case MetricType::kInfo: return 6;
    case MetricType::kStateSet: return 7;
  }
  return 0;
}

}  // namespace

void RemoteWriteEncoder::add_series(const Labels& labels, std::span<const Sample> samples) {
  part_.clear();
  for (const Label& label : labels.items()) append_label(part_, label);
  for (const Sample& sample : samples) append_sample(part_, sample);
  append_bytes(body_, 1, part_);
}

void RemoteWriteEncoder::add_metadata(std::string_view family, const MetricMetadata& metadata) {
  part_.clear();
  append_varint(part_, 1 << 3 | 0);
  append_varint(part_, wire_type(metadata.type));
  append_bytes(part_, 2, family);
  append_bytes(part_, 4, metadata.help);
  append_bytes(part_, 5, metadata.unit);
  append_bytes(body_, 3, part_);
}

std::string RemoteWriteEncoder::take_compressed() {
  std::string out;
  snappy::Compress(body_.data(), body_.size(), &out);
  body_.clear();
  return out;
}

}  // namespace trimtab
