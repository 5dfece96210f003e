// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/alarm_lanes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/check.h"

namespace trimtab::kernels {

std::string_view alarm_lane_name(AlarmLane lane) {
  switch (lane) {
    case AlarmLane::kNone: return "";
    case AlarmLane::kLevel: return "level";
    case AlarmLane::kSeason: return "season";
    case AlarmLane::kStep: return "step";
  }
  return "";
}

AlarmLanes::AlarmLanes(double values_per_day)
    : values_per_day_(values_per_day),
      season_(values_per_day),
      step_{RobustLevel(kStepHalfLife, std::max(RobustLevel::kSpreadHalfLife, values_per_day)), {}, 0} {
  CHECK(values_per_day > 0);
}

double AlarmLanes::judge(Lane& lane, double value, double season, double rate) {
  const double deviation = lane.usual.update(value, season);
  lane.error += rate * (std::min(std::abs(lane.usual.error()), clip_) - lane.error);
  return deviation;
}

bool AlarmLanes::alarm(const Lane& lane, double deviation, bool held, const Rule& rule) const {
  const double size = std::abs(deviation);
  if (size < rule.deviation) return false;
  // Once told, the deviation itself is enough: else one episode would be told in pieces. Without a share of
  // the time, "rarer than once in it" is not for us to say.
  const double rare = rule.rarity_days * values_per_day_;
  const bool known = static_cast<double>(lane.deviations.size()) >= rule.history_share * rare;
  return held || (known && lane.deviations.surprise(size) >= std::log10(rare));
}

AlarmState AlarmLanes::update(double value) {
  if (!std::isfinite(value)) {
    season_.push(value);
    return {};
  }
  static const double kErrorRate = 1 - std::exp2(-1 / kErrorHalfLife);
  ++seen_;
  const double rate = std::max(kErrorRate, 1 / static_cast<double>(seen_));
  const double level_deviation = judge(level_, value, 0, rate);
  const double step_deviation = judge(step_, value, 0, rate);
  clip_ = RobustLevel::kClip * level_.usual.scale(level_.usual.level());
  // What judges here: with or without the season, as each has proved itself.
  Lane* level = &level_;
  Lane* step = &step_;
  double level_in_force = level_deviation;
  double step_in_force = step_deviation;
  std::array<double, 2> in_season{};
  if (season_.period() > 0) {
    ++seen_in_season_;
    const double season = season_.next();
    // Warming up shows no errors.
    const std::uint64_t told =
        seen_in_season_ - std::min<std::uint64_t>(seen_in_season_, RobustLevel::kWarmUp);
    const double season_rate = told > 0 ? std::max(kErrorRate, 1 / static_cast<double>(told)) : 0;
    const double level_rest = judge(level_in_season_, value, season, season_rate);
    const double step_rest = judge(step_in_season_, value, season, season_rate);
    const double reach = RobustLevel::kClip * level_in_season_.usual.spread();
    season_.learn(std::clamp(level_in_season_.usual.error(), -reach, reach));
    in_season = {level_rest, step_rest};
    const bool known = seen_in_season_ >= std::max<std::uint64_t>(kProofMin, season_.period() / 2);
    if (known && level_in_season_.error < kSeasonGain * level_.error) {
      level = &level_in_season_;
      level_in_force = level_rest;
    }
    if (known && step_in_season_.error < kSeasonGain * step_.error) {
      step = &step_in_season_;
      step_in_force = step_rest;
    }
  }
  level_alarm_ = level == &level_ ? alarm(level_, level_in_force, level_alarm_, kLevelRule)
                                  : alarm(*level, level_in_force, level_alarm_, kAddedRule);
  step_alarm_ =
      step->error < kStepGain * level->error && alarm(*step, step_in_force, step_alarm_, kAddedRule);
  level_.deviations.add(std::abs(level_deviation));
  step_.deviations.add(std::abs(step_deviation));
  if (season_.period() > 0) {
    level_in_season_.deviations.add(std::abs(in_season[0]));
    step_in_season_.deviations.add(std::abs(in_season[1]));
  }
  AlarmState state{level_alarm_ || step_alarm_, level_in_force,
                   level == &level_ ? AlarmLane::kLevel : AlarmLane::kSeason};
  if (step_alarm_ && !level_alarm_) state = {true, step_in_force, AlarmLane::kStep};
  if (season_.push(value)) {
    // Another season: what was learnt of the one before says nothing of it.
    seen_in_season_ = 0;
    const double half_life = std::max(RobustLevel::kSpreadHalfLife, static_cast<double>(season_.period()));
    level_in_season_ = {RobustLevel(RobustLevel::kLevelHalfLife, half_life), {}, 0};
    step_in_season_ = {RobustLevel(kStepHalfLife, half_life), {}, 0};
  }
  return state;
}

void AlarmLanes::save(StateWriter& out) const {
  out.number(values_per_day_);
  out.count(seen_);
  out.count(seen_in_season_);
  out.number(clip_);
  season_.save(out);
  const bool with_season = season_.period() > 0;
  for (const Lane* lane : {&level_, &step_, &level_in_season_, &step_in_season_}) {
    if (!with_season && (lane == &level_in_season_ || lane == &step_in_season_)) continue;
    lane->usual.save(out);
    lane->deviations.save(out);
    out.number(lane->error);
  }
  out.count((level_alarm_ ? 1U : 0U) + (step_alarm_ ? 2U : 0U));
}

void AlarmLanes::restore(StateReader& in) {
  values_per_day_ = in.number();
  seen_ = in.count();
  seen_in_season_ = in.count();
  clip_ = in.number();
  season_.restore(in);
  const bool with_season = season_.period() > 0;
  for (Lane* lane : {&level_, &step_, &level_in_season_, &step_in_season_}) {
    if (!with_season && (lane == &level_in_season_ || lane == &step_in_season_)) continue;
    lane->usual.restore(in);
    lane->deviations.restore(in);
    lane->error = in.number();
  }
  const std::uint64_t alarms = in.count();
  level_alarm_ = (alarms & 1U) != 0;
  step_alarm_ = (alarms & 2U) != 0;
  if (!(values_per_day_ > 0)) in.refuse();
}

}  // namespace trimtab::kernels
