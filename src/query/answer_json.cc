// SPDX-License-Identifier: Apache-2.0
#include "query/answer_json.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/check.h"
#include "base/json.h"
#include "query/number_text.h"

namespace trimtab::promql {
namespace {

bool is_present(double cell) { return std::bit_cast<std::uint64_t>(cell) != kStaleNanBits; }

std::string_view type_word(const Answer& answer) {
  switch (answer.type) {
    case ValueType::kScalar: return "scalar";
    case ValueType::kString: return "string";
    case ValueType::kMatrix: return "matrix";
    default: return "vector";
  }
}

void append_strings(std::string& out, std::string_view name, const std::vector<std::string>& sentences) {
  if (sentences.empty()) return;
  out.append(",\"").append(name).append("\":[");
  for (std::size_t i = 0; i < sentences.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, sentences[i]);
  }
  out += ']';
}

std::string stats_json(const Answer& answer, const AnswerJsonOptions& options) {
  JsonWriter json;
  json.begin_object().key("timings").begin_object();
  json.field("evalTotalTime", options.seconds).field("execQueueTime", options.queue_seconds);
  json.field("execTotalTime", options.seconds + options.queue_seconds).end_object();
  json.key("samples").begin_object().field("totalQueryableSamples", answer.stats.samples_decoded);
  json.field("seriesSelected", answer.stats.series_selected).end_object().end_object();
  return json.take();
}

std::string trace_json(const std::vector<TraceStage>& trace) {
  JsonWriter json;
  json.begin_array();
  for (const TraceStage& stage : trace) {
    json.begin_object().field("depth", stage.depth).field("text", stage.text);
    json.field("series", stage.series).field("samples", stage.samples);
    json.field("milliseconds", stage.milliseconds).end_object();
  }
  json.end_array();
  return json.take();
}

}  // namespace

void append_api_number(std::string& out, double value) {
  std::array<char, kApiNumberBytes> buffer;
  out.append(buffer.data(), write_api_number(buffer.data(), value));
}

void append_api_time(std::string& out, TimestampMs time) {
  std::uint64_t rest = static_cast<std::uint64_t>(time);
  if (time < 0) {
    out += '-';
    rest = 0 - rest;
  }
  std::array<char, 24> buffer;
  const auto seconds = std::to_chars(buffer.data(), buffer.data() + buffer.size(), rest / 1000);
  out.append(buffer.data(), seconds.ptr);
  const std::uint64_t fraction = rest % 1000;
  if (fraction == 0) return;
  out += '.';
  out += static_cast<char>('0' + fraction / 100);
  out += static_cast<char>('0' + fraction / 10 % 10);
  out += static_cast<char>('0' + fraction % 10);
}

AnswerJson::AnswerJson(Answer answer, const AnswerJsonOptions& options)
    : answer_(std::move(answer)), options_(options), rows_(answer_.rows()) {
  const bool listed = answer_.type == ValueType::kVector || answer_.type == ValueType::kMatrix;
  if (listed && options_.series_limit > 0 && rows_ > options_.series_limit) {
    rows_ = options_.series_limit;
    answer_.warnings.emplace_back("results truncated due to limit");
  }
  if (!answer_.ragged.empty()) return;
  times_.resize(answer_.columns);
  for (std::size_t column = 0; column < answer_.columns; ++column) {
    std::string time = "[";
    append_api_time(time, answer_.start_ms + static_cast<DurationMs>(column) * answer_.step_ms);
    time += ",\"";
    CHECK(time.size() <= sizeof(Time::text), "a time of {} characters", time.size());
    std::ranges::copy(time, times_[column].text.begin());
    times_[column].size = time.size();
  }
}

bool AnswerJson::write(std::string& out, std::size_t bytes) {
  if (!started_) write_head(out);
  started_ = true;
  const bool listed = answer_.type == ValueType::kVector || answer_.type == ValueType::kMatrix;
  const std::size_t until = out.size() + bytes;
  while (listed && next_ < rows_) {
    if (next_ > 0) out += ',';
    write_row(out, next_++);
    if (out.size() >= until && next_ < rows_) return true;
  }
  write_tail(out);
  return false;
}

void AnswerJson::write_head(std::string& out) const {
  out.append("{\"status\":\"success\",\"data\":{\"resultType\":\"").append(type_word(answer_));
  out += "\",\"result\":[";
  if (answer_.type == ValueType::kString) {
    append_api_time(out, answer_.start_ms);
    out += ',';
    append_json_string(out, answer_.text);
  } else if (answer_.type == ValueType::kScalar) {
    append_api_time(out, answer_.start_ms);
    out += ",\"";
    // Prometheus never gives a scalar an exponent.
    append_plain_number(out, answer_.values.empty() ? std::nan("") : answer_.values.front());
    out += '"';
  }
}

void AnswerJson::write_row(std::string& out, std::size_t row) const {
  out += "{\"metric\":";
  append_labels_json(out, answer_.labels[row]);
  const auto cell = [&out](double value) {
    append_api_number(out, value);
    out += "\"]";
  };
  if (answer_.type == ValueType::kVector) {
    out.append(",\"value\":").append(times_[0].text.data(), times_[0].size);
    cell(answer_.row(row)[0]);
    out += '}';
    return;
  }
  out += ",\"values\":[";
  if (!answer_.ragged.empty()) {
    const SampleBuffer& samples = answer_.ragged[row];
    for (std::size_t i = 0; i < samples.size(); ++i) {
      out += i == 0 ? "[" : ",[";
      append_api_time(out, samples.timestamps_ms[i]);
      out += ",\"";
      cell(samples.values[i]);
    }
  } else {
    write_cells(out, answer_.row(row));
  }
  out += "]}";
}

// Most of the work of a plain selector, hence straight into the string's memory, times in copies of a fixed
// size.
void AnswerJson::write_cells(std::string& out, std::span<const double> cells) const {
  constexpr std::size_t kCellBytesMax = sizeof(Time::text) + kApiNumberBytes + 3;
  const std::size_t before = out.size();
  out.resize_and_overwrite(before + cells.size() * kCellBytesMax, [&](char* text, std::size_t) {
    char* at = text + before;
    for (std::size_t column = 0; column < cells.size(); ++column) {
      if (!is_present(cells[column])) continue;
      if (at != text + before) *at++ = ',';
      const Time& time = times_[column];
      std::memcpy(at, time.text.data(), time.text.size());
      at = write_api_number(at + time.size, cells[column]);
      *at++ = '"';
      *at++ = ']';
    }
    return static_cast<std::size_t>(at - text);
  });
}

void AnswerJson::write_tail(std::string& out) const {
  out += ']';
  if (options_.stats) out.append(",\"stats\":").append(stats_json(answer_, options_));
  if (!answer_.trace.empty()) out.append(",\"trace\":").append(trace_json(answer_.trace));
  out += '}';
  append_strings(out, "warnings", answer_.warnings);
  append_strings(out, "infos", answer_.infos);
  out += "}\n";
}

std::uint64_t AnswerJson::bytes_at_least(const Answer& answer) {
  constexpr std::uint64_t kCellBytes = sizeof("[1,\"1\"],") - 1;
  constexpr std::uint64_t kRowBytes = sizeof("{\"metric\":{},\"values\":[]},") - 1;
  std::uint64_t cells = 0;
  for (const double value : answer.values) cells += is_present(value);
  for (const SampleBuffer& samples : answer.ragged) cells += samples.size();
  std::uint64_t bytes = cells * kCellBytes + answer.rows() * kRowBytes;
  for (const Labels& labels : answer.labels) {
    for (const Label& label : labels.items()) bytes += label.name.size() + label.value.size();
  }
  // Times now have at least ten digits more than the one counted above.
  if (answer.start_ms >= 1'000'000'000'000) bytes += cells * 9;
  return bytes;
}

std::uint64_t AnswerJson::memory_bytes(const Answer& answer) {
  std::uint64_t bytes = answer.values.capacity() * sizeof(double) + answer.text.size();
  for (const SampleBuffer& samples : answer.ragged) bytes += samples.size() * 2 * sizeof(double);
  for (const Labels& labels : answer.labels) {
    for (const Label& label : labels.items()) bytes += sizeof(Label) + label.name.size() + label.value.size();
  }
  return bytes;
}

std::string answer_json(Answer answer, const AnswerJsonOptions& options) {
  std::string out;
  AnswerJson(std::move(answer), options).write(out, static_cast<std::size_t>(-1) / 2);
  return out;
}

}  // namespace trimtab::promql
