// SPDX-License-Identifier: Apache-2.0
// Field numbers: opentelemetry/proto/{collector/metrics,metrics,common,resource}/v1/*.proto.
#include <fmt/format.h>

#include "base/json.h"
#include "ingest/base64.h"
#include "ingest/otlp_decode.h"
#include "ingest/proto_reader.h"

namespace trimtab {
namespace {

struct KeyValue {
  std::string_view key;
  std::string_view value;
  bool has_value = false;
};

bool read_key_value(std::string_view bytes, KeyValue& out) {
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.is(1, WireType::kBytes)) {
      out.key = reader.bytes();
    } else if (reader.is(2, WireType::kBytes)) {
      out.value = reader.bytes();
      out.has_value = true;
    } else {
      reader.skip_unknown(2);
    }
  }
  return reader.ok();
}

bool write_value(std::string_view any_value, int depth, std::string& json);

bool write_list(std::string_view list, int depth, std::string& json) {
  ProtoReader reader(list);
  json += '[';
  bool first = true;
  while (reader.next()) {
    if (!reader.is(1, WireType::kBytes)) {
      reader.skip_unknown(1);
      continue;
    }
    if (!std::exchange(first, false)) json += ',';
    if (!write_value(reader.bytes(), depth + 1, json)) return false;
  }
  json += ']';
  return reader.ok();
}

bool write_map(std::string_view map, int depth, std::string& json) {
  ProtoReader reader(map);
  json += '{';
  bool first = true;
  while (reader.next()) {
    KeyValue entry;
    if (!reader.is(1, WireType::kBytes)) {
      reader.skip_unknown(1);
      continue;
    }
    if (!read_key_value(reader.bytes(), entry)) return false;
    if (!std::exchange(first, false)) json += ',';
    append_json_string(json, entry.key);
    json += ':';
    if (!write_value(entry.value, depth + 1, json)) return false;
  }
  json += '}';
  return reader.ok();
}

// AnyValue as JSON, for values inside lists and maps.
bool write_value(std::string_view any_value, int depth, std::string& json) {
  if (depth > kOtlpValueDepthMax) return false;
  ProtoReader reader(any_value);
  std::string text = "null";
  while (reader.next()) {
    text.clear();
    if (reader.is(1, WireType::kBytes)) {
      append_json_string(text, reader.bytes());
    } else if (reader.is(2, WireType::kVarint)) {
      text = reader.varint() != 0 ? "true" : "false";
    } else if (reader.is(3, WireType::kVarint)) {
      text = fmt::format("{}", reader.int64());
    } else if (reader.is(4, WireType::kFixed64)) {
      append_json_number(text, reader.float64());
    } else if (reader.is(5, WireType::kBytes)) {
      if (!write_list(reader.bytes(), depth, text)) return false;
    } else if (reader.is(6, WireType::kBytes)) {
      if (!write_map(reader.bytes(), depth, text)) return false;
    } else if (reader.is(7, WireType::kBytes)) {
      append_json_string(text, base64_encode(reader.bytes()));
    } else {
      reader.skip_unknown(7);
    }
  }
  json += text;
  return reader.ok();
}

// AnyValue as the text of a label.
bool read_value(std::string_view any_value, OtlpAttributes& owner, std::string_view& out) {
  ProtoReader reader(any_value);
  while (reader.next()) {
    if (reader.is(1, WireType::kBytes)) {
      out = reader.bytes();
    } else if (reader.is(2, WireType::kVarint)) {
      out = reader.varint() != 0 ? "true" : "false";
    } else if (reader.is(3, WireType::kVarint)) {
      out = owner.keep(fmt::format("{}", reader.int64()));
    } else if (reader.is(4, WireType::kFixed64)) {
      out = owner.keep(fmt::format("{}", reader.float64()));
    } else if (reader.is(7, WireType::kBytes)) {
      out = owner.keep(base64_encode(reader.bytes()));
    } else if (reader.is(5, WireType::kBytes) || reader.is(6, WireType::kBytes)) {
      std::string json;
      const bool list = reader.field() == 5;
      const std::string_view bytes = reader.bytes();
      if (!(list ? write_list(bytes, 1, json) : write_map(bytes, 1, json))) return false;
      out = owner.keep(std::move(json));
    } else {
      reader.skip_unknown(7);
    }
  }
  return reader.ok();
}

bool read_attribute(std::string_view bytes, OtlpAttributes& out) {
  KeyValue entry;
  if (!read_key_value(bytes, entry)) return false;
  if (out.items.size() == OtlpAttributes::kCountMax) {
    out.too_many = true;
    return true;
  }
  std::string_view value;
  if (!read_value(entry.value, out, value)) return false;
  out.add(entry.key, value);
  return true;
}

// All attributes among a message's fields of number `field`.
bool read_attributes(std::string_view message, std::uint32_t field, OtlpAttributes& out) {
  ProtoReader reader(message);
  while (reader.next()) {
    if (!reader.is(field, WireType::kBytes)) {
      reader.skip();
    } else if (!read_attribute(reader.bytes(), out)) {
      return false;
    }
  }
  return reader.ok();
}

// Repeated fixed 64-bit fields, packed or one by one.
template <typename T>
void read_repeated64(ProtoReader& reader, OtlpPoint& point, std::vector<T>& out) {
  if (reader.type() == WireType::kFixed64) return point.push(out, std::bit_cast<T>(reader.fixed64()));
  if (reader.type() != WireType::kBytes) return reader.fail();
  ProtoReader packed(reader.bytes());
  while (!packed.at_end()) {
    const std::uint64_t bits = packed.fixed64();
    if (packed.ok()) point.push(out, std::bit_cast<T>(bits));
  }
  if (!packed.ok()) reader.fail();
}

bool read_number_point(std::string_view bytes, OtlpPoint& out) {
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.is(2, WireType::kFixed64)) {
      out.start_ns = reader.fixed64();
    } else if (reader.is(3, WireType::kFixed64)) {
      out.time_ns = reader.fixed64();
    } else if (reader.is(4, WireType::kFixed64)) {
      out.value = reader.float64();
      out.has_value = true;
    } else if (reader.is(6, WireType::kFixed64)) {
      out.value = static_cast<double>(static_cast<std::int64_t>(reader.fixed64()));
      out.has_value = true;
    } else if (reader.is(5, WireType::kBytes)) {
      ++out.exemplars;
      reader.bytes();
    } else if (reader.is(7, WireType::kBytes)) {
      if (!read_attribute(reader.bytes(), out.attributes)) return false;
    } else if (reader.is(8, WireType::kVarint)) {
      out.flags = static_cast<std::uint32_t>(reader.varint());
    } else {
      reader.skip();
    }
  }
  return reader.ok();
}

bool read_histogram_point(std::string_view bytes, OtlpPoint& out) {
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.is(2, WireType::kFixed64)) {
      out.start_ns = reader.fixed64();
    } else if (reader.is(3, WireType::kFixed64)) {
      out.time_ns = reader.fixed64();
    } else if (reader.is(4, WireType::kFixed64)) {
      out.count = reader.fixed64();
    } else if (reader.is(5, WireType::kFixed64)) {
      out.sum = reader.float64();
      out.has_sum = true;
    } else if (reader.field() == 6) {
      read_repeated64(reader, out, out.bucket_counts);
    } else if (reader.field() == 7) {
      read_repeated64(reader, out, out.bounds);
    } else if (reader.is(8, WireType::kBytes)) {
      ++out.exemplars;
      reader.bytes();
    } else if (reader.is(9, WireType::kBytes)) {
      if (!read_attribute(reader.bytes(), out.attributes)) return false;
    } else if (reader.is(10, WireType::kVarint)) {
      out.flags = static_cast<std::uint32_t>(reader.varint());
    } else {
      reader.skip();
    }
  }
  return reader.ok();
}

bool read_buckets(std::string_view bytes, OtlpPoint& point, OtlpBuckets& out) {
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.is(1, WireType::kVarint)) {
      out.offset = static_cast<std::int32_t>(reader.signed_varint());
    } else if (reader.is(2, WireType::kVarint)) {
      point.push(out.counts, reader.varint());
    } else if (reader.is(2, WireType::kBytes)) {
      ProtoReader packed(reader.bytes());
      while (!packed.at_end()) {
        const std::uint64_t count = packed.varint();
        if (packed.ok()) point.push(out.counts, count);
      }
      if (!packed.ok()) return false;
    } else {
      reader.skip_unknown(2);
    }
  }
  return reader.ok();
}

bool read_exponential_point(std::string_view bytes, OtlpPoint& out) {
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.is(1, WireType::kBytes)) {
      if (!read_attribute(reader.bytes(), out.attributes)) return false;
    } else if (reader.is(2, WireType::kFixed64)) {
      out.start_ns = reader.fixed64();
    } else if (reader.is(3, WireType::kFixed64)) {
      out.time_ns = reader.fixed64();
    } else if (reader.is(4, WireType::kFixed64)) {
      out.count = reader.fixed64();
    } else if (reader.is(5, WireType::kFixed64)) {
      out.sum = reader.float64();
      out.has_sum = true;
    } else if (reader.is(6, WireType::kVarint)) {
      out.scale = static_cast<std::int32_t>(reader.signed_varint());
    } else if (reader.is(7, WireType::kFixed64)) {
      out.zero_count = reader.fixed64();
    } else if (reader.is(8, WireType::kBytes)) {
      if (!read_buckets(reader.bytes(), out, out.positive)) return false;
    } else if (reader.is(9, WireType::kBytes)) {
      if (!read_buckets(reader.bytes(), out, out.negative)) return false;
    } else if (reader.is(10, WireType::kVarint)) {
      out.flags = static_cast<std::uint32_t>(reader.varint());
    } else if (reader.is(11, WireType::kBytes)) {
      ++out.exemplars;
      reader.bytes();
    } else if (reader.is(14, WireType::kFixed64)) {
      out.zero_threshold = reader.float64();
    } else {
      reader.skip();
    }
  }
  return reader.ok();
}

bool read_quantile(std::string_view bytes, OtlpPoint& point) {
  ProtoReader reader(bytes);
  std::pair<double, double> out{0, 0};
  while (reader.next()) {
    if (reader.is(1, WireType::kFixed64)) {
      out.first = reader.float64();
    } else if (reader.is(2, WireType::kFixed64)) {
      out.second = reader.float64();
    } else {
      reader.skip_unknown(2);
    }
  }
  point.push(point.quantiles, out);
  return reader.ok();
}

bool read_summary_point(std::string_view bytes, OtlpPoint& out) {
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.is(2, WireType::kFixed64)) {
      out.start_ns = reader.fixed64();
    } else if (reader.is(3, WireType::kFixed64)) {
      out.time_ns = reader.fixed64();
    } else if (reader.is(4, WireType::kFixed64)) {
      out.count = reader.fixed64();
    } else if (reader.is(5, WireType::kFixed64)) {
      out.sum = reader.float64();
    } else if (reader.is(6, WireType::kBytes)) {
      if (!read_quantile(reader.bytes(), out)) return false;
    } else if (reader.is(7, WireType::kBytes)) {
      if (!read_attribute(reader.bytes(), out.attributes)) return false;
    } else if (reader.is(8, WireType::kVarint)) {
      out.flags = static_cast<std::uint32_t>(reader.varint());
    } else {
      reader.skip();
    }
  }
  return reader.ok();
}

bool read_point(OtlpKind kind, std::string_view bytes, OtlpPoint& out) {
  switch (kind) {
    case OtlpKind::kGauge:
    case OtlpKind::kSum: return read_number_point(bytes, out);
    case OtlpKind::kHistogram: return read_histogram_point(bytes, out);
    case OtlpKind::kExponentialHistogram: return read_exponential_point(bytes, out);
    case OtlpKind::kSummary: return read_summary_point(bytes, out);
  }
  return false;
}

// Gauge, Sum, ...: points are field 1; temporality (2) and monotonic (3) may stand behind them, so
// they are read first.
bool read_data(OtlpMetric metric, std::string_view data, OtlpPoint& point, OtlpConverter& converter) {
  ProtoReader head(data);
  while (head.next()) {
    if (head.is(2, WireType::kVarint)) {
      const std::uint64_t temporality = head.varint();
      metric.temporality = static_cast<OtlpTemporality>(temporality <= 2 ? temporality : 0);
    } else if (head.is(3, WireType::kVarint)) {
      metric.monotonic = head.varint() != 0;
    } else {
      head.skip();
    }
  }
  converter.begin_metric(metric);
  ProtoReader reader(data);
  while (reader.next() && !converter.over_limit()) {
    if (!reader.is(1, WireType::kBytes)) {
      reader.skip();
      continue;
    }
    point.clear();
    if (!read_point(metric.kind, reader.bytes(), point)) return false;
    converter.point(point);
  }
  return head.ok() && reader.ok();
}

bool kind_of_field(std::uint32_t field, OtlpKind& kind) {
  switch (field) {
    case 5: kind = OtlpKind::kGauge; return true;
    case 7: kind = OtlpKind::kSum; return true;
    case 9: kind = OtlpKind::kHistogram; return true;
    case 10: kind = OtlpKind::kExponentialHistogram; return true;
    case 11: kind = OtlpKind::kSummary; return true;
    default: return false;
  }
}

bool read_metric(std::string_view bytes, OtlpPoint& point, OtlpConverter& converter) {
  OtlpMetric metric;
  ProtoReader head(bytes);
  while (head.next()) {
    if (head.is(1, WireType::kBytes)) {
      metric.name = head.bytes();
    } else if (head.is(2, WireType::kBytes)) {
      metric.description = head.bytes();
    } else if (head.is(3, WireType::kBytes)) {
      metric.unit = head.bytes();
    } else {
      head.skip();
    }
  }
  if (!head.ok()) return false;
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.type() != WireType::kBytes || !kind_of_field(reader.field(), metric.kind)) {
      reader.skip();
    } else if (!read_data(metric, reader.bytes(), point, converter)) {
      return false;
    }
  }
  return reader.ok();
}

bool read_scope(std::string_view bytes, std::string_view& name, std::string_view& version,
                OtlpAttributes& attributes) {
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.is(1, WireType::kBytes)) {
      name = reader.bytes();
    } else if (reader.is(2, WireType::kBytes)) {
      version = reader.bytes();
    } else {
      reader.skip();
    }
  }
  return reader.ok() && read_attributes(bytes, 3, attributes);
}

bool read_scope_metrics(std::string_view bytes, OtlpPoint& point, OtlpConverter& converter) {
  std::string_view name;
  std::string_view version;
  OtlpAttributes attributes;
  ProtoReader head(bytes);
  while (head.next()) {
    if (!head.is(1, WireType::kBytes)) {
      head.skip();
    } else if (!read_scope(head.bytes(), name, version, attributes)) {
      return false;
    }
  }
  if (!head.ok()) return false;
  converter.begin_scope(name, version, attributes);
  ProtoReader reader(bytes);
  while (reader.next() && !converter.over_limit()) {
    if (!reader.is(2, WireType::kBytes)) {
      reader.skip();
    } else if (!read_metric(reader.bytes(), point, converter)) {
      return false;
    }
  }
  return reader.ok();
}

bool read_resource_metrics(std::string_view bytes, OtlpPoint& point, OtlpConverter& converter) {
  OtlpAttributes attributes;
  ProtoReader head(bytes);
  while (head.next()) {
    if (!head.is(1, WireType::kBytes)) {
      head.skip();
    } else if (!read_attributes(head.bytes(), 1, attributes)) {
      return false;
    }
  }
  if (!head.ok()) return false;
  converter.begin_resource(attributes);
  ProtoReader reader(bytes);
  while (reader.next() && !converter.over_limit()) {
    if (!reader.is(2, WireType::kBytes)) {
      reader.skip();
    } else if (!read_scope_metrics(reader.bytes(), point, converter)) {
      return false;
    }
  }
  converter.end_resource();
  return reader.ok();
}

}  // namespace

Status decode_otlp_protobuf(std::string_view body, OtlpConverter& converter) {
  OtlpPoint point;
  ProtoReader reader(body);
  while (reader.next() && !converter.over_limit()) {
    if (!reader.is(1, WireType::kBytes)) {
      reader.skip_unknown(1);
    } else if (!read_resource_metrics(reader.bytes(), point, converter)) {
      reader.fail();
    }
  }
  if (!reader.ok()) return invalid("the body is not an ExportMetricsServiceRequest: malformed protobuf");
  if (converter.over_limit()) return fail(ErrorCode::kLimit, "the request holds more than one request may");
  return ok();
}

}  // namespace trimtab
