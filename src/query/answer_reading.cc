// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <simdjson.h>

#include <bit>
#include <cmath>

#include "query/answer_json.h"
#include "store/remote_store_api.h"

namespace trimtab::promql {
namespace {

namespace json = simdjson::ondemand;

constexpr LabelLimits kForeignLabels{
    .labels_count_max = 1024, .name_bytes_max = 4096, .value_bytes_max = 64 << 10};

struct Point {
  TimestampMs time = 0;
  std::string_view text;  // lives until the next element is read
};

[[noreturn]] void bad(simdjson::error_code code) { throw simdjson::simdjson_error(code); }

// [1700000000.5, "1"]
Point read_point(json::array pair) {
  Point point;
  int index = 0;
  for (auto element : pair) {
    if (index == 0) {
      const double ms = double(element.get_double()) * 1000;
      if (!(std::fabs(ms) <= static_cast<double>(kTimestampMax))) bad(simdjson::NUMBER_ERROR);
      point.time = std::llround(ms);
    }
    if (index == 1) point.text = element.get_string();
    ++index;
  }
  if (index != 2) bad(simdjson::INCORRECT_TYPE);
  return point;
}

double read_value(const Point& point) {
  const auto value = parse_remote_value(point.text);
  if (!value) bad(simdjson::NUMBER_ERROR);
  return *value;
}

class Reading {
 public:
  Reading(const QueryWindow& window, const QueryLimits& limits) : window_(window), limits_(limits) {
    answer_.start_ms = window.start_ms;
    answer_.step_ms = window.instant ? 0 : window.step_ms;
    answer_.columns = window.instant ? 1
                                     : static_cast<std::size_t>((window.end_ms - window.start_ms) /
                                                                std::max<DurationMs>(1, window.step_ms)) +
                                           1;
  }

  Result<Answer> read(std::string_view body) {
    simdjson::padded_string padded(body);
    json::parser parser;
    json::document document = parser.iterate(padded);
    json::object data = document["data"].get_object();
    const std::string_view type = data["resultType"].get_string();
    json::array result = data["result"].get_array();
    if (!window_.instant && type != "matrix") bad(simdjson::INCORRECT_TYPE);
    if (type == "vector") {
      answer_.type = ValueType::kVector;
      TRY(read_rows(result));
    } else if (type == "matrix") {
      answer_.type = ValueType::kMatrix;
      TRY(read_rows(result));
    } else if (type == "scalar" || type == "string") {
      answer_.type = type == "scalar" ? ValueType::kScalar : ValueType::kString;
      const Point point = read_point(result);
      if (type == "string") answer_.text = point.text;
      if (type == "scalar") {
        answer_.values.push_back(read_value(point));
        answer_.labels.emplace_back();
      }
    } else {
      bad(simdjson::INCORRECT_TYPE);
    }
    read_sentences(padded, "warnings", answer_.warnings);
    read_sentences(padded, "infos", answer_.infos);
    answer_.stats.series_selected = answer_.rows();
    return std::move(answer_);
  }

 private:
  Status read_rows(json::array rows) {
    for (auto entry : rows) {
      json::object row = entry.get_object();
      if (answer_.labels.size() == limits_.series_max) {
        return fail(ErrorCode::kLimit, fmt::format("the answer holds more than {} series; narrow the query",
                                                   limits_.series_max));
      }
      std::vector<Label> labels;
      for (auto field : row["metric"].get_object()) {
        const std::string_view name = field.unescaped_key();
        const std::string_view value = field.value().get_string();
        labels.push_back({std::string(name), std::string(value)});
      }
      answer_.labels.push_back(TRY(Labels::create(std::move(labels), kForeignLabels)));
      if (answer_.type == ValueType::kVector) {
        answer_.start_ms = window_.start_ms;
        answer_.values.push_back(read_value(read_point(row["value"].get_array())));
      } else if (window_.instant) {
        TRY(read_ragged(row["values"].get_array()));
      } else {
        TRY(read_cells(row["values"].get_array()));
      }
      if (answer_.values.size() > limits_.cells_max) return too_many();
    }
    return ok();
  }

  Status read_ragged(json::array points) {
    SampleBuffer samples;
    for (auto element : points) {
      const Point point = read_point(element.get_array());
      samples.timestamps_ms.push_back(point.time);
      samples.values.push_back(read_value(point));
      if (++samples_ > limits_.cells_max) return too_many();
    }
    answer_.ragged.push_back(std::move(samples));
    return ok();
  }

  Status read_cells(json::array points) {
    const std::size_t first = answer_.values.size();
    if (first + answer_.columns > limits_.cells_max) return too_many();
    answer_.values.resize(first + answer_.columns, std::bit_cast<double>(kStaleNanBits));
    for (auto element : points) {
      const Point point = read_point(element.get_array());
      const DurationMs after = point.time - window_.start_ms;
      if (after < 0 || after % window_.step_ms != 0) bad(simdjson::INDEX_OUT_OF_BOUNDS);
      const auto column = static_cast<std::size_t>(after / window_.step_ms);
      if (column >= answer_.columns) bad(simdjson::INDEX_OUT_OF_BOUNDS);
      answer_.values[first + column] = read_value(point);
    }
    return ok();
  }

  Status too_many() const {
    return fail(ErrorCode::kLimit,
                fmt::format("the answer holds more than {} cells; ask for fewer series or a longer step",
                            limits_.cells_max));
  }

  // A second parser, only where there is something: stepping back in a document that was read on demand is
  // not safe when its rest is damaged.
  static void read_sentences(const simdjson::padded_string& body, std::string_view name,
                             std::vector<std::string>& out) {
    if (std::string_view(body).find(name) == std::string_view::npos) return;
    simdjson::dom::parser parser;
    const simdjson::dom::element document = parser.parse(body);
    simdjson::dom::array sentences;
    if (document[name].get(sentences) != simdjson::SUCCESS) return;
    for (const simdjson::dom::element sentence : sentences) out.emplace_back(std::string_view(sentence));
  }

  const QueryWindow& window_;
  const QueryLimits& limits_;
  Answer answer_;
  std::uint64_t samples_ = 0;
};

}  // namespace

Result<Answer> read_answer_json(std::string_view body, const QueryWindow& window, const QueryLimits& limits) {
  try {
    return Reading(window, limits).read(body);
  } catch (const simdjson::simdjson_error& error) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the answer to the query is not what the API promises: {}", error.what()));
  }
}

}  // namespace trimtab::promql
