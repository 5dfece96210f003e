// SPDX-License-Identifier: Apache-2.0
#include "ingest/export.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "ingest/json_sample.h"

namespace trimtab {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;

std::string metric_json(const Labels& labels) {
  std::string out = "{\"metric\":{";
  bool first = true;
  for (const Label& label : labels.items()) {
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, label.name);
    out += ':';
    append_json_string(out, label.value);
  }
  return out + "},\"values\":[";
}

void append_line(std::string& out, std::string_view metric, const SampleBuffer& samples, std::size_t from,
                 std::size_t to) {
  out += metric;
  for (std::size_t i = from; i < to; ++i) {
    if (i > from) out += ',';
    append_json_sample(out, samples.values[i]);
  }
  out += "],\"timestamps\":[";
  for (std::size_t i = from; i < to; ++i) {
    if (i > from) out += ',';
    fmt::format_to(std::back_inserter(out), "{}", samples.timestamps_ms[i]);
  }
  out += "]}\n";
}

}  // namespace

Result<ExportOutcome> export_json_lines(const SeriesSet& set, const ExportOptions& options,
                                        const std::function<Status(std::string_view)>& sink) {
  ExportOutcome outcome;
  SampleBuffer samples;
  std::string piece;
  const auto hand_over = [&]() -> Status {
    outcome.bytes += piece.size();
    const Status status = piece.empty() ? ok() : sink(piece);
    piece.clear();
    return status;
  };
  const std::size_t step = std::max<std::size_t>(1, options.samples_per_line_max);
  for (std::size_t index = 0; index < set.size(); ++index) {
    if (options.cancelled != nullptr && *options.cancelled)
      return fail(ErrorCode::kCancelled, "export cancelled");
    if (const Status read = set.read(index, options.range, samples); !read) {
      if (read.error().code() != ErrorCode::kCorrupt) return std::unexpected(read.error());
      if (outcome.series_unreadable++ == 0) outcome.first_error = read.error().message();
      continue;
    }
    if (samples.size() == 0) continue;
    const std::string metric = metric_json(set.labels(index));
    for (std::size_t from = 0; from < samples.size(); from += step) {
      append_line(piece, metric, samples, from, std::min(from + step, samples.size()));
      if (piece.size() >= kPieceBytes) TRY(hand_over());
    }
    ++outcome.series;
    outcome.samples += samples.size();
  }
  TRY(hand_over());
  return outcome;
}

}  // namespace trimtab
