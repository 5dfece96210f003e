// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "kernels/forecast/forecast.h"

namespace trimtab::kernels {

// When a forecast reaches a limit, as a distribution. Steps count from 1.
struct Exhaustion {
  std::vector<double> reached_by{};  // [horizon]: chance that the limit was reached at this step or before
  std::optional<std::size_t> earliest{};  // steps at which that chance passes 5 %, 50 % and 95 %
  std::optional<std::size_t> expected{};
  std::optional<std::size_t> latest{};
};

enum class LimitSide { kUpper, kLower };

// The chance at one step is the share of past misses (Forecast::misses, symmetric) that would carry the mean
// beyond the limit; reaching it "by" a step is taken as the largest chance so far. That is a lower bound of
// the chance of ever touching it, near it when misses of neighbouring steps go together, as they do: a
// forecast that is too low stays too low. Unlike first_passage() it knows seasons and growth that bends.
Exhaustion exhaustion_of(const Forecast& forecast, double limit, LimitSide side);

}  // namespace trimtab::kernels
