// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "kernels/compare/dependence.h"
#include "kernels/compare/sequential_shift.h"
#include "kernels/compare/synthetic_control.h"
#include "kernels/compare/two_sample.h"
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

// Most kernels here hold the second half against the first.
Values before_of(Values values) { return values.first(values.size() / 2); }
Values after_of(Values values) { return values.subspan(values.size() / 2); }

Figures dependence(Values values) {
  const double time = autocorrelation_time(values);
  const BlockPlan plan = plan_blocks(time);
  return {stays(time), stays(plan.length), stays(plan.gap)};
}

Figures samples(Values values) {
  CompareScratch scratch;
  const Comparison out = compare_samples(before_of(values), after_of(values), {}, scratch);
  Figures figures{scales(out.shift),       scales(out.shift_low),  scales(out.shift_high),
                  stays(out.probability),  stays(out.superiority), scales(out.detectable),
                  stays(out.time_before),  stays(out.time_after),  stays(out.difference),
                  stays(out.before_count), stays(out.after_count)};
  if (out.before_count > 0 && out.after_count > 0) {
    figures.push_back(moves(out.before_median));
    figures.push_back(moves(out.after_median));
  }
  const double spread = std::abs(out.shift_high - out.shift_low);
  if (spread > 0 && std::isfinite(spread)) {
    figures.push_back(scales(minimum_detectable_shift(30, 40, spread, 0.05, 0.8)));
    figures.push_back(stays(count_to_detect(spread / 5, spread, 0.05, 0.8)));
  }
  return figures;
}

Figures quantiles(Values values) {
  std::vector<double> before(before_of(values).begin(), before_of(values).end());
  std::vector<double> after(after_of(values).begin(), after_of(values).end());
  std::sort(before.begin(), before.end());
  std::sort(after.begin(), after.end());
  Figures out;
  for (const double q : {0.1, 0.5, 0.95}) {
    const Interval shift = quantile_shift(before, after, q, 0.05, 1, 2);
    for (const double figure : {shift.estimate, shift.low, shift.high}) out.push_back(scales(figure));
  }
  return out;
}

Figures differences(Values values) {
  const Values before = before_of(values), after = after_of(values);
  const Interval out =
      difference_in_differences(before_of(before), before_of(after), after_of(before), after_of(after), 0.05);
  return {scales(out.estimate), scales(out.low), scales(out.high)};
}

Figures shift(Values values) {
  const SequentialShift out = sequential_shift(before_of(values), after_of(values), 0.05);
  double least = 0, most = 0;
  for (const double value : values)
    least = std::min(least, value - values[0]), most = std::max(most, value - values[0]);
  Figures figures{scales(out.shift), scales(out.low),         scales(out.high),
                  stays(out.time),   stays(out.before_count), stays(out.after_count)};
  if (most > least) figures.push_back(stays(values_until(before_of(values), 0.05, most - least)));
  return figures;
}

// Rows of four values: the treated series and three controls.
Figures synthetic(Values values) {
  const std::size_t rows = values.size() / 4;
  std::vector<std::vector<double>> columns(4);
  for (std::size_t i = 0; i < rows * 4; ++i) columns[i % 4].push_back(values[i]);
  for (std::size_t i = 0; i < rows; ++i)
    columns[0][i] = 0.75 * columns[1][i] + 0.125 * columns[2][i] + 0.125 * columns[0][i];
  std::vector<Control> controls;
  for (std::size_t c = 1; c < 4; ++c) controls.push_back({before_of(columns[c]), after_of(columns[c])});
  const SyntheticControl out = synthetic_control(before_of(columns[0]), after_of(columns[0]), controls, 0.05);
  Figures figures{scales(out.error), scales(out.plain_error), scales(out.effect.estimate),
                  scales(out.effect.low), scales(out.effect.high)};
  for (const double weight : out.weights) figures.push_back(stays(weight));
  return figures;
}

}  // namespace

std::vector<KernelCase> compare_kernels() {
  return {
      {.name = "dependence", .run = dependence},
      {.name = "two_sample", .gaps = Gaps::kInvisible, .run = samples},
      {.name = "quantile_shift", .values_min = 2, .run = quantiles},
      {.name = "difference_in_differences", .run = differences},
      {.name = "sequential_shift", .run = shift},
      // Its steps end when they help no more: where, rounding decides.
      {.name = "synthetic_control", .gaps = Gaps::kTakeTime, .tolerance = 1e-6, .run = synthetic},
  };
}

}  // namespace trimtab::kernels
