// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "query/engine/rows.h"

namespace trimtab::promql {

struct LabelReplace {
  std::string to, replacement, from, regex;
};
// Errors: kInvalid for a regular expression that does not parse, a bad label name, labels that meet.
Result<Rows> label_replace(const LabelReplace& replace, const Rows& rows, Span span, const Grid& grid,
                           const Context& context);

struct LabelJoin {
  std::string to, separator;
  std::vector<std::string> from;
};
Result<Rows> label_join(const LabelJoin& join, const Rows& rows, Span span, const Grid& grid,
                        const Context& context);

// "a2" before "a10": runs of digits compare by value.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace trimtab::promql
