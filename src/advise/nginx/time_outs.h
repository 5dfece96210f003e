// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "advise/nginx/configuration.h"
#include "advise/nginx/server_advisor.h"

namespace trimtab::advise::nginx {

// Upper bounds of the collector's histograms of times, in seconds.
inline constexpr std::array<double, 16> kTimeBounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                    0.5,   1,      2.5,   5,    10,    30,   60,  120};
// Times of requests that were passed on, in kTimeOutWindowMs up to now.
struct TimesLook {
  double total = 0;                                // requests
  double seconds = 0;                              // their sum
  std::array<double, kTimeBounds.size()> up_to{};  // requests within each bound, cumulated
};

struct TimeOutLook {
  double window_seconds = 0;  // how long there have been samples
  TimesLook answers;          // of whole answers
  TimesLook connects;         // of connections that came about
  double read = 0;            // requests that were ended while an answer was waited for
  double connect = 0;         // while a connection was
  double unknown = 0;         // the log does not say at what
  Configuration configuration;
  DurationMs collector_interval_ms = 0;
};
// proxy_read_timeout and proxy_connect_timeout at kTimeOutFactor times the 99.9th percentile of what was
// answered or connected, kTimeOutMin or more, when at least kHungMin requests waited for the longer one in
// vain and none of kTimedMin or more took longer than the new one and was served. kNotEnoughData while there
// are too few. Nothing when other blocks set it, connections are upgraded (WebSocket), or other protocols
// than HTTP are passed on to: their times are in the same figures. Pure.
std::vector<Recommendation> advise_time_outs(const TimeOutLook& look, const AdvisedServer& where);

inline constexpr DurationMs kTimeOutWindowMs = kDayMs;
inline constexpr double kTimedMin = 10'000;  // ten beyond the 99.9th percentile
inline constexpr double kTimeOutFactor = 4;
inline constexpr double kTimeOutMin = 5;  // seconds: a pause, or a lost packet sent again (RFC 6298) or two
inline constexpr double kTimeOutDefault = 60;  // ngx_http_proxy_module
inline constexpr double kHungMin = 5;

// "nginx.time_outs".
std::unique_ptr<Advisor> create_time_outs_advisor(Target target);

}  // namespace trimtab::advise::nginx
