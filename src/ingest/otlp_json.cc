// SPDX-License-Identifier: Apache-2.0
// OTLP's JSON is the protobuf JSON mapping with numbers for enumerations and hex for ids; the mapping's
// freedom (strings or numbers, two spellings of keys) is taken in full.
#include <fmt/format.h>
#include <simdjson.h>

#include "base/json.h"
#include "ingest/number.h"
#include "ingest/otlp_decode.h"

namespace trimtab {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

// Reads fields of one object; the first wrong type marks the whole document as malformed.
class Fields {
 public:
  Fields(const object& from, bool& ok) : from_(from), ok_(ok) {}

  // Absent and null are alike.
  bool find(std::string_view camel, std::string_view snake, element& out) const {
    if (from_.at_key(camel).get(out) != simdjson::SUCCESS &&
        (snake.empty() || from_.at_key(snake).get(out) != simdjson::SUCCESS)) {
      return false;
    }
    return !out.is_null();
  }
  bool object_at(std::string_view camel, std::string_view snake, object& out) const {
    element found;
    return find(camel, snake, found) && check(found.get(out));
  }
  bool array_at(std::string_view camel, std::string_view snake, array& out) const {
    element found;
    return find(camel, snake, found) && check(found.get(out));
  }
  std::string_view text(std::string_view camel, std::string_view snake = {}) const {
    element found;
    std::string_view out;
    if (find(camel, snake, found)) check(found.get(out));
    return out;
  }
  bool flag(std::string_view camel, std::string_view snake) const {
    element found;
    bool out = false;
    if (find(camel, snake, found)) check(found.get(out));
    return out;
  }
  bool integer(std::string_view camel, std::string_view snake, std::int64_t& out) const {
    element found;
    if (!find(camel, snake, found)) return false;
    ok_ = ok_ && integer_of(found, out);
    return true;
  }
  std::uint64_t unsigned_integer(std::string_view camel, std::string_view snake) const {
    element found;
    std::uint64_t out = 0;
    if (find(camel, snake, found)) ok_ = ok_ && unsigned_of(found, out);
    return out;
  }
  bool number(std::string_view camel, std::string_view snake, double& out) const {
    element found;
    if (!find(camel, snake, found)) return false;
    ok_ = ok_ && number_of(found, out);
    return true;
  }

  static bool integer_of(const element& value, std::int64_t& out) {
    std::string_view text;
    double number = 0;
    if (value.get(out) == simdjson::SUCCESS) return true;
    if (value.get(text) == simdjson::SUCCESS) return parse_int64(text, out);
    if (value.get(number) != simdjson::SUCCESS || !(number > -9e18 && number < 9e18)) return false;
    out = static_cast<std::int64_t>(number);
    return static_cast<double>(out) == number;  // 1e3 is an integer, 1.5 is not
  }
  static bool unsigned_of(const element& value, std::uint64_t& out) {
    std::string_view text;
    std::int64_t number = 0;
    if (value.get(out) == simdjson::SUCCESS) return true;
    if (value.get(text) == simdjson::SUCCESS) return parse_uint64(text, out);
    if (!integer_of(value, number) || number < 0) return false;
    out = static_cast<std::uint64_t>(number);
    return true;
  }
  static bool number_of(const element& value, double& out) {
    std::string_view text;
    if (value.get(out) == simdjson::SUCCESS) return true;
    return value.get(text) == simdjson::SUCCESS && parse_double(text, out);
  }

  bool check(simdjson::error_code error) const {
    if (error != simdjson::SUCCESS) ok_ = false;
    return error == simdjson::SUCCESS;
  }

 private:
  const object& from_;
  bool& ok_;
};

// One walk over a document. Malformed parts set ok_ and are passed over.
class Walker {
 public:
  explicit Walker(OtlpConverter& converter) : converter_(converter) {}

  bool walk(const object& request) {
    each(request, "resourceMetrics", "resource_metrics", [&](const object& one) { resource_metrics(one); });
    return ok_;
  }

 private:
  template <typename Visit>
  void each(const object& from, std::string_view camel, std::string_view snake, const Visit& visit) {
    array items;
    if (!Fields(from, ok_).array_at(camel, snake, items)) return;
    for (const element item : items) {
      object one;
      if (!ok_ || converter_.over_limit()) return;
      if (item.get(one) != simdjson::SUCCESS) {
        ok_ = false;
        return;
      }
      visit(one);
    }
  }

  void resource_metrics(const object& from) {
    OtlpAttributes of_resource;
    object resource;
    if (Fields(from, ok_).object_at("resource", {}, resource)) attributes(resource, of_resource);
    converter_.begin_resource(of_resource);
    each(from, "scopeMetrics", "scope_metrics", [&](const object& one) { scope_metrics(one); });
    converter_.end_resource();
  }

  void scope_metrics(const object& from) {
    OtlpAttributes of_scope;
    object scope;
    std::string_view name;
    std::string_view version;
    if (Fields(from, ok_).object_at("scope", {}, scope)) {
      name = Fields(scope, ok_).text("name");
      version = Fields(scope, ok_).text("version");
      attributes(scope, of_scope);
    }
    converter_.begin_scope(name, version, of_scope);
    each(from, "metrics", {}, [&](const object& one) { metric(one); });
  }

  void metric(const object& from) {
    const Fields fields(from, ok_);
    OtlpMetric out;
    out.name = fields.text("name");
    out.description = fields.text("description");
    out.unit = fields.text("unit");
    const auto data = [&](OtlpKind kind, std::string_view camel, std::string_view snake) {
      object found;
      if (!fields.object_at(camel, snake, found)) return;
      out.kind = kind;
      metric_data(out, found);
    };
    data(OtlpKind::kGauge, "gauge", {});
    data(OtlpKind::kSum, "sum", {});
    data(OtlpKind::kHistogram, "histogram", {});
    data(OtlpKind::kExponentialHistogram, "exponentialHistogram", "exponential_histogram");
    data(OtlpKind::kSummary, "summary", {});
  }

  void metric_data(OtlpMetric metric, const object& from) {
    const Fields fields(from, ok_);
    metric.temporality = temporality(fields);
    metric.monotonic = fields.flag("isMonotonic", "is_monotonic");
    converter_.begin_metric(metric);
    each(from, "dataPoints", "data_points", [&](const object& one) {
      point_.clear();
      point(one);
      if (ok_) converter_.point(point_);
    });
  }

  OtlpTemporality temporality(const Fields& fields) {
    element found;
    if (!fields.find("aggregationTemporality", "aggregation_temporality", found))
      return OtlpTemporality::kUnspecified;
    std::string_view word;
    std::int64_t number = 0;
    if (found.get(word) == simdjson::SUCCESS) {
      if (word == "AGGREGATION_TEMPORALITY_DELTA") return OtlpTemporality::kDelta;
      if (word == "AGGREGATION_TEMPORALITY_CUMULATIVE") return OtlpTemporality::kCumulative;
    } else {
      ok_ = ok_ && Fields::integer_of(found, number);
    }
    return number == 1   ? OtlpTemporality::kDelta
           : number == 2 ? OtlpTemporality::kCumulative
                         : OtlpTemporality::kUnspecified;
  }

  // The kinds' fields have names of their own, so one reader takes them all.
  void point(const object& from) {
    const Fields fields(from, ok_);
    attributes(from, point_.attributes);
    point_.start_ns = fields.unsigned_integer("startTimeUnixNano", "start_time_unix_nano");
    point_.time_ns = fields.unsigned_integer("timeUnixNano", "time_unix_nano");
    point_.flags = static_cast<std::uint32_t>(fields.unsigned_integer("flags", {}));
    array exemplars;
    if (fields.array_at("exemplars", {}, exemplars)) point_.exemplars = exemplars.size();
    std::int64_t integer = 0;
    if (fields.integer("asInt", "as_int", integer)) {
      point_.value = static_cast<double>(integer);
      point_.has_value = true;
    }
    if (fields.number("asDouble", "as_double", point_.value)) point_.has_value = true;
    point_.count = fields.unsigned_integer("count", {});
    point_.has_sum = fields.number("sum", {}, point_.sum);
    unsigned_list(fields, "bucketCounts", "bucket_counts", point_.bucket_counts);
    number_list(fields, "explicitBounds", "explicit_bounds", point_.bounds);
    point_.scale = small_integer(fields, "scale", {});
    point_.zero_count = fields.unsigned_integer("zeroCount", "zero_count");
    fields.number("zeroThreshold", "zero_threshold", point_.zero_threshold);
    buckets(fields, "positive", point_.positive);
    buckets(fields, "negative", point_.negative);
    each(from, "quantileValues", "quantile_values", [&](const object& one) {
      std::pair<double, double> quantile{0, 0};
      Fields(one, ok_).number("quantile", {}, quantile.first);
      Fields(one, ok_).number("value", {}, quantile.second);
      point_.push(point_.quantiles, quantile);
    });
  }

  std::int32_t small_integer(const Fields& fields, std::string_view camel, std::string_view snake) {
    std::int64_t out = 0;
    fields.integer(camel, snake, out);
    if (out < INT32_MIN || out > INT32_MAX) ok_ = false;
    return static_cast<std::int32_t>(ok_ ? out : 0);
  }

  void buckets(const Fields& fields, std::string_view name, OtlpBuckets& out) {
    object found;
    if (!fields.object_at(name, {}, found)) return;
    out.offset = small_integer(Fields(found, ok_), "offset", {});
    unsigned_list(Fields(found, ok_), "bucketCounts", "bucket_counts", out.counts);
  }

  void unsigned_list(const Fields& fields, std::string_view camel, std::string_view snake,
                     std::vector<std::uint64_t>& out) {
    array items;
    if (!fields.array_at(camel, snake, items)) return;
    for (const element item : items) {
      std::uint64_t value = 0;
      ok_ = ok_ && Fields::unsigned_of(item, value);
      point_.push(out, value);
    }
  }

  void number_list(const Fields& fields, std::string_view camel, std::string_view snake,
                   std::vector<double>& out) {
    array items;
    if (!fields.array_at(camel, snake, items)) return;
    for (const element item : items) {
      double value = 0;
      ok_ = ok_ && Fields::number_of(item, value);
      point_.push(out, value);
    }
  }

  void attributes(const object& from, OtlpAttributes& out) {
    each(from, "attributes", {}, [&](const object& one) {
      const std::string_view key = Fields(one, ok_).text("key");
      object value;
      std::string_view text;
      if (Fields(one, ok_).object_at("value", {}, value)) text = value_text(value, out);
      out.add(key, text);
    });
  }

  // AnyValue as the text of a label.
  std::string_view value_text(const object& value, OtlpAttributes& owner) {
    const Fields fields(value, ok_);
    element found;
    double number = 0;
    if (fields.find("stringValue", "string_value", found)) return fields.text("stringValue", "string_value");
    if (fields.find("boolValue", "bool_value", found))
      return fields.flag("boolValue", "bool_value") ? "true" : "false";
    if (std::int64_t integer = 0; fields.integer("intValue", "int_value", integer)) {
      return owner.keep(fmt::format("{}", integer));
    }
    if (fields.number("doubleValue", "double_value", number)) return owner.keep(fmt::format("{}", number));
    if (fields.find("bytesValue", "bytes_value", found)) return fields.text("bytesValue", "bytes_value");
    if (fields.find("arrayValue", "array_value", found) ||
        fields.find("kvlistValue", "kvlist_value", found)) {
      std::string json;
      write_value(value, 0, json);
      return owner.keep(std::move(json));
    }
    return {};
  }

  // AnyValue as JSON, for values inside lists and maps.
  void write_value(const object& value, int depth, std::string& json) {
    if (depth > kOtlpValueDepthMax) ok_ = false;
    if (!ok_) return;
    const Fields fields(value, ok_);
    object inner;
    element found;
    if (fields.object_at("arrayValue", "array_value", inner)) {
      json += '[';
      bool first = true;
      each(inner, "values", {}, [&](const object& one) {
        if (!std::exchange(first, false)) json += ',';
        write_value(one, depth + 1, json);
      });
      json += ']';
    } else if (fields.object_at("kvlistValue", "kvlist_value", inner)) {
      json += '{';
      bool first = true;
      each(inner, "values", {}, [&](const object& one) {
        if (!std::exchange(first, false)) json += ',';
        append_json_string(json, Fields(one, ok_).text("key"));
        json += ':';
        object entry;
        if (Fields(one, ok_).object_at("value", {}, entry)) {
          write_value(entry, depth + 1, json);
        } else {
          json += "null";
        }
      });
      json += '}';
    } else if (fields.find("stringValue", "string_value", found) ||
               fields.find("bytesValue", "bytes_value", found)) {
      OtlpAttributes scratch;
      append_json_string(json, value_text(value, scratch));
    } else if (double number = 0; fields.number("doubleValue", "double_value", number)) {
      append_json_number(json, number);
    } else {
      OtlpAttributes scratch;
      const std::string_view text = value_text(value, scratch);
      json += text.empty() ? "null" : text;
    }
  }

  OtlpConverter& converter_;
  OtlpPoint point_;
  bool ok_ = true;
};

}  // namespace

Status decode_otlp_json(std::string_view body, OtlpConverter& converter) {
  simdjson::dom::parser parser;
  element document;
  const auto error = parser.parse(body.data(), body.size(), true).get(document);
  if (error != simdjson::SUCCESS) {
    return invalid(fmt::format("the body is not JSON: {}", simdjson::error_message(error)));
  }
  object request;
  if (document.get(request) != simdjson::SUCCESS || !Walker(converter).walk(request)) {
    return invalid("the body is not an ExportMetricsServiceRequest: a field has the wrong JSON type");
  }
  if (converter.over_limit()) return fail(ErrorCode::kLimit, "the request holds more than one request may");
  return ok();
}

}  // namespace trimtab
