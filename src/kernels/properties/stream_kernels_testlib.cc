// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <memory>

#include "kernels/anomaly/alarm_lanes.h"
#include "kernels/anomaly/metrics_detector.h"
#include "kernels/anomaly/robust_level.h"
#include "kernels/anomaly/season_profile.h"
#include "kernels/anomaly/series_detector.h"
#include "kernels/anomaly/tail_calibrator.h"
#include "kernels/anomaly/value_memory.h"
#include "kernels/change/focus.h"
#include "kernels/compare/sequential.h"
#include "kernels/properties/kernel_table_testlib.h"

namespace trimtab::kernels {
namespace {

using testing::Figures;
using testing::Gaps;
using testing::KernelCase;
using testing::moves;
using testing::scales;
using testing::stays;
using Values = std::span<const double>;

constexpr double kPerDay = 48;

Figures robust_level(Values values) {
  RobustLevel level;
  Figures out;
  for (const double value : values) out.push_back(stays(level.update(value)));
  if (!values.empty()) {
    out.push_back(moves(level.level()));
    out.push_back(scales(level.spread()));
    out.push_back(scales(level.error()));
  }
  return out;
}

Figures tail_calibrator(Values values) {
  TailCalibrator calibrator;
  Figures out;
  for (const double value : values) {
    out.push_back(stays(calibrator.surprise(std::abs(value))));
    calibrator.add(std::abs(value));
  }
  return out;
}

Figures value_memory(Values values) {
  ValueMemory memory;
  Figures out;
  for (const double value : values) out.push_back(scales(memory.learn(value)));
  return out;
}

Figures season_profile(Values values) {
  SeasonProfile season(kPerDay);
  Figures out;
  for (const double value : values) {
    out.push_back(scales(season.next()));
    if (!std::isnan(value)) season.learn((value - values[0]) / 16);
    out.push_back(stays(season.push(value)));
  }
  return out;
}

Figures alarm_lanes(Values values) {
  const auto lanes = std::make_unique<AlarmLanes>(kPerDay);
  Figures out;
  for (const double value : values) {
    const AlarmState state = lanes->update(value);
    out.push_back(stays(state.is_alarm));
    out.push_back(stays(state.deviation));
    out.push_back(stays(state.lane));
  }
  return out;
}

Figures series_detector(Values values) {
  std::vector<AnomalyPoint> points(values.size());
  detect_anomalies(values, kPerDay, points);
  Figures out;
  for (const AnomalyPoint& point : points) {
    out.push_back(stays(point.score));
    out.push_back(stays(point.deviation));
    out.push_back(stays(point.is_anomaly));
  }
  return out;
}

// The values by threes.
Figures metrics_detector(Values values) {
  constexpr std::size_t kMetrics = 3;
  const Values rows = values.first(values.size() / kMetrics * kMetrics);
  auto detector = MetricsDetector::fit(rows, kMetrics);
  if (!detector) return {};
  Figures out;
  std::vector<double> contributions(kMetrics);
  for (std::size_t i = 0; i < rows.size(); i += kMetrics) {
    const MetricsPoint point = detector->update(rows.subspan(i, kMetrics), contributions);
    out.push_back(stays(point.score));
    out.push_back(stays(point.is_anomaly));
    for (const double one : contributions) out.push_back(stays(one));
  }
  return out;
}

Figures focus(Values values) {
  Focus detector;
  Figures out;
  for (const double value : values) {
    const auto verdict = detector.add(value);
    if (std::isnan(value)) continue;
    out.push_back(scales(std::sqrt(verdict.statistic)));
    // Where nothing is told, rounding picks the split.
    const double moved = 1e-3 * (value - values[0]), rounding = 1e-12 * value;
    const bool told = verdict.statistic > moved * moved + rounding * rounding;
    out.push_back(stays(told ? verdict.split : 0));
  }
  return out;
}

// Every second value against its neighbour.
Figures sequential(Values values) {
  SequentialComparison test({.alpha = 0.05, .margin = 0, .blocks = {.length = 2, .gap = 1}});
  PairedBlocks blocks({.length = 3, .gap = 0});
  SymmetricBet bet(SymmetricBet::Against::kLower);
  Figures out;
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    out.push_back(stays(test.add(values[i], values[i + 1])));
    out.push_back(stays(std::log(test.e_worse())));
    out.push_back(stays(std::log(test.e_better())));
    if (blocks.add(values[i], values[i + 1])) out.push_back(scales(blocks.difference()));
    bet.add(values[i] - values[i + 1]);
    out.push_back(stays(std::log(bet.e_value())));
  }
  return out;
}

Figures mixture(Values values) {
  Figures out;
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    const double square = values[i] * values[i];
    if (!(square > 0)) continue;
    const double difference = std::remainder(values[i + 1], values[i]);
    out.push_back(stays(std::log(mixture_sprt(static_cast<double>(i), difference, square, square / 4))));
  }
  return out;
}

}  // namespace

std::vector<KernelCase> stream_kernels() {
  constexpr auto kShare = "a spread is at least a share of the level";
  constexpr double kFloats = 1e-5;  // single precision memories
  return {
      {.name = "robust_level", .not_moved = kShare, .run = robust_level},
      {.name = "tail_calibrator", .not_moved = "values are distances, at least 0", .run = tail_calibrator},
      {.name = "value_memory", .tolerance = kFloats, .run = value_memory},
      {.name = "season_profile", .gaps = Gaps::kTakeTime, .tolerance = kFloats, .run = season_profile},
      {.name = "alarm_lanes", .gaps = Gaps::kTakeTime, .not_moved = kShare, .run = alarm_lanes},
      {.name = "series_detector", .gaps = Gaps::kTakeTime, .not_moved = kShare, .run = series_detector},
      // Eigen's sums; a covariance is turned inside out in between.
      {.name = "metrics_detector",
       .gaps = Gaps::kTakeTime,
       .tolerance = 1e-6,
       .vector_tolerance = 1e-7,
       .run = metrics_detector},
      {.name = "focus", .gaps = Gaps::kInvisible, .tolerance = 1e-7, .run = focus},
      {.name = "sequential", .gaps = Gaps::kTakeTime, .run = sequential},
      {.name = "mixture_sprt", .not_moved = "a variance does not move", .run = mixture},
  };
}

}  // namespace trimtab::kernels
