// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "base/time.h"

namespace trimtab::advise {

inline constexpr DurationMs kLooksKeptMs = kHourMs;
inline constexpr std::size_t kLooksMax = 256;  // then the second oldest goes: the window stays as long

// The looks of the last hour at a server that was not set anew meanwhile: the oldest against the newest is
// the window that rules judge. Look has at_ms, and a function continues(before, after) beside it that says
// whether their counts may be subtracted and mean one thing.
template <typename Look>
class LookHistory {
 public:
  // Forgets all before when the look does not continue the one before.
  void add(Look look) {
    if (!looks_.empty() && !continues(looks_.back(), look)) looks_.clear();
    looks_.push_back(std::move(look));
    while (window_ms() > kLooksKeptMs) looks_.pop_front();
    if (looks_.size() > kLooksMax) looks_.erase(looks_.begin() + 1);
  }
  const Look& oldest() const { return looks_.front(); }
  const Look& newest() const { return looks_.back(); }
  DurationMs window_ms() const { return looks_.empty() ? 0 : newest().at_ms - oldest().at_ms; }

 private:
  std::deque<Look> looks_;
};

}  // namespace trimtab::advise
