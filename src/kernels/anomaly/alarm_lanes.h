// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/anomaly/robust_level.h"
#include "kernels/anomaly/season_profile.h"
#include "kernels/anomaly/tail_calibrator.h"

namespace trimtab::kernels {

// What an alarm is measured against.
enum class AlarmLane : std::uint8_t {
  kNone,
  kLevel,   // the usual level
  kSeason,  // the usual level at this time of the season
  kStep,    // the values just before (less their season, where there is one)
};
std::string_view alarm_lane_name(AlarmLane lane);  // "", "level", "season", "step"

struct AlarmState {
  bool is_alarm = false;
  double deviation = 0;               // signed, in robust spreads; of the lane named
  AlarmLane lane = AlarmLane::kNone;  // the one in alarm, or else the one that judges the level here
};

// The alarms of one series: what is usual is forecast in up to four ways, each a RobustLevel with its own
// spread and its own tail (TailCalibrator) of deviations. An alarm is a deviation of so many spreads that is
// also rarer than once in so many days of that lane's own past; it lasts while the deviation does.
//   level   a level that forgets slowly
//   season  the same on what the season leaves (SeasonProfile)
//   step    a level that forgets at once, on the values or on what the season leaves
// Which of them speak is earned on the series' own past: the season takes the level's place where its errors
// were smaller by kSeasonGain over a season, and the step speaks beside them where its errors were less than
// half of theirs: a series that moves far but smoothly. Causal, O(1) a value, bounded.
class AlarmLanes {
 public:
  explicit AlarmLanes(double values_per_day);

  // NaN and infinities are gaps: no alarm there; one that holds goes on behind them if the deviation does.
  AlarmState update(double value);

  std::size_t season() const { return season_.period(); }

  void save(StateWriter& out) const;
  void restore(StateReader& in);

  struct Rule {
    double deviation = 0;      // robust spreads
    double rarity_days = 0;    // days between such deviations in the lane's own past
    double history_share = 0;  // of rarity_days must be known before the first alarm
  };
  static constexpr Rule kLevelRule = {4.5, 1.6, 0.25};
  static constexpr Rule kAddedRule = {5, 7, 0.1};  // season and step are asked in addition: rarer
  static constexpr double kSeasonGain = 0.8;       // of the error without
  static constexpr std::uint64_t kProofMin = 36;   // values, and half a season, before it may speak
  static constexpr double kStepGain = 0.5;
  static constexpr double kStepHalfLife = 3;     // values
  static constexpr double kErrorHalfLife = 500;  // values over which errors are compared

 private:
  struct Lane {
    RobustLevel usual;
    TailCalibrator deviations;
    double error = 0;  // mean size of errors, clipped alike for all lanes
  };
  double judge(Lane& lane, double value, double season, double rate);
  bool alarm(const Lane& lane, double deviation, bool held, const Rule& rule) const;

  double values_per_day_;
  std::uint64_t seen_ = 0;
  std::uint64_t seen_in_season_ = 0;
  double clip_ = 0;  // of errors, when they are compared
  SeasonProfile season_;
  Lane level_, level_in_season_, step_, step_in_season_;
  bool level_alarm_ = false;
  bool step_alarm_ = false;
};

}  // namespace trimtab::kernels
