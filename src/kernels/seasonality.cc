// SPDX-License-Identifier: Apache-2.0
#include "kernels/seasonality.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"
#include "kernels/quantile.h"

namespace trimtab::kernels {
namespace {

// The values of one phase and its neighbours over all cycles, gaps left out.
std::span<double> gather(std::span<const double> values, std::size_t period, std::size_t phase,
                         std::size_t half_width, std::vector<double>& out) {
  out.clear();
  for (std::size_t start = 0; start < values.size(); start += period) {
    const std::size_t from = start + phase >= half_width ? start + phase - half_width : 0;
    const std::size_t to = std::min(values.size(), start + phase + half_width + 1);
    for (std::size_t i = from; i < to; ++i) {
      if (!std::isnan(values[i])) out.push_back(values[i]);
    }
  }
  return out;
}

double median_of_present(std::span<const double> values, std::vector<double>& scratch) {
  scratch.clear();
  for (const double value : values) {
    if (!std::isnan(value)) scratch.push_back(value);
  }
  return scratch.empty() ? std::nan("") : median_in_place(scratch);
}

}  // namespace

void seasonal_profile(std::span<const double> values, std::size_t period, SeasonScratch& scratch,
                      std::span<double> profile) {
  CHECK(period > 1 && profile.size() == period);
  const std::size_t cycles = std::max<std::size_t>(1, values.size() / period);
  const std::size_t widths = (kValuesPerPhaseMin + cycles - 1) / cycles;
  const std::size_t half_width = std::min(widths / 2, period / 8);
  for (std::size_t phase = 0; phase < period; ++phase) {
    const auto cells = gather(values, period, phase, half_width, scratch.values);
    profile[phase] = cells.empty() ? std::nan("") : median_in_place(cells);
  }
  const double centre = median_of_present(profile, scratch.values);
  for (double& value : profile) value = std::isnan(value) ? 0 : value - centre;
}

double seasonal_gain(std::span<const double> values, std::size_t period, SeasonScratch& scratch) {
  const std::size_t cycles = period > 1 ? values.size() / period : 0;
  if (cycles < kCyclesMin) return 0;
  // The newest cycles are whole ones; what does not fill a cycle at the start is left out.
  const std::size_t skipped = values.size() - cycles * period;
  const std::size_t test_cycles = std::max<std::size_t>(1, cycles / 3);
  const auto train = values.subspan(skipped, (cycles - test_cycles) * period);
  const auto test = values.subspan(skipped + train.size());
  scratch.profile.resize(period);
  seasonal_profile(train, period, scratch, scratch.profile);

  const double flat_centre = median_of_present(test, scratch.values);
  if (std::isnan(flat_centre)) return 0;
  scratch.values.clear();
  for (std::size_t i = 0; i < test.size(); ++i) {
    if (!std::isnan(test[i])) scratch.values.push_back(test[i] - scratch.profile[i % period]);
  }
  const double seasonal_centre = median_in_place(scratch.values);
  double flat_error = 0;
  double seasonal_error = 0;
  for (std::size_t i = 0; i < test.size(); ++i) {
    if (std::isnan(test[i])) continue;
    flat_error += std::abs(test[i] - flat_centre);
    seasonal_error += std::abs(test[i] - scratch.profile[i % period] - seasonal_centre);
  }
  return flat_error > 0 ? 1 - seasonal_error / flat_error : 0;
}

}  // namespace trimtab::kernels
