// SPDX-License-Identifier: Apache-2.0
#include "server/sample.h"

#include <fmt/format.h>
#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

namespace trimtab {
namespace {

struct Series {
  Labels labels;
  SampleBuffer samples;
};

Result<std::string> read_gzip(const std::string& path) {
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return fail(ErrorCode::kNotFound, fmt::format("cannot open {}", path));
  std::string text;
  int got = 1;
  while (got > 0 && text.size() <= kSampleFileBytesMax) {
    const std::size_t before = text.size();
    text.resize(before + (1 << 20));
    got = gzread(file, text.data() + before, 1 << 20);
    text.resize(before + static_cast<std::size_t>(std::max(got, 0)));
  }
  gzclose(file);
  if (got < 0) return fail(ErrorCode::kCorrupt, fmt::format("{}: not a whole gzip file", path));
  if (got > 0)
    return fail(ErrorCode::kLimit, fmt::format("{}: more than {} bytes", path, kSampleFileBytesMax));
  return text;
}

Result<Series> parse_line(simdjson::dom::parser& parser, std::string_view line) {
  simdjson::dom::object row;
  simdjson::dom::object metric;
  simdjson::dom::array values;
  simdjson::dom::array times;
  if (parser.parse(line.data(), line.size()).get(row) || row["metric"].get(metric) ||
      row["values"].get(values) || row["timestamps"].get(times) || values.size() != times.size()) {
    return invalid("expected {\"metric\":{...},\"values\":[...],\"timestamps\":[...]}");
  }
  std::vector<Label> labels;
  for (const auto& [name, value] : metric) {
    std::string_view text;
    if (value.get(text)) return invalid("a label is not a text");
    labels.push_back({std::string(name), std::string(text)});
  }
  Series series;
  series.labels = TRY(Labels::create(std::move(labels)));
  for (const auto value : values) {
    double number = 0;
    if (value.get(number)) return invalid("a value is not a number");
    series.samples.values.push_back(number);
  }
  for (const auto time : times) {
    std::int64_t at = 0;
    if (time.get(at)) return invalid("a time is not a whole number");
    series.samples.timestamps_ms.push_back(at);
  }
  return series;
}

Result<std::vector<Series>> parse_lines(const std::string& file, std::string_view text) {
  std::vector<Series> all;
  simdjson::dom::parser parser;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    auto series = parse_line(parser, line);
    if (!series) return std::unexpected(series.error().within(fmt::format("{}:{}", file, number)));
    all.push_back(std::move(*series));
  }
  return all;
}

}  // namespace

Result<SampleLoaded> load_sample(const std::string& file, Store& store, TimestampMs now) {
  const std::string text = TRY(read_gzip(file));
  const std::vector<Series> all = TRY(parse_lines(file, text));
  TimestampMs newest = kTimestampMin;
  for (const Series& series : all) {
    for (const TimestampMs t : series.samples.timestamps_ms) newest = std::max(newest, t);
  }
  SampleLoaded loaded;
  loaded.shift_ms = now - newest;
  std::vector<Sample> batch;
  for (const Series& series : all) {
    const SeriesId id = TRY(store.ensure_series(series.labels));
    batch.clear();
    for (std::size_t i = 0; i < series.samples.size(); ++i) {
      batch.push_back({id, series.samples.timestamps_ms[i] + loaded.shift_ms, series.samples.values[i]});
    }
    const AppendOutcome outcome = TRY(store.append(batch));
    loaded.samples += outcome.taken;
    ++loaded.series;
  }
  return loaded;
}

Result<std::string> find_sample_folder(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  std::vector<fs::path> places;
  if (const char* folder = std::getenv("TRIMTAB_SAMPLES")) places.emplace_back(folder);
  places.push_back(program.parent_path() / "../samples");
  places.push_back(program.parent_path() / "../share/trimtab/samples");
  std::string looked;
  for (const fs::path& place : places) {
    const fs::path folder = (place / name).lexically_normal();
    if (fs::is_directory(folder, error)) return folder.string();
    looked += fmt::format("{}{}", looked.empty() ? "" : ", ", folder.string());
  }
  return fail(ErrorCode::kNotFound, fmt::format("sample \"{}\" was not found; looked for {}", name, looked));
}

}  // namespace trimtab
