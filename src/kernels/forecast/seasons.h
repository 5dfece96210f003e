// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "kernels/season/find_seasons.h"

namespace trimtab::kernels {

// Up to two seasons worth trying in a forecast, the shorter first, 0 for none: of those that find_seasons()
// finds in the last kSeasonTailMax values, the strongest; with it a multiple of it or a part of it that was
// found too, else its week where it is a day (week_of), its
// day where it is a week.
std::array<std::size_t, 2> likely_seasons(std::span<const double> values, SeasonSearch& search);

// Rows of a week where `day` is a day of hours, half hours, 15, 10 or 5 minutes and `rows` hold three weeks;
// else 0. The pool judges members by their errors, so a season too many costs time rather than accuracy.
std::size_t week_of(std::size_t day, std::size_t rows);

inline constexpr std::size_t kSeasonTailMax = 8192;

}  // namespace trimtab::kernels
