// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "query/ast.h"
#include "query/engine/rows.h"

namespace trimtab::promql {

// Which rows belong together: `group[row]` indexes `labels`, groups numbered by first appearance.
struct Grouping {
  std::vector<std::uint32_t> group;
  std::vector<Labels> labels;
};
Grouping group_rows(const RowSource& rows, std::span<const std::string> names, bool without);

// What an aggregation was given besides its vector: k or q for each column, or the label of count_values.
struct AggregateParameter {
  std::vector<double> scalar;
  std::string text;
};

// Any aggregation. Rows stream through, except for quantile(), which needs all values of a step at once.
Result<Rows> aggregate(const Aggregate& node, Span span, const Rows& rows, AggregateParameter parameter,
                       const Grid& grid, const Context& context);

// The parts of aggregate() with files of their own.
Result<Rows> aggregate_topk(const Aggregate& node, Span span, const Rows& rows, const std::vector<double>& k,
                            const Grid& grid, const Context& context);
Result<Rows> aggregate_count_values(const Aggregate& node, Span span, const Rows& rows,
                                    const std::string& label, const Grid& grid, const Context& context);
Result<Rows> aggregate_quantile(const Aggregate& node, Span span, const Rows& rows,
                                const std::vector<double>& q, const Grid& grid, const Context& context);

// "quantile value should be between 0 and 1, got ..." for the first of the values that is not.
void warn_bad_quantile(std::span<const double> q, Span span, const Context& context);

}  // namespace trimtab::promql
