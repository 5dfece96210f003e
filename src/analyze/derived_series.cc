// SPDX-License-Identifier: Apache-2.0
#include "analyze/derived_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace trimtab::analyze {
namespace {

class JoinedSeries final : public SeriesSet {
 public:
  JoinedSeries(std::unique_ptr<SeriesSet> stored, DerivedSeries derived)
      : stored_(std::move(stored)), derived_(std::move(derived)) {}

  std::size_t size() const override { return stored_->size() + derived_.labels.size(); }
  SeriesId id(std::size_t index) const override { return is_stored(index) ? stored_->id(index) : kNoSeries; }
  Labels labels(std::size_t index) const override {
    return is_stored(index) ? stored_->labels(index) : derived_.labels[index - stored_->size()];
  }
  Status read(std::size_t index, TimeRange range, SampleBuffer& out) const override {
    if (is_stored(index)) return stored_->read(index, range, out);
    const SampleBuffer& all = derived_.samples[index - stored_->size()];
    const auto begin = std::lower_bound(all.timestamps_ms.begin(), all.timestamps_ms.end(), range.from);
    const auto end = std::upper_bound(begin, all.timestamps_ms.end(), range.to);
    const auto first = begin - all.timestamps_ms.begin();
    const auto last = end - all.timestamps_ms.begin();
    out.timestamps_ms.assign(begin, end);
    out.values.assign(all.values.begin() + first, all.values.begin() + last);
    return ok();
  }

 private:
  bool is_stored(std::size_t index) const { return index < stored_->size(); }

  std::unique_ptr<SeriesSet> stored_;
  DerivedSeries derived_;
};

promql::QueryWindow grid_of(const DerivedWindow& window) {
  const auto columns = static_cast<DurationMs>(std::max<std::size_t>(window.columns_max, 1));
  const DurationMs minutes = std::max<DurationMs>(1, (window.history_ms / kMinuteMs + columns - 1) / columns);
  const DurationMs step_ms = minutes * kMinuteMs;
  return promql::QueryWindow::over(window.at_ms - window.history_ms / step_ms * step_ms, window.at_ms,
                                   step_ms);
}

// The cells that hold a value.
SampleBuffer samples_of(const promql::Answer& answer, std::size_t row) {
  SampleBuffer out;
  const auto cells = answer.row(row);
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (is_stale_marker(cells[c])) continue;
    out.timestamps_ms.push_back(answer.start_ms + static_cast<DurationMs>(c) * answer.step_ms);
    out.values.push_back(cells[c]);
  }
  return out;
}

Status derive(promql::Querier& querier, const Signal& entry, const promql::QueryWindow& grid,
              const promql::QueryOptions& options, DerivedSeries& out) {
  const auto prepared = TRY(querier.prepare(entry.expression));
  const promql::Answer answer = TRY(prepared->run(grid, options));
  out.samples_decoded += answer.stats.samples_decoded;
  if (answer.rows() > kDerivedSeriesMax) {
    return fail(ErrorCode::kLimit,
                fmt::format("gives {} series; at most {} are watched", answer.rows(), kDerivedSeriesMax));
  }
  for (std::size_t row = 0; row < answer.rows(); ++row) {
    Labels labels = answer.labels[row].with(kMetricName, entry.metric);
    const bool ours = std::all_of(entry.where.begin(), entry.where.end(),
                                  [&](const LabelCondition& condition) { return condition.holds(labels); });
    if (!ours) continue;
    out.labels.push_back(std::move(labels));
    out.samples.push_back(samples_of(answer, row));
  }
  return ok();
}

}  // namespace

Result<DerivedSeries> derive_series(promql::Querier& querier, const Catalog& catalog,
                                    const DerivedWindow& window, const std::atomic<bool>* cancelled) {
  DerivedSeries out;
  const promql::QueryWindow grid = grid_of(window);
  promql::QueryOptions options;
  options.cancelled = cancelled;
  options.limits.steps_max = window.columns_max + 1;
  for (const Signal& entry : catalog.entries()) {
    if (entry.expression.empty() || !entry.watch) continue;
    const Status status = derive(querier, entry, grid, options, out);
    if (status) continue;
    if (status.error().code() == ErrorCode::kCancelled) return std::unexpected(status.error());
    out.errors.push_back(
        fmt::format("{}: {}: {}", entry.source_file, entry.metric, status.error().message()));
  }
  return out;
}

std::unique_ptr<SeriesSet> join_series(std::unique_ptr<SeriesSet> stored, DerivedSeries derived) {
  return std::make_unique<JoinedSeries>(std::move(stored), std::move(derived));
}

}  // namespace trimtab::analyze
