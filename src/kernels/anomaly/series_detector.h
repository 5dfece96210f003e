// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kernels/anomaly/alarm_lanes.h"
#include "kernels/anomaly/tail_calibrator.h"
#include "kernels/anomaly/value_memory.h"

namespace trimtab::kernels {

// What is known about one value when it arrives; nothing later changes it.
struct AnomalyPoint {
  // In [0, 1]. 1 - score is about the share of this series' values at which what happens is as new as here:
  // 0.99 stands for one in a hundred. What was already told counts less: for kQuietValues after a value
  // that surprised, only one more surprising counts, and a series that surprises often is believed less.
  double score = 0;
  // An alarm (AlarmLanes): far from what is usual, by at least 4.5 robust spreads, and rarer than once in
  // days of this series' own past. Holds for as long as the deviation does. Such a row has a score of
  // kAlarmScore or more; a high score without an alarm is new, but not far.
  bool is_anomaly = false;
  AlarmLane lane = AlarmLane::kNone;  // what it is measured against
  double deviation = 0;               // signed, in robust spreads of the usual
};

// Judges a series value by value, causally, with bounded memory: O(1) a value, no allocation.
//
// Score: how far is the value from every value seen before, and the mean over the last 6, 20 and 100 from
// every such mean seen before (ValueMemory); each distance becomes a tail probability by its own history
// (TailCalibrator), the four surprises (-log10 p) are added, and the sum is calibrated once more.
// Alarm: AlarmLanes.
//
// Equal up to rounding under shift and scale of the series (whole numbers apart: counts have at least
// Poisson noise). NaN and infinities are gaps: score 0, no alarm, nothing learnt.
class SeriesDetector {
 public:
  // values_per_day: sampling rate, > 0; the alarm's "once in a day" is measured by it.
  explicit SeriesDetector(double values_per_day = kValuesPerDayDefault);

  AnomalyPoint update(double value);

  // The alarm alone: score kAlarmScore in alarm, else 0. Do not mix with update() on one detector.
  AnomalyPoint update_alarm(double value);

  // The season its alarms know of, in values; 0: none.
  std::size_t season() const { return alarms_.season(); }

  std::uint64_t values_seen() const { return count_; }

  // Bytes of bounded size; a detector restored from them goes on with the very same scores.
  std::string save() const;
  // Errors: kVersion, kInvalid when the bytes are damaged or cut short; the detector is then as new.
  Status restore(std::string_view bytes);

  static constexpr double kValuesPerDayDefault = 288;  // every five minutes
  static constexpr std::array<std::size_t, 4> kWidths = {1, 6, 20, 100};
  static constexpr std::size_t kQuietValues = 80;
  static constexpr double kTellSurprise = 1.4;  // starts a quiet stretch; log10
  static constexpr double kOutdoes = 2.0;       // more surprise than the one told: told again
  static constexpr double kLengthPower = 0.3;   // the longer the history, the rarer must be what is new
  static constexpr double kToldMemory = 2000;   // values over which earlier surprises are held against it
  static constexpr double kAlarmScore = 0.95;   // at least, of a row in alarm
  static constexpr std::uint64_t kStateVersion = 3;

 private:
  double mean_of_last(std::size_t width) const;
  double novelty(double value);

  double values_per_day_;
  std::uint64_t count_ = 0;
  std::array<double, 100> ring_{};
  std::array<double, kWidths.size()> sums_{};
  std::array<ValueMemory, kWidths.size()> memories_;
  std::array<TailCalibrator, kWidths.size()> distances_;
  TailCalibrator sums_of_surprise_;
  AlarmLanes alarms_;
  double quiet_until_ = 0;  // in values seen
  double told_ = 0;         // surprise that started the quiet stretch
  double told_often_ = 0;   // exponentially forgotten count of such starts
};

// The same detector over a whole series: out[i] is what update(values[i]) says. Same sizes.
void detect_anomalies(std::span<const double> values, double values_per_day, std::span<AnomalyPoint> out);

}  // namespace trimtab::kernels
