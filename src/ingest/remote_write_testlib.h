// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <snappy.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "ingest/proto_writer_testlib.h"

namespace trimtab::wire_test {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;
struct Point {
  std::int64_t timestamp_ms = 0;
  double value = 0;
};

inline std::string snap(std::string_view bytes) {
  std::string out;
  snappy::Compress(bytes.data(), bytes.size(), &out);
  return out;
}

// As senders do, zero fields are left out.
inline ProtoWriter encode_sample(const Point& point) {
  ProtoWriter out;
  if (std::bit_cast<std::uint64_t>(point.value) != 0) out.float64(1, point.value);
  if (point.timestamp_ms != 0) out.varint(2, static_cast<std::uint64_t>(point.timestamp_ms));
  return out;
}

inline ProtoWriter encode_label(const std::string& name, const std::string& value) {
  return ProtoWriter().bytes(1, name).bytes(2, value);
}

inline ProtoWriter encode_series(const LabelPairs& labels, const std::vector<Point>& points) {
  ProtoWriter out;
  for (const auto& [name, value] : labels) out.message(1, encode_label(name, value));
  for (const Point& point : points) out.message(2, encode_sample(point));
  return out;
}

// Remote write 2.0 with its table of symbols. `skew` unused symbols come first, so that the same
// content can be numbered in different ways.
class V2Request {
 public:
  explicit V2Request(int skew = 0) {
    ref("");
    for (int i = 0; i < skew; ++i) ref("unused" + std::to_string(i));
  }
  std::uint32_t ref(const std::string& text) {
    const auto [it, fresh] = refs_.emplace(text, static_cast<std::uint32_t>(symbols_.size()));
    if (fresh) symbols_.push_back(text);
    return it->second;
  }
  void add(const LabelPairs& labels, const std::vector<Point>& points, const ProtoWriter& extra = {}) {
    ProtoWriter packed;
    for (const auto& [name, value] : labels) packed.raw_varint(ref(name)).raw_varint(ref(value));
    ProtoWriter series;
    series.bytes(1, packed.str());
    for (const Point& point : points) series.message(2, encode_sample(point));
    series_.push_back(series.str() + extra.str());
  }
  ProtoWriter metadata(int type, const std::string& help, const std::string& unit) {
    return ProtoWriter().message(
        5,
        ProtoWriter().varint(1, static_cast<std::uint64_t>(type)).varint(3, ref(help)).varint(4, ref(unit)));
  }
  std::string str() const {
    ProtoWriter out;
    for (const std::string& symbol : symbols_) out.bytes(4, symbol);
    for (const std::string& series : series_) out.bytes(5, series);
    return out.str();
  }

 private:
  std::map<std::string, std::uint32_t> refs_;
  std::vector<std::string> symbols_;
  std::vector<std::string> series_;
};

}  // namespace trimtab::wire_test
