// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "base/time.h"

namespace trimtab {

// Where the time comes from. Passed in everywhere, so that tests and `--at` decide what "now" is.
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimestampMs now_ms() const = 0;          // wall time
  virtual std::int64_t monotonic_ns() const = 0;   // for durations; never goes back
};

class SystemClock final : public Clock {
 public:
  TimestampMs now_ms() const override;
  std::int64_t monotonic_ns() const override;
};

// Stands still until told to move.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(TimestampMs now) : now_(now) {}
  TimestampMs now_ms() const override { return now_; }
  std::int64_t monotonic_ns() const override { return now_ * 1'000'000; }
  void set(TimestampMs now) { now_ = now; }
  void advance(DurationMs by) { now_ += by; }

 private:
  std::atomic<TimestampMs> now_;
};

}  // namespace trimtab
