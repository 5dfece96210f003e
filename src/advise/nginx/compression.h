// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "advise/nginx/configuration.h"
#include "advise/nginx/served.h"
#include "advise/nginx/server_advisor.h"

namespace trimtab::advise::nginx {

// What compressing would save of the bytes in the log, as shares of them. `low` and `high` are relative
// changes of bytes per request:
//   high  only the answers that were asked for, and half of the requests offering gzip: the log does not say
//   low   all offering it, other files of text of that size compressing as well as those, and three standard
//         errors of the share saved, as requests for other paths may come in other shares
// At level 1, nginx' default.
struct CompressionGain {
  std::vector<std::string> media_types;  // that were not compressed and would gain; sorted, text/html too
  double bytes = 0;                      // of the paths that gain, in the log
  double low = 0;
  double high = 0;
};
// Pure. Answers below kCompressBytesMin, compressed already, of no known type of text, that lose less than
// a tenth, or whose size is not what the log says (within a factor of 2) gain nothing.
CompressionGain compression_gain(const Served& served, std::span<const Sample> samples);

// The edit that has `http` compress these types, in one place; empty when there is no http block, when a
// block inside sets compression for itself, or when the directives stand too far apart: then it is a
// person's to decide.
std::optional<ConfigEdit> compression_edit(const Configuration& configuration,
                                           const std::vector<std::string>& media_types);

// Everything the rule looks at.
struct CompressionLook {
  Traffic traffic;
  Served served;
  std::vector<Sample> samples;
  Configuration configuration;
  DurationMs collector_interval_ms = 0;
};
// Empty when less than kGainMin and kSavedBytesPerDayMin are sure to be saved. Pure.
std::optional<Recommendation> advise_compression(const CompressionLook& look, const AdvisedServer& where);

inline constexpr double kCompressBytesMin = 1000;  // a packet or less is not worth it
inline constexpr double kGainMin = 0.05;
inline constexpr double kSavedBytesPerDayMin = 100.0 * (1 << 20);
inline constexpr DurationMs kSamplesKeptMs = 10 * kMinuteMs;

// "nginx.compression".
std::unique_ptr<Advisor> create_compression_advisor(Target target);

}  // namespace trimtab::advise::nginx
