// SPDX-License-Identifier: Apache-2.0
#include "query/engine/selector.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace trimtab::promql {
namespace {

std::optional<std::string> fixed_metric(const Matchers& matchers) {
  for (const Matcher& matcher : matchers) {
    if (matcher.name() == kMetricName && matcher.op() == MatchOp::kEqual) return matcher.value();
  }
  return std::nullopt;
}

bool is_stale(double value) { return std::bit_cast<std::uint64_t>(value) == kStaleNanBits; }

// The chosen series and the time range their samples are read from.
struct Selection {
  std::unique_ptr<SeriesSet> set;
  TimeRange range;
  std::optional<std::string> metric;
  const Context& context;

  Status read(std::size_t row, Scratch& scratch, SampleBuffer& out) const {
    TRY(context.check());
    TRY(set->read(row, range, out));
    scratch.samples_decoded += out.size();
    return context.count_samples(out.size());
  }
};

// Times beyond what a sample may carry are cut, so that no subtraction overflows.
TimestampMs clamp_time(TimestampMs t) { return std::clamp(t, kTimestampMin, kTimestampMax); }

Result<Selection> select(Store& store, const Matchers& matchers, const Lookup& lookup, DurationMs back_ms,
                         const Context& context) {
  TRY(context.check());
  const TimeRange range{clamp_time(lookup.first() - back_ms + 1), clamp_time(lookup.last())};
  ReadOptions options;
  options.samples_max = context.limits().samples_max;
  options.series_max = context.limits().series_max;
  options.cancelled = context.options().cancelled;
  auto set = TRY(store.select(matchers, range, options));
  TRY(context.count_series(set->size()));
  return Selection{std::move(set), range, fixed_metric(matchers), context};
}

class InstantRows final : public RowSource {
 public:
  InstantRows(Selection selection, const Lookup& lookup, SelectorValue value)
      : selection_(std::move(selection)), lookup_(lookup), value_(value) {}
  std::size_t size() const override { return selection_.set->size(); }
  Labels labels(std::size_t row) const override {
    Labels all = selection_.set->labels(row);
    return value_ == SelectorValue::kTimestamp ? all.without(kMetricName) : all;
  }
  bool unique() const override { return value_ == SelectorValue::kSample || selection_.metric.has_value(); }
  bool unique_without_name() const override { return selection_.metric.has_value(); }

  Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const override {
    const auto buffer = scratch.samples();
    TRY(selection_.read(row, scratch, *buffer));
    const auto& times = buffer->timestamps_ms;
    const DurationMs lookback = selection_.context.options().lookback_ms;
    std::size_t next = 0;  // the first sample after the step
    for (std::size_t c = 0; c < out.size(); ++c) {
      const TimestampMs t = lookup_.at(c);
      while (next < times.size() && times[next] <= t) ++next;
      const bool found = next > 0 && times[next - 1] > t - lookback && !is_stale(buffer->values[next - 1]);
      if (!found) {
        out[c] = kNoValue;
      } else {
        out[c] = value_ == SelectorValue::kSample ? from_store(buffer->values[next - 1])
                                                  : static_cast<double>(times[next - 1]) / 1000;
      }
    }
    return ok();
  }

 private:
  Selection selection_;
  Lookup lookup_;
  SelectorValue value_;
};

class StoreSamples final : public SampleSource {
 public:
  explicit StoreSamples(Selection selection) : selection_(std::move(selection)) {}
  std::size_t size() const override { return selection_.set->size(); }
  Labels labels(std::size_t row) const override { return selection_.set->labels(row); }
  bool unique() const override { return true; }
  bool unique_without_name() const override { return selection_.metric.has_value(); }
  std::optional<std::string> metric() const override { return selection_.metric; }

  Status read(std::size_t row, Scratch& scratch, SampleBuffer& out) const override {
    TRY(selection_.read(row, scratch, out));
    if (std::none_of(out.values.begin(), out.values.end(), [](double v) { return std::isnan(v); }))
      return ok();
    std::size_t kept = 0;
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (is_stale(out.values[i])) continue;
      out.timestamps_ms[kept] = out.timestamps_ms[i];
      out.values[kept++] = from_store(out.values[i]);
    }
    out.timestamps_ms.resize(kept);
    out.values.resize(kept);
    return ok();
  }

 private:
  Selection selection_;
};

class RowSamples final : public SampleSource {
 public:
  RowSamples(Rows rows, const Grid& grid, const Context& context)
      : rows_(std::move(rows)), grid_(grid), context_(context) {}
  std::size_t size() const override { return rows_->size(); }
  Labels labels(std::size_t row) const override { return rows_->labels(row); }
  bool unique() const override { return rows_->unique(); }
  bool unique_without_name() const override { return rows_->unique_without_name(); }

  Status read(std::size_t row, Scratch& scratch, SampleBuffer& out) const override {
    TRY(context_.check());
    const auto cells = scratch.doubles();
    cells->resize(grid_.columns);
    TRY(rows_->compute(row, scratch, *cells));
    out.clear();
    for (std::size_t c = 0; c < grid_.columns; ++c) {
      if (!present((*cells)[c])) continue;
      out.timestamps_ms.push_back(grid_.at(c));
      out.values.push_back((*cells)[c]);
    }
    return ok();
  }

 private:
  Rows rows_;
  Grid grid_;
  const Context& context_;
};

}  // namespace

Lookup::Lookup(const Grid& grid_in, const TimeShift& shift, const QueryWindow& window)
    : grid(grid_in), offset_ms(shift.offset_ms) {
  switch (shift.anchor) {
    case TimeShift::Anchor::kNone: break;
    case TimeShift::Anchor::kTimestamp: anchor = clamp_time(shift.at_ms); break;
    case TimeShift::Anchor::kStart: anchor = window.start_ms; break;
    case TimeShift::Anchor::kEnd: anchor = window.end_ms; break;
  }
}

Result<Rows> select_instant(Store& store, const VectorSelector& selector, const Grid& grid,
                            SelectorValue value, const Context& context) {
  const Lookup lookup(grid, selector.shift, context.window());
  auto selection = TRY(select(store, selector.matchers, lookup, context.options().lookback_ms, context));
  return Rows(std::make_shared<InstantRows>(std::move(selection), lookup, value));
}

Result<std::shared_ptr<const SampleSource>> select_samples(Store& store, const MatrixSelector& selector,
                                                           const Grid& grid, const Context& context) {
  const Lookup lookup(grid, selector.vector.shift, context.window());
  auto selection = TRY(select(store, selector.vector.matchers, lookup, selector.range_ms, context));
  return std::shared_ptr<const SampleSource>(std::make_shared<StoreSamples>(std::move(selection)));
}

std::shared_ptr<const SampleSource> samples_of_rows(Rows rows, const Grid& grid, const Context& context) {
  return std::make_shared<RowSamples>(std::move(rows), grid, context);
}

}  // namespace trimtab::promql
