// SPDX-License-Identifier: Apache-2.0
#include "analyze/judge.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "analyze/synthetic_testlib.h"

namespace trimtab::analyze {
namespace {

kernels::Cells cells_of(std::size_t count, DurationMs step_ms) {
  const TimestampMs end_ms = 1'795'255'200'000;
  return {.first_end_ms = end_ms - static_cast<TimestampMs>(count - 1) * step_ms,
          .step_ms = step_ms,
          .count = count};
}

// As a pass does it: learn from the past, then judge.
Verdict judge(const kernels::Cells& cells, const std::vector<double>& values, JudgeScratch& scratch) {
  LearnScratch learning;
  const kernels::Cells past =
      cells_to_learn(cells, reference_cells(cells, 0), cells.end(0) - cells.step_ms + 1, 14 * kDayMs,
                     cells.end(0) % kLearnEveryMs);
  const auto skipped = static_cast<std::size_t>((past.first_end_ms - cells.first_end_ms) / cells.step_ms);
  Learnt learnt;
  if (past.count > 0) learnt = learn(past, std::span(values).subspan(skipped, past.count), learning);
  return judge_cells(cells, values, {}, learnt, scratch);
}

struct Shape {
  DurationMs step_ms;
  std::size_t count;
};
constexpr Shape kWeekOfMinutes{kMinuteMs, 7 * 1440};
constexpr Shape kTwoDaysOfFiveMinutes{5 * kMinuteMs, 594};
constexpr Shape kTwoWeeksOfHours{kHourMs, 336};

std::vector<double> quiet(Quiet kind, const Shape& shape, unsigned seed) {
  return quiet_series(kind, shape.count, static_cast<std::size_t>(kDayMs / shape.step_ms), seed);
}

// Share of quiet series of all kinds that come out unusual at `probability` or rarer.
double false_alarm_share(const Shape& shape, double probability, unsigned seeds) {
  JudgeScratch scratch;
  int alarms = 0;
  for (int kind = 0; kind < kQuietKinds; ++kind) {
    for (unsigned seed = 1; seed <= seeds; ++seed) {
      const auto values = quiet(static_cast<Quiet>(kind), shape, seed);
      const Verdict verdict = judge(cells_of(shape.count, shape.step_ms), values, scratch);
      alarms += verdict.unusual && verdict.probability <= probability;
    }
  }
  return alarms / static_cast<double>(seeds * kQuietKinds);
}

double detected_share(Quiet kind, const Shape& shape, double sigmas, double probability, unsigned seeds) {
  JudgeScratch scratch;
  int found = 0;
  for (unsigned seed = 1; seed <= seeds; ++seed) {
    auto values = quiet(kind, shape, seed);
    std::vector<double> sorted;
    std::copy_if(values.begin(), values.end(), std::back_inserter(sorted),
                 [](double v) { return !std::isnan(v); });
    std::sort(sorted.begin(), sorted.end());
    const auto at = [&](double q) {
      return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
    };
    const double spread = (at(0.841) - at(0.159)) / 2;
    for (std::size_t i = values.size() - window_cells(shape.step_ms, 0); i < values.size(); ++i)
      values[i] += sigmas * spread;
    const Verdict verdict = judge(cells_of(shape.count, shape.step_ms), values, scratch);
    found += verdict.unusual && verdict.probability <= probability;
  }
  return found / static_cast<double>(seeds);
}

TEST(Judge, quiet_series_of_every_kind_keep_the_stated_false_alarm_rate) {
  // 9 kinds; one look each. The stated probability is an upper bound, so the observed share must not pass it
  // by more than chance allows.
  EXPECT_LE(false_alarm_share(kWeekOfMinutes, 1e-3, 12), 1e-2);
  EXPECT_LE(false_alarm_share(kTwoDaysOfFiveMinutes, 1e-3, 150), 3e-3);
  EXPECT_LE(false_alarm_share(kTwoWeeksOfHours, 1e-3, 150), 3e-3);
  EXPECT_LE(false_alarm_share(kTwoDaysOfFiveMinutes, 1e-5, 150), 8e-4);
}

// A day's swing that is not of the same size every day.
std::vector<double> swinging(unsigned seed, double varies) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  const double sizes[] = {1 + varies * normal(random), 1 + varies * normal(random),
                          1 + varies * normal(random)};
  std::vector<double> out(kTwoDaysOfFiveMinutes.count);
  for (std::size_t i = 0; i < out.size(); ++i) {
    const double phase = 2 * M_PI * (static_cast<double>(i) / 288 + static_cast<double>(seed) / 37);
    out[i] = 100 + 30 * sizes[i / 288] * std::sin(phase) + 3 * normal(random);
  }
  return out;
}

TEST(Judge, a_first_day_of_another_swing_is_no_alarm_and_hides_no_large_shift) {
  constexpr unsigned kSeries = 300;
  JudgeScratch scratch;
  for (const double varies : {0.0, 0.1, 0.3}) {
    int alarms = 0;
    int found = 0;
    for (unsigned seed = 1; seed <= kSeries; ++seed) {
      auto values = swinging(seed, varies);
      const auto cells = cells_of(values.size(), 5 * kMinuteMs);
      const auto is_told = [&] {
        const Verdict verdict = judge(cells, values, scratch);
        return verdict.unusual && verdict.probability <= 1e-5;
      };
      alarms += is_told();
      for (std::size_t i = values.size() - 6; i < values.size(); ++i)
        values[i] += 3 * 21;  // the swing's spread
      found += is_told();
    }
    std::printf("swing that varies by %.0f %%: %d alarms, %d shifts of %u found\n", 100 * varies, alarms,
                found, kSeries);
    EXPECT_LE(alarms, 1) << varies;
    if (varies == 0) {
      EXPECT_GE(found, kSeries * 0.95);
    }
  }
}

TEST(Judge, a_shift_of_the_last_half_hour_is_found) {
  EXPECT_GE(detected_share(Quiet::kSeasonal, kTwoDaysOfFiveMinutes, 3, 1e-5, 50), 0.9);
  EXPECT_GE(detected_share(Quiet::kNormal, kWeekOfMinutes, 3, 1e-5, 12), 0.8);
  EXPECT_GE(detected_share(Quiet::kSeasonal, kWeekOfMinutes, 3, 1e-5, 12), 0.9);
  EXPECT_GE(detected_share(Quiet::kLogNormal, kWeekOfMinutes, 6, 1e-5, 12), 0.9);
  EXPECT_GE(detected_share(Quiet::kNormal, kTwoDaysOfFiveMinutes, 6, 1e-4, 50), 0.9);
  EXPECT_GE(detected_share(Quiet::kRed, kWeekOfMinutes, 9, 1e-5, 12), 0.9);
}

TEST(Judge, a_daily_peak_is_usual_and_its_absence_is_not) {
  const std::size_t day = 288;
  auto values = quiet_series(Quiet::kNormal, 7 * day + 100, day, 3);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += i % day >= 80 && i % day < 110 ? 100 : 0;
  JudgeScratch scratch;
  const auto cells = cells_of(values.size(), 5 * kMinuteMs);
  EXPECT_FALSE(judge(cells, values, scratch).unusual);
  for (std::size_t i = values.size() - 15; i < values.size(); ++i) values[i] -= 100;
  const Verdict missing = judge(cells, values, scratch);
  ASSERT_TRUE(missing.unusual);
  EXPECT_EQ(missing.unusual->direction, -1);
  EXPECT_NEAR(missing.unusual->usual, 200, 10);
  EXPECT_NEAR(missing.unusual->now, 100, 10);
}

TEST(Judge, an_earlier_single_incident_does_not_make_its_repetition_usual) {
  auto values = quiet_series(Quiet::kNormal, 594, 288, 3);
  const auto raise = [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) values[i] += 80;
  };
  raise(100, 110);
  raise(589, 594);
  JudgeScratch scratch;
  const auto cells = cells_of(values.size(), 5 * kMinuteMs);
  EXPECT_TRUE(judge(cells, values, scratch).unusual);
  for (std::size_t from = 20; from < 500; from += 60) raise(from, from + 5);
  EXPECT_FALSE(judge(cells, values, scratch).unusual);  // now it is how this series behaves
}

TEST(Judge, onset_of_a_lasting_step_is_dated) {
  auto values = quiet_series(Quiet::kNormal, 7 * 1440, 1440, 8);
  for (std::size_t i = values.size() - 300; i < values.size(); ++i) values[i] += 40;
  JudgeScratch scratch;
  const auto cells = cells_of(values.size(), kMinuteMs);
  const Verdict verdict = judge(cells, values, scratch);
  ASSERT_TRUE(verdict.unusual);
  EXPECT_TRUE(verdict.unusual->lasting);
  EXPECT_EQ(verdict.unusual->method, "level_shift");
  EXPECT_NEAR(static_cast<double>(cells.end(values.size() - 1) - verdict.unusual->window.from),
              300.0 * kMinuteMs, 3.0 * kMinuteMs);
}

TEST(Judge, what_can_not_be_judged_says_why_with_numbers) {
  JudgeScratch scratch;
  const double none = std::numeric_limits<double>::quiet_NaN();
  const Verdict brief = judge(cells_of(38, kMinuteMs), std::vector<double>(38, 1.0), scratch);
  EXPECT_FALSE(brief.judged);
  EXPECT_EQ(brief.reason, Unjudged::kTooShort);
  EXPECT_NE(brief.detail.find("38 min"), std::string::npos) << brief.detail;
  std::vector<double> sparse(600, none);
  for (std::size_t i = 0; i < sparse.size(); i += 8) sparse[i] = 1;
  const Verdict thin = judge(cells_of(600, kMinuteMs), sparse, scratch);
  EXPECT_EQ(thin.reason, Unjudged::kTooSparse);
  const Verdict flat = judge(cells_of(600, kMinuteMs), std::vector<double>(600, 5.0), scratch);
  EXPECT_TRUE(flat.judged && flat.constant);
}

}  // namespace
}  // namespace trimtab::analyze
