// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>

#include "ingest/import_sink.h"
#include "ingest/json_sample.h"

namespace trimtab {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

bool read_value(const element& from, double& out) {
  if (from.get(out) == simdjson::SUCCESS) return true;
  std::string_view text;
  if (from.get(text) == simdjson::SUCCESS) return parse_json_sample_text(text, out);
  out = stale_marker();
  return from.is_null();
}

bool read_time(const element& from, std::int64_t& out) {
  if (from.get(out) == simdjson::SUCCESS) return true;
  double number = 0;
  if (from.get(number) != simdjson::SUCCESS || !(std::fabs(number) < 9e15) || number != std::floor(number))
    return false;
  out = static_cast<std::int64_t>(number);
  return true;
}

class JsonReader final : public ImportReader {
 public:
  Status read(const ImportRecord& record, ImportSink& sink) override {
    element document;
    const auto error = parser_.parse(record.text.data(), record.text.size(), true).get(document);
    if (error != simdjson::SUCCESS) {
      sink.reject(record, RejectReason::kMalformed,
                  fmt::format("not JSON: {}", simdjson::error_message(error)));
      return ok();
    }
    object metric;
    array values;
    array timestamps;
    if (document["metric"].get(metric) != simdjson::SUCCESS ||
        document["values"].get(values) != simdjson::SUCCESS ||
        document["timestamps"].get(timestamps) != simdjson::SUCCESS) {
      sink.reject(record, RejectReason::kMalformed,
                  "an object with \"metric\" (object), \"values\" and \"timestamps\" (arrays) is wanted");
      return ok();
    }
    if (!read_samples(record, values, timestamps, sink)) return ok();
    return store(record, metric, sink);
  }

 private:
  // Before anything reaches the sink, so that a bad line leaves nothing behind. False after a reject.
  bool read_samples(const ImportRecord& record, const array& values, const array& timestamps,
                    ImportSink& sink) {
    values_.clear();
    timestamps_.clear();
    for (const element item : values) {
      double value = 0;
      if (!read_value(item, value)) {
        sink.reject(record, RejectReason::kInvalidValue,
                    fmt::format("value {} is not a number", values_.size() + 1));
        return false;
      }
      values_.push_back(value);
    }
    for (const element item : timestamps) {
      std::int64_t time = 0;
      if (!read_time(item, time)) {
        sink.reject(
            record, RejectReason::kInvalidTimestamp,
            fmt::format("timestamp {} is not a whole number of milliseconds", timestamps_.size() + 1));
        return false;
      }
      timestamps_.push_back(time);
    }
    if (values_.size() != timestamps_.size()) {
      sink.reject(record, RejectReason::kMalformed,
                  fmt::format("{} values and {} timestamps", values_.size(), timestamps_.size()));
      return false;
    }
    return true;
  }

  Status store(const ImportRecord& record, const object& metric, ImportSink& sink) {
    labels_.clear();
    for (const auto field : metric) {
      std::string_view value;
      if (field.value.get(value) != simdjson::SUCCESS) {
        sink.reject(record, RejectReason::kInvalidLabels,
                    fmt::format("label \"{}\" is not a string", field.key));
        return ok();
      }
      labels_.emplace_back(field.key, value);
    }
    if (values_.empty()) return ok();
    sink.begin_series(record);
    for (const auto& [name, value] : labels_) sink.label(name, value);
    sink.end_labels();
    for (std::size_t i = 0; i < values_.size(); ++i) sink.sample(timestamps_[i], values_[i]);
    return ok();
  }

  simdjson::dom::parser parser_;
  std::vector<double> values_;
  std::vector<std::int64_t> timestamps_;
  std::vector<std::pair<std::string_view, std::string_view>> labels_;
};

}  // namespace

std::unique_ptr<ImportReader> create_json_reader() { return std::make_unique<JsonReader>(); }

}  // namespace trimtab
