// SPDX-License-Identifier: Apache-2.0
// The streaming detector and its parts beside naive ones that work everything out from the whole past.
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <numbers>
#include <optional>
#include <random>

#include "kernels/anomaly/detector_reference_testlib.h"
#include "kernels/anomaly/series_detector.h"
#include "kernels/noise_testlib.h"
#include "kernels/season/find_seasons.h"
#include "kernels/seasonality.h"

namespace trimtab::kernels {
namespace {

using reference::kNone;
using reference::Seasoned;

// Multiples of 2^-12 around 50, so that sums of up to 100 of them are exact in any order. Kinds: noise; with
// a daily wave of 48 values; whole numbers; a smooth wanderer; mostly constant. Spikes, a step, gaps.
std::vector<double> stream(std::size_t count, unsigned seed) {
  auto out = noise(count, seed, 0.4);
  double place = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double wave = std::sin(2 * std::numbers::pi * static_cast<double>(i) / 48);
    if (seed % 5 == 1) out[i] = 0.3 * out[i] + 6 * wave;
    if (seed % 5 == 2) out[i] = std::round(5 * out[i]);
    if (seed % 5 == 3) out[i] = place += 0.3 * std::sin(static_cast<double>(i) / 31) + 0.02 * out[i];
    if (seed % 5 == 4) out[i] = std::abs(out[i]) < 2 ? 0 : out[i];
    out[i] += 50;
    if (i % 217 == 216) out[i] += 25;
    if (i > count * 3 / 4) out[i] += 8;
    out[i] = std::ldexp(std::round(std::ldexp(out[i], 12)), -12);
    if (seed % 2 == 1 && (i * 7 + seed) % 29 == 0) out[i] = i % 2 == 0 ? kNone : INFINITY;
  }
  return out;
}

TEST(RobustLevel, equals_the_recursion_over_the_whole_past) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    RobustLevel level(20 + seed, 50);
    std::vector<Seasoned> past;
    for (const double value : reference::present(stream(250, seed))) {
      past.push_back({value, seed % 2 == 0 ? 0 : std::sin(static_cast<double>(past.size()))});
      const double deviation = level.update(value, past.back().season);
      const auto naive = reference::usual_after(past, 20 + seed, 50);
      ASSERT_NEAR(deviation, naive.deviation, 1e-9) << seed << " at " << past.size();
      ASSERT_NEAR(level.level(), naive.level, 1e-9);
      ASSERT_NEAR(level.spread(), naive.spread, 1e-9);
      ASSERT_NEAR(level.error(), naive.error, 1e-9);
      ASSERT_NEAR(level.scale(13), naive.scale(13), 1e-9);
    }
  }
}

TEST(TailCalibrator, equals_rank_and_pareto_over_the_whole_past) {
  for (unsigned seed = 0; seed < 4; ++seed) {
    std::mt19937 random(seed);
    std::exponential_distribution<double> exponential;
    TailCalibrator calibrator;
    std::vector<double> history;
    for (int i = 0; i < 350; ++i) {
      double value = exponential(random);
      if (seed % 4 == 1) value = std::floor(4 * value);
      if (seed % 4 == 2) value = std::exp(6 * value);
      if (seed % 4 == 3) value = i % 10 == 9 ? value * 1e-12 : 0;
      for (const double asked : {value, 0.0, 1e-3, 2.0, 30.0, 1e5})
        ASSERT_NEAR(calibrator.surprise(asked), reference::surprise(history, asked), 1e-8)
            << seed << " after " << i << " of " << asked;
      calibrator.add(value);
      history.push_back(value);
    }
  }
}

TEST(ValueMemory, equals_a_search_through_all_values_when_full_as_well) {
  for (unsigned seed = 0; seed < 3; ++seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    ValueMemory memory;
    reference::Memory naive;
    for (int i = 0; i < 4500; ++i) {
      const double value = seed == 1 ? std::exp(3 * normal(random)) : 100 * normal(random) + 7;
      ASSERT_EQ(memory.learn(value), naive.learn(value)) << seed << " at " << i;
    }
  }
}

// SeasonProfile, from all values so far; find_seasons and seasonal_profile have references of their own.
class NaiveSeason {
 public:
  explicit NaiveSeason(double values_per_day) : per_day_(values_per_day) {}
  std::size_t period = 0;

  double next() const {
    if (period == 0) return 0;
    // Bins are known at their middles; a line in between, around the circle.
    const double bins = static_cast<double>(profile_.size()), width = static_cast<double>(width_);
    const double place = (static_cast<double>(past_.size() % period) + 0.5) / width - 0.5;
    const double below = std::floor(place), share = place - below;
    const auto bin = [&](double at) {
      return static_cast<double>(profile_[static_cast<std::size_t>(std::fmod(at + bins, bins))]);
    };
    return (1 - share) * bin(below) + share * bin(below + 1);
  }
  void learn(double error) {
    if (period == 0) return;
    profile_[past_.size() % period / width_] +=
        static_cast<float>(0.15 / static_cast<double>(width_) * error);
  }
  bool push(double value) {
    past_.push_back(value);
    if (past_.size() < look_at_) return false;
    look_at_ = past_.size() * 3 / 2;
    return look();
  }

 private:
  // Means over 1, 2, 4, ... values: every kCellsMax cells are joined by twos.
  std::vector<double> cells(std::size_t& width) const {
    std::vector<double> out;
    std::vector<double> open;
    width = 1;
    for (const double value : past_) {
      open.push_back(value);
      if (open.size() < width) continue;
      const auto there = reference::present(open);
      out.push_back(there.empty() ? kNone : static_cast<double>(static_cast<float>(reference::mean(there))));
      open.clear();
      if (out.size() < SeasonProfile::kCellsMax) continue;
      std::vector<double> joined;
      for (std::size_t i = 0; i < out.size(); i += 2) {
        const auto two = reference::present(std::span(out).subspan(i, 2));
        joined.push_back(two.empty() ? kNone : static_cast<double>(static_cast<float>(reference::mean(two))));
      }
      out = joined;
      width *= 2;
    }
    return out;
  }
  bool look() {
    std::size_t width = 1;
    const auto known = cells(width);
    SeasonSearch search;
    std::optional<Season> best;
    for (const Season& season : find_seasons(known, search))
      if (!best || season.strength > best->strength) best = season;
    if (!best) return false;
    std::size_t found = best->period * width;
    for (const double days : {1.0 / 24, 1.0, 7.0}) {
      const double clock = days * per_day_, reach = std::max(static_cast<double>(width), 0.02 * clock);
      const auto exact = static_cast<std::size_t>(std::round(clock));
      const bool near = std::abs(static_cast<double>(best->period * width) - clock) <= reach;
      if (near && exact >= 4 && exact % width == 0) found = exact;
    }
    if (found == period || (period > 0 && best->strength < strength_ + 0.02)) return false;
    period = found;
    strength_ = best->strength;
    width_ = width;
    std::vector<double> profile(period / width);
    SeasonScratch scratch;
    seasonal_profile(known, profile.size(), scratch, profile);
    profile_.assign(profile.begin(), profile.end());
    return true;
  }

  double per_day_, strength_ = 0;
  std::vector<double> past_;
  std::size_t look_at_ = 64, width_ = 1;
  std::vector<float> profile_;
};

TEST(SeasonProfile, equals_the_one_from_the_whole_past) {
  for (unsigned seed = 0; seed < 6; ++seed) {
    // The last ones are longer than the cells: bins of several values.
    const std::size_t count = seed < 4 ? 1500 : 5000, day = seed < 4 ? 48 : 960;
    SeasonProfile season(static_cast<double>(day));
    NaiveSeason naive(static_cast<double>(day));
    auto values = stream(count, seed < 4 ? seed : 5);
    for (std::size_t i = 0; i < count; ++i) {
      if (seed >= 4)
        values[i] +=
            9 * std::sin(2 * std::numbers::pi * static_cast<double>(i % day) / static_cast<double>(day));
      if (seed == 4 && i % 10 == 3) values[i] = kNone;
      ASSERT_EQ(season.period(), naive.period) << seed << " at " << i;
      ASSERT_NEAR(season.next(), naive.next(), 1e-6) << seed << " at " << i;
      const double error = std::sin(static_cast<double>(i));
      season.learn(error);
      naive.learn(error);
      ASSERT_EQ(season.push(values[i]), naive.push(values[i])) << seed << " at " << i;
    }
    if (seed == 1 || seed >= 4) {
      EXPECT_GT(naive.period, 0U) << seed;
    }
  }
}

// AlarmLanes: four pasts of values and their season's part, four histories of deviations.
class NaiveLanes {
 public:
  explicit NaiveLanes(double values_per_day) : per_day_(values_per_day), season_(values_per_day) {
    step_.spread_half_life = std::max(RobustLevel::kSpreadHalfLife, values_per_day);
    step_.level_half_life = AlarmLanes::kStepHalfLife;
  }

  AlarmState update(double value) {
    if (!std::isfinite(value)) {
      season_.push(value);
      return {};
    }
    ++seen_;
    judge(level_, value, 0, rate_after(seen_));
    judge(step_, value, 0, rate_after(seen_));
    clip_ = RobustLevel::kClip * level_.now.scale(level_.now.level);
    const Lane* level = &level_;
    const Lane* step = &step_;
    if (season_.period > 0) {
      ++seen_in_season_;
      const double part = season_.next();
      const std::size_t told = seen_in_season_ > 12 ? seen_in_season_ - 12 : 0;
      judge(level_in_season_, value, part, told > 0 ? rate_after(told) : 0);
      judge(step_in_season_, value, part, told > 0 ? rate_after(told) : 0);
      const double reach = RobustLevel::kClip * level_in_season_.now.spread;
      season_.learn(std::clamp(level_in_season_.now.error, -reach, reach));
      const bool proved = seen_in_season_ >= 36 && seen_in_season_ >= season_.period / 2;
      if (proved && level_in_season_.error < 0.8 * level_.error) level = &level_in_season_;
      if (proved && step_in_season_.error < 0.8 * step_.error) step = &step_in_season_;
    }
    level_alarm_ =
        alarm(*level, level_alarm_, level == &level_ ? AlarmLanes::kLevelRule : AlarmLanes::kAddedRule);
    step_alarm_ = step->error < 0.5 * level->error && alarm(*step, step_alarm_, AlarmLanes::kAddedRule);
    AlarmState out{level_alarm_ || step_alarm_, level->now.deviation,
                   level == &level_ ? AlarmLane::kLevel : AlarmLane::kSeason};
    if (step_alarm_ && !level_alarm_) out = {true, step->now.deviation, AlarmLane::kStep};
    for (Lane* lane : {&level_, &step_, &level_in_season_, &step_in_season_}) {
      const bool in_season = lane == &level_in_season_ || lane == &step_in_season_;
      if (!in_season || season_.period > 0) lane->deviations.push_back(std::abs(lane->now.deviation));
    }
    if (season_.push(value)) {
      seen_in_season_ = 0;
      const double half_life = std::max(200.0, static_cast<double>(season_.period));
      level_in_season_ = {.level_half_life = 100, .spread_half_life = half_life};
      step_in_season_ = {.level_half_life = 3, .spread_half_life = half_life};
    }
    return out;
  }

 private:
  struct Lane {
    double level_half_life = RobustLevel::kLevelHalfLife, spread_half_life = RobustLevel::kSpreadHalfLife;
    std::vector<Seasoned> past{};
    std::vector<double> deviations{};
    reference::Usual now{};
    double error = 0;
  };
  static double rate_after(std::size_t count) {
    return std::max(1 / static_cast<double>(count), 1 - std::pow(0.5, 1.0 / 500));
  }
  void judge(Lane& lane, double value, double season, double rate) const {
    lane.past.push_back({value, season});
    lane.now = reference::usual_after(lane.past, lane.level_half_life, lane.spread_half_life);
    lane.error = (1 - rate) * lane.error + rate * std::min(std::abs(lane.now.error), clip_);
  }
  bool alarm(const Lane& lane, bool held, const AlarmLanes::Rule& rule) const {
    const double size = std::abs(lane.now.deviation), rare = rule.rarity_days * per_day_;
    if (size < rule.deviation) return false;
    if (held) return true;
    if (static_cast<double>(lane.deviations.size()) < rule.history_share * rare) return false;
    return std::pow(10, reference::surprise(lane.deviations, size)) >= rare;
  }

  double per_day_, clip_ = 0;
  NaiveSeason season_;
  std::size_t seen_ = 0, seen_in_season_ = 0;
  Lane level_, step_, level_in_season_, step_in_season_;
  bool level_alarm_ = false, step_alarm_ = false;
};

constexpr std::size_t kStream = 700;
constexpr double kPerDay = 48;

TEST(AlarmLanes, equal_the_ones_from_the_whole_past) {
  std::size_t by_lane[4] = {};
  for (unsigned seed = 0; seed < 5; ++seed) {
    const auto lanes = std::make_unique<AlarmLanes>(kPerDay);
    NaiveLanes naive(kPerDay);
    for (const double value : stream(kStream, seed)) {
      const AlarmState told = lanes->update(value), expected = naive.update(value);
      ASSERT_EQ(told.is_alarm, expected.is_alarm) << seed;
      ASSERT_EQ(told.lane, expected.lane) << seed;
      ASSERT_NEAR(told.deviation, expected.deviation, 1e-6) << seed;
      by_lane[static_cast<std::size_t>(told.lane)] += told.is_alarm ? 1 : 0;
    }
  }
  EXPECT_GT(by_lane[1], 0U) << "the level told something";
  EXPECT_GT(by_lane[2], 0U) << "so did the season";
}

// SeriesDetector: means of the last values from all of them, four memories, five histories.
class NaiveDetector {
 public:
  NaiveDetector() : lanes_(kPerDay) {}

  AnomalyPoint update(double value) {
    const AlarmState state = lanes_.update(value);
    AnomalyPoint out{state.is_alarm ? 0.95 : 0, state.is_alarm, state.lane, state.deviation};
    if (!std::isfinite(value)) return out;
    past_.push_back(value);
    double sum = 0;
    for (std::size_t lane = 0; lane < 4; ++lane) {
      const std::size_t width = std::min(past_.size(), SeriesDetector::kWidths[lane]);
      const double mean = reference::mean(std::span(past_).last(width));
      const bool known = !memories_[lane].empty();
      double distance = memories_[lane].learn(mean);
      if (!known) continue;
      if (distance <= 1e-12 * std::abs(mean)) distance = 0;
      sum += reference::surprise(distances_[lane], distance);
      distances_[lane].push_back(distance);
    }
    double surprise = reference::surprise(sums_, sum);
    sums_.push_back(sum);
    // Every time it was told before counts e-fold less after 2000 values.
    const double seen = static_cast<double>(past_.size());
    double often = 0;
    for (const double time : told_at_) often += std::exp(-(seen - time) / 2000);
    if (surprise > 0) surprise -= 0.3 * std::log10(seen / 1000) + std::log10(1 + often);
    const bool quiet = !told_at_.empty() && seen < told_at_.back() + 80;
    if (quiet && surprise < told_ + 2) {
      surprise = std::min(surprise, 0.7);
    } else if (surprise >= 1.4) {
      told_ = surprise;
      told_at_.push_back(seen);
    }
    out.score = std::max({out.score, 0.0, 1 - std::pow(10, -surprise)});
    return out;
  }
  std::size_t times_told() const { return told_at_.size(); }

 private:
  NaiveLanes lanes_;
  std::vector<double> past_, sums_, told_at_;
  std::vector<double> distances_[4];
  reference::Memory memories_[4];
  double told_ = 0;
};

TEST(SeriesDetector, every_score_equals_the_one_from_the_whole_past) {
  std::size_t told = 0;
  for (unsigned seed = 10; seed < 13; ++seed) {
    const auto values = stream(kStream, seed);
    std::vector<AnomalyPoint> points(values.size());
    detect_anomalies(values, kPerDay, points);
    NaiveDetector naive;
    SeriesDetector alarms(kPerDay);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const AnomalyPoint expected = naive.update(values[i]);
      ASSERT_NEAR(points[i].score, expected.score, 1e-6) << seed << " at " << i;
      ASSERT_EQ(points[i].is_anomaly, expected.is_anomaly) << seed << " at " << i;
      ASSERT_EQ(points[i].lane, expected.lane) << seed << " at " << i;
      const AnomalyPoint alarm = alarms.update_alarm(values[i]);
      ASSERT_EQ(alarm.is_anomaly, expected.is_anomaly) << seed << " at " << i;
      ASSERT_EQ(alarm.score, expected.is_anomaly ? 0.95 : 0) << seed << " at " << i;
      ASSERT_NEAR(points[i].deviation, expected.deviation, 1e-6) << seed << " at " << i;
    }
    told += naive.times_told();
  }
  EXPECT_GT(told, 2U);
}

}  // namespace
}  // namespace trimtab::kernels
