// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "ledger/records.h"

namespace trimtab::report {

// The sparkline of an evidence, fitted to a number of columns. `values` keeps, of the points that
// share a column, the one farthest from the usual, so that a spike is never averaged away; NaN where
// there is no data (infinities count as none). Columns [unusual_from, unusual_to) lie in the window.
struct Sparkline {
  std::vector<double> values;
  std::size_t unusual_from = 0;
  std::size_t unusual_to = 0;
  double lowest = 0;  // of the finite values; both 0 when there are none
  double highest = 0;
  bool has_data = false;
  bool has_gaps = false;
};
Sparkline fit_sparkline(const Evidence& evidence, std::size_t columns_max);

// "▁▂▁▂│▇██▇│": eight block heights from lowest to highest, "·" for no data, the unusual part between
// the given marks. "" when there is no data at all.
std::string sparkline_blocks(const Sparkline& line, const std::string& mark_from, const std::string& mark_to);

}  // namespace trimtab::report
