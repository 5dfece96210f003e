// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "query/engine.h"

namespace trimtab::cli {

// An answer for people: label set and value, one a line; of a range each series with its points below.
std::string answer_table(const promql::Answer& answer);
// time,value and one column for each label name that occurs; a header first. RFC 4180.
std::string answer_csv(const promql::Answer& answer);
// A drawing: lines over time, or bars at one moment.
std::string answer_chart(const promql::Answer& answer, std::size_t columns);

}  // namespace trimtab::cli
