// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"

namespace trimtab {

// Why incoming data was not taken. Each has a name (the `reason` label of trimtab_rejected_total)
// and a sentence for people: see reject_name and reject_sentence.
enum class RejectReason {
  kMalformed,            // the bytes are not what the content type says
  kUnsupported,          // a content type, encoding or feature we do not take
  kTooLarge,             // body, line or message over its bound
  kInvalidLabels,        // empty or repeated names, not UTF-8
  kLabelLimit,           // too many labels, or names or values too long
  kSeriesLimit,          // at the series bound: new series are refused, old ones keep working
  kFutureTimestamp,      // further ahead than the clock-skew allowance
  kTooOld,               // older than retention or the configured window
  kInvalidTimestamp,     // outside year 1 to 9999, or missing where it is required
  kInvalidValue,         // not a number where one is required
  kSampleLimit,          // a scrape over its sample_limit, a batch over its bound
  kNativeHistogram,      // native histograms are not stored yet
  kExemplar,             // exemplars are not stored yet
  kDeltaOutOfOrder,      // an OTLP delta point that does not follow the last one
  kUnsupportedPoint,     // an OTLP data point kind or temporality we can not turn into series
  kStorage,              // the store refused: disk full, shutting down, I/O error
};
inline constexpr std::size_t kRejectReasonsCount = 16;

std::string_view reject_name(RejectReason reason);
std::string_view reject_sentence(RejectReason reason);

struct RejectSample {
  TimestampMs when_ms = 0;
  RejectReason reason{};
  std::string source;  // "remote_write", "otlp", "scrape job=x", "import data.csv"
  std::string detail;  // what exactly, with position or series; cut at detail_bytes_max
  std::uint64_t count = 1;
};

// Where refused data is counted and remembered: every reject counts, the newest `samples_max` are
// kept with their detail. Thread-safe; a reject costs an atomic add and, for at most
// `samples_per_second_max` a second, one short lock.
class Rejects {
 public:
  Rejects(Metrics& metrics, const Clock& clock);

  void add(RejectReason reason, std::string_view source, std::string_view detail, std::uint64_t count = 1);

  std::uint64_t count(RejectReason reason) const;
  std::uint64_t total() const;
  std::vector<RejectSample> samples() const;  // newest first

  static constexpr std::size_t kSamplesMax = 256;
  static constexpr std::size_t kDetailBytesMax = 512;
  static constexpr int kSamplesPerSecondMax = 20;

 private:
  const Clock& clock_;
  std::array<Counter*, kRejectReasonsCount> counters_{};
  mutable std::mutex mutex_;
  std::deque<RejectSample> samples_;
  TimestampMs second_start_ = 0;
  int in_second_ = 0;
};

}  // namespace trimtab
