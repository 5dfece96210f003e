// SPDX-License-Identifier: Apache-2.0
#include "query/engine/rate.h"

#include <algorithm>

namespace trimtab::promql {
namespace {

// How far the first and last sample may be from the window's edges, in mean distances between samples,
// to have the trend go on up to the edge; Prometheus' choice.
constexpr double kEdgeReach = 1.1;

// The change over the whole window from that between its first and last sample: the trend is taken to go on
// to the edge where samples come near it, else for half a sample distance. A counter is not taken below zero.
// https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
// Times in milliseconds: `sampled` between the samples, `before` and `after` them to the edges.
template <bool kCounter>
double extrapolate(double change, double first, double sampled, double before, double after,
                   double intervals) {
  const double spacing = sampled / intervals;
  const double reach = spacing * kEdgeReach;
  before = before >= reach ? spacing / 2 : before;
  // Where the line through the samples meets zero: sampled * first / change before the first sample.
  // The comparison spares a division; above 1e290 its products may overflow.
  if (kCounter && change > 0 && first >= 0 && (sampled * first < before * change || change > 1e290)) {
    before = std::min(before, sampled * (first / change));
  }
  after = after >= reach ? spacing / 2 : after;
  return change * ((sampled + before + after) / sampled);
}

template <bool kCounter, bool kPerSecond>
class Extrapolated final : public WindowFunction {
 public:
  void run(const Windows& windows, const SampleBuffer& samples, Scratch& scratch,
           std::span<double> out) const override {
    const auto& times = samples.timestamps_ms;
    const auto& values = samples.values;
    // Places where a counter fell. They are few, so each window adds up its own: exact where a running
    // total would lose digits.
    const auto resets = scratch.indices();
    resets->clear();
    if (kCounter) {
      for (std::size_t i = 1; i < values.size(); ++i) {
        if (values[i] < values[i - 1]) resets->push_back(i);
      }
    }
    std::size_t reset_from = 0;
    const double per_second = 1000 / static_cast<double>(windows.range_ms);
    for_each_window(windows, times, out.size(), [&](std::size_t c, std::size_t from, std::size_t to) {
      if (to - from < 2) {
        out[c] = kNoValue;
        return;
      }
      double change = values[to - 1] - values[from];
      if (kCounter) {
        while (reset_from < resets->size() && (*resets)[reset_from] <= from) ++reset_from;
        for (std::size_t r = reset_from; r < resets->size() && (*resets)[r] < to; ++r) {
          change += values[(*resets)[r] - 1];
        }
      }
      const TimestampMs end = windows.end(c);
      const double whole =
          extrapolate<kCounter>(change, values[from], static_cast<double>(times[to - 1] - times[from]),
                                static_cast<double>(times[from] - (end - windows.range_ms)),
                                static_cast<double>(end - times[to - 1]), static_cast<double>(to - from - 1));
      out[c] = kPerSecond ? whole * per_second : whole;
    });
  }
};

template <bool kPerSecond>
class LastTwo final : public WindowFunction {
 public:
  void run(const Windows& windows, const SampleBuffer& samples, Scratch&,
           std::span<double> out) const override {
    const auto& times = samples.timestamps_ms;
    const auto& values = samples.values;
    for_each_window(windows, times, out.size(), [&](std::size_t c, std::size_t from, std::size_t to) {
      if (to - from < 2) {
        out[c] = kNoValue;
        return;
      }
      const double last = values[to - 1];
      const double before = values[to - 2];
      if (kPerSecond) {
        const double change = last < before ? last : last - before;  // after a reset the counter began at 0
        out[c] = change / (static_cast<double>(times[to - 1] - times[to - 2]) / 1000);
      } else {
        out[c] = last - before;
      }
    });
  }
};

}  // namespace

std::unique_ptr<WindowFunction> rate_function(FunctionId id) {
  switch (id) {
    case FunctionId::kRate: return std::make_unique<Extrapolated<true, true>>();
    case FunctionId::kIncrease: return std::make_unique<Extrapolated<true, false>>();
    case FunctionId::kDelta: return std::make_unique<Extrapolated<false, false>>();
    case FunctionId::kIrate: return std::make_unique<LastTwo<true>>();
    case FunctionId::kIdelta: return std::make_unique<LastTwo<false>>();
    default: return nullptr;
  }
}

}  // namespace trimtab::promql
