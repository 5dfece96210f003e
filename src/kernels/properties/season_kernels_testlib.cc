// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "kernels/properties/kernel_table_testlib.h"
#include "kernels/season/calendar_profile.h"
#include "kernels/season/find_seasons.h"
#include "kernels/season/profile_gain.h"
#include "kernels/season/spectrum.h"
#include "kernels/seasonality.h"

namespace trimtab::kernels {
namespace {

using testing::Carries;
using testing::Figures;
using testing::Gaps;
using testing::KernelCase;
using testing::moves;
using testing::scales;
using testing::stays;
using Values = std::span<const double>;

constexpr std::size_t kPeriod = 24;

std::vector<float> shortened(Values values) { return {values.begin(), values.end()}; }

std::vector<double> sums_of(const std::vector<float>& values) {
  std::vector<double> out{0};
  for (const float value : values) out.push_back(out.back() + static_cast<double>(value));
  return out;
}

Figures profile(Values values) {
  SeasonScratch scratch;
  std::vector<double> out(kPeriod);
  seasonal_profile(values, kPeriod, scratch, out);
  Figures figures = testing::all_of(out, Carries::kScales);
  figures.push_back(stays(seasonal_gain(values, kPeriod, scratch)));
  return figures;
}

Figures seasons(Values values) {
  SeasonSearch search;
  Figures out;
  const auto found = find_seasons(values, search);
  out.push_back(stays(found.size()));
  for (const Season& season : found) {
    out.push_back(stays(season.period));
    out.push_back(stays(season.strength));
  }
  if (values.size() < kPeriod) return out;
  std::vector<double> mean(kPeriod);
  profile_of(values, search, mean);
  testing::append(out, testing::all_of(mean, Carries::kScales));
  return out;
}

Figures spectrum(Values values) {
  SpectrumScratch scratch;
  std::vector<float> power;
  hann_power(shortened(values), scratch, power);
  for (float& one : power) one = std::sqrt(one);
  return testing::all_of(power, Carries::kScales);
}

Figures lagged(Values values) {
  const auto floats = shortened(values);
  Figures out;
  const double square = floats.empty() ? 0 : lagged_product(floats, 0);
  for (const std::size_t lag : {1, 7, 24, 100})
    if (lag < floats.size()) out.push_back(stays(square > 0 ? lagged_product(floats, lag) / square : 0));
  return out;
}

Figures gains(Values values) {
  const auto floats = shortened(values);
  if (floats.size() < kPeriod) return {};  // a phase without a value has no mean
  ProfileScratch scratch;
  std::vector<float> mean(kPeriod), rest, present(floats.size(), 1);
  for (std::size_t i = 0; i < present.size(); i += 7) present[i] = 0;
  Figures out;
  for (const std::size_t period : {std::size_t{5}, kPeriod, std::size_t{100}}) {
    out.push_back(stays(profile_gain(floats, {}, period, scratch)));
    out.push_back(stays(profile_gain(floats, present, period, scratch)));
  }
  mean_profile(floats, {}, scratch, mean);
  testing::append(out, testing::all_of(mean, Carries::kScales));
  take_off_slow(floats, sums_of(floats), kPeriod, rest);
  testing::append(out, testing::all_of(rest, Carries::kScales));
  return out;
}

Figures calendar(Values values) {
  constexpr TimestampMs kMonday = 1704067200000;  // 2024-01-01
  const CalendarSeries series{kMonday, kHourMs, values};
  std::vector<KnownEvent> events;
  for (std::int64_t day = 2; day < 30; day += 5)
    events.push_back({kMonday + day * kDayMs, kMonday + day * kDayMs + 3 * kHourMs, 4});
  const CalendarProfile learnt = calendar_profile(series, {}, events);
  Figures out;
  const auto add = [&](const CalendarCell& cell, bool moved) {
    out.push_back(moved ? moves(cell.centre) : scales(cell.centre));
    out.push_back(scales(cell.spread));
    out.push_back(stays(cell.count));
  };
  for (const CalendarCell& cell : learnt.cells) add(cell, true);
  for (const CalendarCell& cell : learnt.hours) add(cell, true);
  add(learnt.all, true);
  for (const EventProfile& event : learnt.events)
    for (const CalendarCell& cell : event.hours) add(cell, false);
  for (std::int64_t hour = 0; hour < 96; ++hour)
    add(usual_at(learnt, kMonday + hour * kHourMs, events), true);
  const CalendarChoice choice = choose_calendar(series, {}, events);
  for (const double error : {choice.calendar, choice.flat, choice.day, choice.week})
    out.push_back(scales(error));
  out.push_back(stays(choice.gain));
  return out;
}

}  // namespace

std::vector<KernelCase> season_kernels() {
  constexpr double kSingle = 1e-4;  // single precision of values around 100
  return {
      {.name = "seasonality", .gaps = Gaps::kTakeTime, .run = profile},
      {.name = "find_seasons, profile_of", .gaps = Gaps::kTakeTime, .tolerance = kSingle, .run = seasons},
      {.name = "spectrum",
       .not_moved = "zeros stand behind the values",
       .tolerance = kSingle,
       .run = spectrum},
      {.name = "lagged_product",
       .not_moved = "products of the values themselves",
       .tolerance = kSingle,
       .run = lagged},
      // Its series are in robust standard deviations; those around 100 leave it fewer digits.
      {.name = "profile_gain, mean_profile, take_off_slow", .tolerance = 1e-3, .run = gains},
      {.name = "calendar_profile", .gaps = Gaps::kTakeTime, .run = calendar},
  };
}

}  // namespace trimtab::kernels
