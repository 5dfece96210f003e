// SPDX-License-Identifier: Apache-2.0
#include "query/engine/rate.h"

#include <algorithm>

namespace trimtab::promql {
namespace {

// How far the first and last sample may be from the window's edges, in mean distances between samples,
// to have the trend go on up to the edge; Prometheus' choice.
constexpr double kEdgeReach = 1.1;

struct Edges {
  TimestampMs start, end;   // of the window
  TimestampMs first, last;  // of its samples
  std::size_t count;
};

// The factor from the change between the first and last sample to the change over the whole window: the trend
// is taken to go on to the edge where samples come near it, else for half a sample distance. A counter is
// not taken below zero. https://prometheus.io/docs/prometheus/latest/querying/functions/#rate
double extrapolation(const Edges& e, bool counter, double change, double first_value) {
  const double sampled = static_cast<double>(e.last - e.first) / 1000;
  const double spacing = sampled / static_cast<double>(e.count - 1);
  double before = static_cast<double>(e.first - e.start) / 1000;
  double after = static_cast<double>(e.end - e.last) / 1000;
  if (before >= spacing * kEdgeReach) before = spacing / 2;
  if (counter && change > 0 && first_value >= 0) before = std::min(before, sampled * (first_value / change));
  if (after >= spacing * kEdgeReach) after = spacing / 2;
  return (sampled + before + after) / sampled;
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
      const Edges edges{windows.start(c), windows.end(c), times[from], times[to - 1], to - from};
      double factor = extrapolation(edges, kCounter, change, values[from]);
      if (kPerSecond) factor /= static_cast<double>(windows.range_ms) / 1000;
      out[c] = change * factor;
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
