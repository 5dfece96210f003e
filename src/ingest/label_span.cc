// SPDX-License-Identifier: Apache-2.0
#include "ingest/label_span.h"

#include <fmt/format.h>

#include <vector>

#include "ingest/proto_reader.h"

namespace trimtab {
namespace {

std::size_t varint_size(std::uint64_t value) {
  std::size_t size = 1;
  for (; value >= 0x80; value >>= 7) ++size;
  return size;
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

struct LabelBytes {
  std::string_view name;
  std::string_view value;
};

bool read_label(std::string_view bytes, LabelBytes& out) {
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.is(1, WireType::kBytes)) {
      out.name = reader.bytes();
    } else if (reader.is(2, WireType::kBytes)) {
      out.value = reader.bytes();
    } else {
      reader.skip_unknown(2);
    }
  }
  return reader.ok();
}

}  // namespace

void append_label(std::string& span, std::string_view name, std::string_view value) {
  span += '\x0a';
  append_varint(span, 2 + varint_size(name.size()) + name.size() + varint_size(value.size()) + value.size());
  span += '\x0a';
  append_varint(span, name.size());
  span += name;
  span += '\x12';
  append_varint(span, value.size());
  span += value;
}

Result<Labels> decode_label_span(std::string_view span, const LabelLimits& limits) {
  std::vector<Label> labels;
  std::size_t count = 0;
  std::size_t name_bytes_longest = 0;
  std::size_t value_bytes_longest = 0;
  ProtoReader reader(span);
  while (reader.next()) {
    LabelBytes label;
    if (!reader.is(1, WireType::kBytes) || !read_label(reader.bytes(), label)) {
      reader.fail();
      break;
    }
    if (label.value.empty()) continue;
    ++count;
    name_bytes_longest = std::max(name_bytes_longest, label.name.size());
    value_bytes_longest = std::max(value_bytes_longest, label.value.size());
    if (count > limits.labels_count_max || name_bytes_longest > limits.name_bytes_max ||
        value_bytes_longest > limits.value_bytes_max) {
      labels.clear();  // only counted from here on
      continue;
    }
    labels.push_back({std::string(label.name), std::string(label.value)});
  }
  if (!reader.ok()) return fail(ErrorCode::kCorrupt, "malformed labels");
  if (count > limits.labels_count_max) {
    return fail(ErrorCode::kLimit, fmt::format("{} labels on one series; at most {} are allowed", count,
                                               limits.labels_count_max));
  }
  if (name_bytes_longest > limits.name_bytes_max || value_bytes_longest > limits.value_bytes_max) {
    return fail(
        ErrorCode::kLimit,
        fmt::format("a label name of {} or value of {} bytes; at most {} and {} are allowed",
                    name_bytes_longest, value_bytes_longest, limits.name_bytes_max, limits.value_bytes_max));
  }
  return create_named(std::move(labels), limits);
}

Result<Labels> create_named(std::vector<Label> labels, const LabelLimits& limits) {
  Labels out = TRY(Labels::create(std::move(labels), limits));
  if (!out.has(kMetricName)) {
    return invalid("the series " + out.to_string() + " has no metric name (label __name__)");
  }
  return out;
}

}  // namespace trimtab
