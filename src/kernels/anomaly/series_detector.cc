// SPDX-License-Identifier: Apache-2.0
#include "kernels/anomaly/series_detector.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>

#include <fmt/format.h>

#include "base/check.h"

namespace trimtab::kernels {
namespace {

constexpr double kRounding = 1e-12;  // of a mean over up to 100 values, relative

}  // namespace

SeriesDetector::SeriesDetector(double values_per_day)
    : values_per_day_(values_per_day), alarms_(values_per_day) {}

AnomalyPoint SeriesDetector::update_alarm(double value) {
  const AlarmState state = alarms_.update(value);
  return {.score = state.is_alarm ? kAlarmScore : 0,
          .is_anomaly = state.is_alarm,
          .lane = state.lane,
          .deviation = state.deviation};
}

double SeriesDetector::novelty(double value) {
  double surprise = 0;
  const std::size_t slot = count_ % ring_.size();
  for (std::size_t lane = 0; lane < kWidths.size(); ++lane) {
    const std::size_t width = kWidths[lane];
    // What falls out of this mean, before its slot is written over.
    const std::size_t oldest = slot >= width ? slot - width : slot + ring_.size() - width;
    const double leaving = count_ >= width ? ring_[oldest] : 0;
    sums_[lane] += value - leaving;
  }
  ring_[slot] = value;
  ++count_;
  if (slot + 1 == ring_.size()) {
    // Once around: sums from scratch, so that rounding does not add up.
    for (std::size_t lane = 0; lane < kWidths.size(); ++lane) {
      sums_[lane] = 0;
      for (std::size_t i = 0; i < kWidths[lane]; ++i) sums_[lane] += ring_[ring_.size() - 1 - i];
    }
  }
  for (std::size_t lane = 0; lane < kWidths.size(); ++lane) {
    const auto held = static_cast<double>(std::min<std::uint64_t>(count_, kWidths[lane]));
    const double mean = kWidths[lane] == 1 ? value : sums_[lane] / held;
    const bool known = !memories_[lane].empty();
    double distance = memories_[lane].learn(mean);
    if (!known) continue;
    if (distance <= kRounding * std::abs(mean)) distance = 0;
    surprise += distances_[lane].surprise(distance);
    distances_[lane].add(distance);
  }
  const double calibrated = sums_of_surprise_.surprise(surprise);
  sums_of_surprise_.add(surprise);
  return calibrated;
}

AnomalyPoint SeriesDetector::update(double value) {
  AnomalyPoint point = update_alarm(value);
  if (!std::isfinite(value)) return point;
  static const double kForget = std::exp(-1 / kToldMemory);
  double surprise = novelty(value);
  const auto seen = static_cast<double>(count_);
  told_often_ *= kForget;
  if (surprise > 0) surprise -= kLengthPower * std::log10(seen / 1000) + std::log10(1 + told_often_);
  if (seen < quiet_until_ && surprise < told_ + kOutdoes) {
    surprise = std::min(surprise, kTellSurprise / 2);
  } else if (surprise >= kTellSurprise) {
    told_ = surprise;
    told_often_ += 1;
    quiet_until_ = seen + kQuietValues;
  }
  const double score = surprise > 0 ? -std::expm1(-surprise * std::numbers::ln10) : 0;
  point.score = std::max(point.score, score);
  return point;
}

std::string SeriesDetector::save() const {
  StateWriter out;
  out.count(kStateVersion);
  out.number(values_per_day_);
  out.count(count_);
  out.numbers({ring_.data(), static_cast<std::size_t>(std::min<std::uint64_t>(count_, ring_.size()))});
  out.numbers(sums_);
  for (const ValueMemory& memory : memories_) memory.save(out);
  for (const TailCalibrator& calibrator : distances_) calibrator.save(out);
  sums_of_surprise_.save(out);
  alarms_.save(out);
  out.number(quiet_until_);
  out.number(told_);
  out.number(told_often_);
  return out.take();
}

Status SeriesDetector::restore(std::string_view bytes) {
  StateReader in(bytes);
  const std::uint64_t version = in.count();
  if (!in.ok() || version != kStateVersion) {
    *this = SeriesDetector();
    return fail(
        ErrorCode::kVersion,
        fmt::format("state of an anomaly detector: version {} found, {} is known", version, kStateVersion));
  }
  SeriesDetector read;
  read.values_per_day_ = in.number();
  read.count_ = in.count();
  in.numbers(read.ring_);
  in.numbers(read.sums_);
  for (ValueMemory& memory : read.memories_) memory.restore(in);
  for (TailCalibrator& calibrator : read.distances_) calibrator.restore(in);
  read.sums_of_surprise_.restore(in);
  read.alarms_.restore(in);
  read.quiet_until_ = in.number();
  read.told_ = in.number();
  read.told_often_ = in.number();
  if (!in.ok() || !in.at_end() || !(read.values_per_day_ > 0)) {
    *this = SeriesDetector();
    return invalid(
        fmt::format("state of an anomaly detector: {} bytes are damaged or cut short", bytes.size()));
  }
  *this = read;
  return {};
}

void detect_anomalies(std::span<const double> values, double values_per_day, std::span<AnomalyPoint> out) {
  CHECK(values.size() == out.size());
  const auto detector = std::make_unique<SeriesDetector>(values_per_day);
  for (std::size_t i = 0; i < values.size(); ++i) out[i] = detector->update(values[i]);
}

}  // namespace trimtab::kernels
