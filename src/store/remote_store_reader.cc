// SPDX-License-Identifier: Apache-2.0
#include "store/remote_store_reader.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

namespace trimtab {
namespace {

namespace json = simdjson::ondemand;

constexpr LabelLimits kForeignLabels{
    .labels_count_max = 1024, .name_bytes_max = 4096, .value_bytes_max = 64 << 10};
constexpr DurationMs kPieceStartMs = 6 * kHourMs;  // of time, per query; grows and shrinks with the answers
constexpr DurationMs kPieceMinMs = kSecondMs;
constexpr DurationMs kPieceMaxMs = 20 * kYearMs;
constexpr std::uint64_t kPieceSamplesWanted = 500'000;  // fewer: the next piece is four times as long

double parse_value(std::string_view text) {
  const auto value = parse_remote_value(text);
  if (!value) throw simdjson::simdjson_error(simdjson::NUMBER_ERROR);
  return *value;
}

// Runs a reading of JSON; what simdjson throws becomes an error of ours.
template <typename Read>
Status read_json(std::string_view what, Read read) {
  try {
    return read();
  } catch (const simdjson::simdjson_error& error) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("{}: the answer is not what the API promises: {}", what, error.what()));
  }
}

Result<Labels> read_labels(json::object object) {
  std::vector<Label> labels;
  for (auto field : object) {
    const std::string_view name = field.unescaped_key();
    const std::string_view value = field.value().get_string();
    labels.push_back({std::string(name), std::string(value)});
  }
  return Labels::create(std::move(labels), kForeignLabels);
}

// The words between the brackets of an export line's array. Not read as JSON: VictoriaMetrics 1.79 writes
// infinities as a bare +Inf, other versions as "Infinity" or null. `key` holds quotes that are not escaped,
// so no label value can look like it.
std::string_view export_array(std::string_view line, std::string_view key) {
  const std::size_t start = line.find(key);
  const std::size_t end = line.find(']', start);
  if (start == std::string_view::npos || end == std::string_view::npos)
    throw simdjson::simdjson_error(simdjson::NO_SUCH_FIELD);
  return line.substr(start + key.size(), end - start - key.size());
}

std::string_view next_export_word(std::string_view& words) {
  const std::size_t comma = std::min(words.find(','), words.size());
  std::string_view word = words.substr(0, comma);
  words.remove_prefix(std::min(words.size(), comma + 1));
  while (!word.empty() && (word.front() == ' ' || word.front() == '"')) word.remove_prefix(1);
  while (!word.empty() && (word.back() == ' ' || word.back() == '"')) word.remove_suffix(1);
  return word;
}

// {"metric":{...},"values":[1,2],"timestamps":[...]}: one line of an export.
Status read_export_line(json::parser& parser, std::string_view line, RemoteSamples& out) {
  json::document document =
      parser.iterate(line.data(), line.size(), line.size() + simdjson::SIMDJSON_PADDING);
  const Labels labels = TRY(read_labels(document["metric"].get_object()));
  const std::size_t index = out.find(labels);
  if (index == RemoteSamples::npos) return ok();
  std::string_view values = export_array(line, "\"values\":[");
  std::string_view times = export_array(line, "\"timestamps\":[");
  while (!values.empty() && !times.empty()) {
    const std::string_view word = next_export_word(times);
    TimestampMs time = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), time);
    if (error != std::errc() || end != word.data() + word.size())
      throw simdjson::simdjson_error(simdjson::NUMBER_ERROR);
    TRY(out.add(index, time, parse_value(next_export_word(values))));
  }
  if (values.empty() != times.empty()) throw simdjson::simdjson_error(simdjson::INDEX_OUT_OF_BOUNDS);
  return ok();
}

// {"status":"success","data":{"resultType":"matrix","result":[{"metric":{...},"values":[[t,"v"],...]}]}}
Status read_matrix(json::parser& parser, const std::string& body, TimeRange range, RemoteSamples& out) {
  json::document document = parser.iterate(body);
  for (auto entry : document["data"]["result"].get_array()) {
    json::object series = entry.get_object();
    const Labels labels = TRY(read_labels(series["metric"].get_object()));
    const std::size_t index = out.find(labels);
    if (index == RemoteSamples::npos) continue;
    for (auto pair : series["values"].get_array()) {
      TimestampMs time = 0;
      bool first = true;
      for (auto element : pair.get_array()) {
        if (first) {
          time = std::llround(double(element.get_double()) * 1000);
        } else if (range.contains(time)) {
          TRY(out.add(index, time, parse_value(std::string_view(element.get_string()))));
        }
        first = false;
      }
    }
  }
  return ok();
}

}  // namespace

RemoteSamples::RemoteSamples(std::vector<Labels> wanted, std::uint64_t samples_max)
    : wanted_(std::move(wanted)), buffers_(wanted_.size()), samples_max_(samples_max) {
  for (std::size_t i = 0; i < wanted_.size(); ++i) index_.emplace(wanted_[i].hash(), i);
}

std::size_t RemoteSamples::find(const Labels& labels) const {
  const auto [first, last] = index_.equal_range(labels.hash());
  for (auto it = first; it != last; ++it) {
    if (wanted_[it->second] == labels) return it->second;
  }
  return npos;
}

Status RemoteSamples::add(std::size_t index, TimestampMs time, double value) {
  if (++count_ > samples_max_) {
    return fail(
        ErrorCode::kLimit,
        fmt::format("the read holds more than {} samples; narrow the range or the selector", samples_max_));
  }
  buffers_[index].timestamps_ms.push_back(time);
  buffers_[index].values.push_back(value);
  return ok();
}

void RemoteSamples::finish() {
  for (SampleBuffer& buffer : buffers_) {
    const auto& times = buffer.timestamps_ms;
    if (std::ranges::adjacent_find(times, std::greater_equal<>()) == times.end()) continue;
    std::vector<std::size_t> order(times.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return times[i]; });
    SampleBuffer sorted;
    for (const std::size_t i : order) {
      if (!sorted.timestamps_ms.empty() && sorted.timestamps_ms.back() == times[i]) {
        sorted.values.back() = buffer.values[i];
        continue;
      }
      sorted.timestamps_ms.push_back(times[i]);
      sorted.values.push_back(buffer.values[i]);
    }
    buffer = std::move(sorted);
  }
}

TimeRange RemoteReader::clamp(TimeRange range) const {
  // Not 0: VictoriaMetrics 1.79 finds no series from start=0 to an end that lies ahead of now.
  return {std::max<TimestampMs>(range.from, kSecondMs), std::min(range.to, clock_.now_ms() + kDayMs)};
}

Result<std::vector<Labels>> RemoteReader::series(const Matchers& matchers, TimeRange range,
                                                 std::uint64_t series_max) {
  const TimeRange asked = clamp(range);
  std::vector<Labels> out;
  if (asked.empty()) return out;
  const std::string body = TRY(api_.call("/api/v1/series", {{"match[]", remote_selector(matchers)},
                                                            {"start", remote_time(asked.from)},
                                                            {"end", remote_time(asked.to)},
                                                            {"limit", std::to_string(series_max + 1)}}));
  const Status read = read_json("/api/v1/series", [&]() -> Status {
    json::parser parser;
    json::document document = parser.iterate(body);
    for (auto entry : document["data"].get_array()) {
      if (out.size() == series_max) {
        return fail(ErrorCode::kLimit,
                    fmt::format("more than {} series match; narrow the selector", series_max));
      }
      out.push_back(TRY(read_labels(entry.get_object())));
    }
    return ok();
  });
  if (!read) return detail::error_of(read.error());
  return out;
}

Status RemoteReader::samples(const Matchers& matchers, TimeRange range, RemoteSamples& out,
                             const std::atomic<bool>* cancelled) {
  const TimeRange asked = clamp(range);
  if (asked.empty()) return ok();
  const bool exported = TRY(api_.has_export());
  const std::string selector = remote_selector(matchers);
  TRY(exported ? load_exported(selector, asked, out, cancelled)
               : load_queried(selector, asked, out, cancelled));
  out.finish();
  return ok();
}

// All at once; an answer over the bound is asked for again in halves of the time.
Status RemoteReader::load_exported(const std::string& selector, TimeRange range, RemoteSamples& out,
                                   const std::atomic<bool>* cancelled) {
  const auto body = api_.call(
      "/api/v1/export",
      {{"match[]", selector}, {"start", remote_time(range.from)}, {"end", remote_time(range.to)}}, cancelled);
  if (!body && body.error().code() == ErrorCode::kLimit && range.to - range.from > kPieceMinMs) {
    const TimestampMs middle = range.from + (range.to - range.from) / 2;
    TRY(load_exported(selector, {range.from, middle}, out, cancelled));
    return load_exported(selector, {middle + 1, range.to}, out, cancelled);
  }
  if (!body) return detail::error_of(body.error());
  return read_json("/api/v1/export", [&]() -> Status {
    json::parser parser;
    std::string_view rest(*body);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      if (end > 0) TRY(read_export_line(parser, rest.substr(0, end), out));
      rest.remove_prefix(std::min(rest.size(), end + 1));
    }
    return ok();
  });
}

// From the newest piece of time to the oldest. A range selector covers (t - range, t] in Prometheus 3 and
// [t - range, t] before: one millisecond more is asked for, and what is outside the piece is left out.
Status RemoteReader::load_queried(const std::string& selector, TimeRange range, RemoteSamples& out,
                                  const std::atomic<bool>* cancelled) {
  DurationMs piece = kPieceStartMs;
  for (TimestampMs to = range.to; to >= range.from;) {
    const TimestampMs from = std::max(range.from, to - piece + 1);
    const std::uint64_t before = out.count();
    const std::string query = fmt::format("{}[{}ms]", selector, to - from + 1);
    const auto body = api_.call("/api/v1/query", {{"query", query}, {"time", remote_time(to)}}, cancelled);
    if (!body) {
      const bool smaller = body.error().code() == ErrorCode::kLimit && piece > kPieceMinMs;
      if (!smaller) return detail::error_of(body.error());
      piece = std::max(kPieceMinMs, piece / 4);
      continue;
    }
    const Status read = read_json("/api/v1/query", [&] {
      json::parser parser;
      return read_matrix(parser, *body, {from, to}, out);
    });
    if (!read) return detail::error_of(read.error());
    if (out.count() - before < kPieceSamplesWanted) piece = std::min(kPieceMaxMs, piece * 4);
    to = from - 1;
  }
  return ok();
}

Result<std::vector<std::string>> RemoteReader::names(const std::string& path, const Matchers& matchers,
                                                     TimeRange range) {
  const TimeRange asked = clamp(range);
  std::vector<std::string> out;
  if (asked.empty()) return out;
  RemoteParameters parameters{{"start", remote_time(asked.from)}, {"end", remote_time(asked.to)}};
  if (!matchers.empty()) parameters.emplace_back("match[]", remote_selector(matchers));
  const std::string body = TRY(api_.call(path, parameters));
  const Status read = read_json(path, [&]() -> Status {
    json::parser parser;
    json::document document = parser.iterate(body);
    for (auto entry : document["data"].get_array()) out.emplace_back(std::string_view(entry.get_string()));
    return ok();
  });
  if (!read) return detail::error_of(read.error());
  std::ranges::sort(out);
  out.erase(std::ranges::unique(out).begin(), out.end());
  return out;
}

Result<std::map<std::string, MetricMetadata>> RemoteReader::metadata() {
  std::map<std::string, MetricMetadata> out;
  const std::string body = TRY(api_.call("/api/v1/metadata", {}));
  const Status read = read_json("/api/v1/metadata", [&]() -> Status {
    simdjson::dom::parser parser;
    simdjson::dom::object metrics = parser.parse(body)["data"];
    for (const auto& [name, entries] : metrics) {
      for (simdjson::dom::element entry : simdjson::dom::array(entries)) {
        const auto text = [&](const char* key) {
          std::string_view value;
          return entry[key].get(value) == simdjson::SUCCESS ? std::string(value) : std::string();
        };
        out.try_emplace(std::string(name),
                        MetricMetadata{parse_metric_type(text("type")), text("help"), text("unit")});
      }
    }
    return ok();
  });
  if (!read) return detail::error_of(read.error());
  return out;
}

}  // namespace trimtab
