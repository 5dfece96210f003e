// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "ledger/records.h"

namespace trimtab::analyze {

// What makes a series worth a second look: kept only where it may become evidence.
struct Unusual {
  int direction = 0;  // +1 above the usual, -1 below
  double usual = 0;
  double usual_low = 0;
  double usual_high = 0;
  double now = 0;
  double effect = 0;  // signed, in robust standard deviations
  // What spoke: "seasonal_residual", "calendar_residual", "event_residual", "robust_residual", "level_shift",
  // "leak".
  std::string method;
  std::string event;      // the known event it falls into; "": none
  std::string statistic;  // in words, with numbers
  TimeRange window;       // since .. newest cell
  TimeRange compared_with;
  bool lasting = false;  // holds for at least twice the window that counts as now
};

// At or near a known limit, or on the way to it.
struct LimitState {
  double limit = 0;
  double share = 0;  // of the limit, now
  bool saturated = false;
  bool always = false;         // saturated in all known history
  TimestampMs since_ms = 0;    // of the saturation
  double saturated_share = 0;  // share of all known time spent saturated
  std::optional<Exhaustion> exhaustion;
  std::string
      method;  // "saturation", "forecast_first_passage", "driver_first_passage", "theil_sen_first_passage"
  std::string statistic;
  double usual = 0;
  double now = 0;
  double slope_per_day = 0;
};

struct Sparkline {
  std::vector<double> values;
  TimeRange range;
};

// The judgement on one reading (a series, or a value derived from several).
struct Verdict {
  bool judged = false;
  bool constant = false;
  double level = 0;           // mean of what counts as now, when judged
  Unjudged reason{};          // when not judged
  std::string detail;         // when not judged: the numbers
  double probability = 1;     // of something at least as unusual by chance, in one look
  double looks_per_day = 48;  // independent looks a day: a day over the window that counts as now
  bool down = false;          // a state that says "does not answer" throughout the window
  std::unique_ptr<Unusual> unusual;
  std::unique_ptr<LimitState> limit;
  Sparkline sparkline;  // where there is something to show
};

}  // namespace trimtab::analyze
