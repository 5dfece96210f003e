// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "query/engine/quantile.h"
#include "query/engine/rate.h"
#include "query/engine/regression.h"
#include "query/engine/running_sums.h"
#include "query/engine/sum.h"
#include "query/engine/window.h"

namespace trimtab::promql {
namespace {

using Values = std::span<const double>;

// A function of the values of one window, at least one of them.
template <typename Reduce>
class Reduced final : public WindowFunction {
 public:
  explicit Reduced(Reduce reduce) : reduce_(std::move(reduce)) {}
  void run(const Windows& windows, const SampleBuffer& samples, Scratch&,
           std::span<double> out) const override {
    const Values all(samples.values);
    for_each_window(windows, samples.timestamps_ms, out.size(),
                    [&](std::size_t c, std::size_t from, std::size_t to) {
                      out[c] = from == to ? kNoValue : reduce_(all.subspan(from, to - from));
                    });
  }

 private:
  Reduce reduce_;
};
template <typename Reduce>
std::unique_ptr<WindowFunction> reduced(Reduce reduce) {
  return std::make_unique<Reduced<Reduce>>(std::move(reduce));
}

double sum_of(Values values) {
  CompensatedSum sum;
  for (const double v : values) sum.add(v);
  return sum.value();
}

double mean_of(Values values) {
  CompensatedMean mean;
  for (const double v : values) mean.add(v);
  return mean.value();
}

// Population variance in two passes, with what rounding of the mean took put right (Chan, Golub and LeVeque
// 1983).
double variance_of(Values values) {
  const double n = static_cast<double>(values.size());
  const double mean = mean_of(values);
  double squares = 0;
  double rest = 0;
  for (const double v : values) {
    const double off = v - mean;
    squares += off * off;
    rest += off;
  }
  const double sum = squares - rest * rest / n;
  return (sum < 0 ? 0 : sum) / n;
}

// sum_over_time and avg_over_time. Where windows overlap much they are differences of running sums.
template <bool kMean>
class SumOverTime final : public WindowFunction {
 public:
  void run(const Windows& windows, const SampleBuffer& samples, Scratch& scratch,
           std::span<double> out) const override {
    // Below, adding up each window anew is cheaper.
    constexpr DurationMs kOverlapMin = 4;
    const Values all(samples.values);
    if (out.size() > 1 && windows.range_ms / kOverlapMin > windows.lookup.grid.step_ms) {
      const auto sums = scratch.doubles();
      const auto lost = scratch.doubles();
      if (const RunningSums running(all, *sums, *lost); running.good()) {
        for_each_window(windows, samples.timestamps_ms, out.size(),
                        [&](std::size_t c, std::size_t from, std::size_t to) {
                          const double sum = running.between(from, to);
                          out[c] = from == to ? kNoValue : kMean ? sum / static_cast<double>(to - from) : sum;
                        });
        return;
      }
    }
    for_each_window(windows, samples.timestamps_ms, out.size(),
                    [&](std::size_t c, std::size_t from, std::size_t to) {
                      const Values window = all.subspan(from, to - from);
                      out[c] = from == to ? kNoValue : kMean ? mean_of(window) : sum_of(window);
                    });
  }
};

// max_over_time and min_over_time: the candidates in a queue, best first, each later than and
// not better than the one before, so that every sample enters and leaves once. NaN loses against any number.
template <bool kMax>
class Extreme final : public WindowFunction {
 public:
  void run(const Windows& windows, const SampleBuffer& samples, Scratch& scratch,
           std::span<double> out) const override {
    const auto& values = samples.values;
    const auto queue = scratch.indices();
    queue->resize(values.size());
    std::size_t head = 0;
    std::size_t tail = 0;
    std::size_t taken = 0;
    const auto beats = [](double a, double b) {
      if (std::isnan(b)) return true;
      return kMax ? a > b : a < b;
    };
    for_each_window(windows, samples.timestamps_ms, out.size(),
                    [&](std::size_t c, std::size_t from, std::size_t to) {
                      if (taken < from) taken = from;
                      for (; taken < to; ++taken) {
                        while (tail > head && beats(values[taken], values[(*queue)[tail - 1]])) --tail;
                        (*queue)[tail++] = taken;
                      }
                      while (head < tail && (*queue)[head] < from) ++head;
                      out[c] = from == to ? kNoValue : values[(*queue)[head]];
                    });
  }
};

// Counts of a property of neighbouring samples, by differences of a running count.
template <typename Differs>
class Pairs final : public WindowFunction {
 public:
  explicit Pairs(Differs differs) : differs_(differs) {}
  void run(const Windows& windows, const SampleBuffer& samples, Scratch& scratch,
           std::span<double> out) const override {
    const auto& values = samples.values;
    const auto before = scratch.indices();
    before->assign(values.size(), 0);
    for (std::size_t i = 1; i < values.size(); ++i) {
      (*before)[i] = (*before)[i - 1] + (differs_(values[i - 1], values[i]) ? 1 : 0);
    }
    for_each_window(
        windows, samples.timestamps_ms, out.size(), [&](std::size_t c, std::size_t from, std::size_t to) {
          out[c] = from == to ? kNoValue : static_cast<double>((*before)[to - 1] - (*before)[from]);
        });
  }

 private:
  Differs differs_;
};
template <typename Differs>
std::unique_ptr<WindowFunction> pairs(Differs differs) {
  return std::make_unique<Pairs<Differs>>(differs);
}

class QuantileOverTime final : public WindowFunction {
 public:
  explicit QuantileOverTime(std::vector<double> q) : q_(std::move(q)) {}
  void run(const Windows& windows, const SampleBuffer& samples, Scratch& scratch,
           std::span<double> out) const override {
    const auto& values = samples.values;
    // The window's values in order: each sample is put in and taken out once, at the cost of one search and
    // one move of memory. Where many change at once, sorting anew is cheaper than as many moves.
    constexpr std::size_t kChangesMax = 256;
    const auto sorted = scratch.doubles();
    sorted->clear();
    std::size_t in = 0;
    std::size_t gone = 0;
    for_each_window(
        windows, samples.timestamps_ms, out.size(), [&](std::size_t c, std::size_t from, std::size_t to) {
          if (from >= in || to - in > kChangesMax) {
            sorted->assign(values.begin() + static_cast<std::ptrdiff_t>(from),
                           values.begin() + static_cast<std::ptrdiff_t>(to));
            std::sort(sorted->begin(), sorted->end(), less_nan_first);
          } else {
            for (; gone < from; ++gone) {
              sorted->erase(std::lower_bound(sorted->begin(), sorted->end(), values[gone], less_nan_first));
            }
            for (; in < to; ++in) {
              sorted->insert(std::upper_bound(sorted->begin(), sorted->end(), values[in], less_nan_first),
                             values[in]);
            }
          }
          in = to;
          gone = from;
          out[c] = from == to ? kNoValue : quantile_of_sorted(*sorted, q_[c]);
        });
  }

 private:
  std::vector<double> q_;
};

class MadOverTime final : public WindowFunction {
 public:
  void run(const Windows& windows, const SampleBuffer& samples, Scratch& scratch,
           std::span<double> out) const override {
    const auto work = scratch.doubles();
    for_each_window(windows, samples.timestamps_ms, out.size(),
                    [&](std::size_t c, std::size_t from, std::size_t to) {
                      if (from == to) {
                        out[c] = kNoValue;
                        return;
                      }
                      work->assign(samples.values.begin() + static_cast<std::ptrdiff_t>(from),
                                   samples.values.begin() + static_cast<std::ptrdiff_t>(to));
                      const double median = quantile_of(*work, 0.5);
                      for (double& v : *work) v = std::fabs(v - median);
                      out[c] = quantile_of(*work, 0.5);
                    });
  }
};

// deriv, and predict_linear when there is a time to look ahead.
class Regression final : public WindowFunction {
 public:
  explicit Regression(std::vector<double> ahead_s) : ahead_s_(std::move(ahead_s)) {}
  void run(const Windows& windows, const SampleBuffer& samples, Scratch&,
           std::span<double> out) const override {
    const std::span<const TimestampMs> times(samples.timestamps_ms);
    const Values values(samples.values);
    for_each_window(windows, times, out.size(), [&](std::size_t c, std::size_t from, std::size_t to) {
      if (to - from < 2) {
        out[c] = kNoValue;
        return;
      }
      const TimestampMs origin = ahead_s_.empty() ? times[from] : windows.evaluated_at(c);
      const Line line = fit_line(times.subspan(from, to - from), values.subspan(from, to - from), origin);
      out[c] = ahead_s_.empty() ? line.slope : line.slope * ahead_s_[c] + line.intercept;
    });
  }

 private:
  std::vector<double> ahead_s_;
};

// Holt's linear exponential smoothing (Holt 1957): level and trend, each a mean that forgets.
class DoubleExponential final : public WindowFunction {
 public:
  DoubleExponential(std::vector<double> level, std::vector<double> trend)
      : level_(std::move(level)), trend_(std::move(trend)) {}
  void run(const Windows& windows, const SampleBuffer& samples, Scratch&,
           std::span<double> out) const override {
    const auto& values = samples.values;
    for_each_window(windows, samples.timestamps_ms, out.size(),
                    [&](std::size_t c, std::size_t from, std::size_t to) {
                      if (to - from < 2) {
                        out[c] = kNoValue;
                        return;
                      }
                      double before = 0;
                      double smoothed = values[from];
                      double trend = values[from + 1] - values[from];
                      for (std::size_t i = from + 1; i < to; ++i) {
                        if (i > from + 1) trend = trend_[c] * (smoothed - before) + (1 - trend_[c]) * trend;
                        const double next = level_[c] * values[i] + (1 - level_[c]) * (smoothed + trend);
                        before = smoothed;
                        smoothed = next;
                      }
                      out[c] = smoothed;
                    });
  }

 private:
  std::vector<double> level_;
  std::vector<double> trend_;
};

}  // namespace

std::unique_ptr<WindowFunction> window_function(FunctionId id, std::vector<std::vector<double>> scalars) {
  using F = FunctionId;
  switch (id) {
    case F::kRate:
    case F::kIncrease:
    case F::kDelta:
    case F::kIrate:
    case F::kIdelta: return rate_function(id);
    case F::kSumOverTime: return std::make_unique<SumOverTime<false>>();
    case F::kAvgOverTime: return std::make_unique<SumOverTime<true>>();
    case F::kStdvarOverTime: return reduced(variance_of);
    case F::kStddevOverTime: return reduced([](Values v) { return std::sqrt(variance_of(v)); });
    case F::kCountOverTime: return reduced([](Values v) { return static_cast<double>(v.size()); });
    case F::kPresentOverTime: return reduced([](Values) { return 1.0; });
    case F::kLastOverTime: return reduced([](Values v) { return v.back(); });
    case F::kMaxOverTime: return std::make_unique<Extreme<true>>();
    case F::kMinOverTime: return std::make_unique<Extreme<false>>();
    case F::kChanges:
      return pairs([](double a, double b) { return a != b && !(std::isnan(a) && std::isnan(b)); });
    case F::kResets: return pairs([](double a, double b) { return b < a; });
    case F::kQuantileOverTime: return std::make_unique<QuantileOverTime>(std::move(scalars[0]));
    case F::kMadOverTime: return std::make_unique<MadOverTime>();
    case F::kDeriv: return std::make_unique<Regression>(std::vector<double>{});
    case F::kPredictLinear: return std::make_unique<Regression>(std::move(scalars[0]));
    case F::kDoubleExponentialSmoothing:
      return std::make_unique<DoubleExponential>(std::move(scalars[0]), std::move(scalars[1]));
    default: break;
  }
  CHECK(false, "function {} is not one of ranges", static_cast<int>(id));
}

}  // namespace trimtab::promql
