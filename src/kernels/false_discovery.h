// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

namespace trimtab::kernels {

// Which of many alarms to keep (Benjamini and Hochberg 1995). `rates` are false-alarm rates, one per judged
// series, sorted up: how many alarms per day each series would give by chance if this one counted. With
// nothing wrong anywhere, about `budget` alarms a day pass over all series together; with much wrong, about
// `budget` per day of quiet plus a matching share of the true ones. Returns how many of the first to keep.
// `judged` is the number of series looked at, at least rates.size().
std::size_t keep_alarms(std::span<const double> rates, std::size_t judged, double budget);

}  // namespace trimtab::kernels
