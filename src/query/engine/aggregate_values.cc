// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cmath>

#include "query/engine/aggregate.h"
#include "query/engine/quantile.h"
#include "query/number_text.h"

namespace trimtab::promql {

Result<Rows> aggregate_count_values(const Aggregate& node, Span span, const Rows& rows,
                                    const std::string& label, const Grid& grid, const Context& context) {
  if (label.empty() || !is_valid_utf8(label)) {
    return invalid(fmt::format("{}: invalid label name {} in count_values", context.place(span),
                               quote_label_value(label)));
  }
  const auto table = TRY(materialise(rows, grid, context, "count_values"));
  // The label belongs to the values: series that differ in it alone are counted together.
  std::vector<std::string> names = node.grouping;
  std::erase(names, label);
  if (node.without) names.push_back(label);
  const Grouping grouping = group_rows(*table, names, node.without);
  // without (label) takes the new label away too.
  const bool hidden = node.without && std::ranges::find(node.grouping, label) != node.grouping.end();
  boost::unordered_flat_map<std::string, std::size_t> place;
  auto out = std::make_shared<Table>(grid.columns);
  std::string key;
  for (std::size_t row = 0; row < table->size(); ++row) {
    const auto cells = table->row(row);
    double last = kNoValue;  // neighbours are often equal: one look-up for a run of them
    std::size_t at = 0;
    for (std::size_t c = 0; c < grid.columns; ++c) {
      if (!present(cells[c])) continue;
      if (!present(last) || std::bit_cast<std::uint64_t>(last) != std::bit_cast<std::uint64_t>(cells[c])) {
        last = cells[c];
        std::string text;
        if (!hidden) append_plain_number(text, last);
        key = fmt::format("{} {}", grouping.group[row], text);
        const auto [it, added] = place.emplace(key, out->size());
        if (added) {
          TRY(context.check_cells(out->size() + 1, grid.columns, "count_values"));
          const Labels& labels = grouping.labels[grouping.group[row]];
          out->add(hidden ? labels : labels.with(label, text));
        }
        at = it->second;
      }
      double& count = out->row(at)[c];
      count = present(count) ? count + 1 : 1;
    }
  }
  out->set_unique();
  return Rows(std::move(out));
}

Result<Rows> aggregate_quantile(const Aggregate& node, Span span, const Rows& rows,
                                const std::vector<double>& q, const Grid& grid, const Context& context) {
  const auto table = TRY(materialise(rows, grid, context, "quantile"));
  const Grouping grouping = group_rows(*table, node.grouping, node.without);
  if (table->size() > 0) warn_bad_quantile(q, span, context);
  std::vector<std::vector<std::uint32_t>> members(grouping.labels.size());
  for (std::size_t row = 0; row < table->size(); ++row) {
    members[grouping.group[row]].push_back(static_cast<std::uint32_t>(row));
  }
  auto out = std::make_shared<Table>(grid.columns);
  TRY(out->hold(context, members.size(), "quantile"));
  std::vector<double> values;
  for (std::size_t group = 0; group < members.size(); ++group) {
    TRY(context.check());
    const auto to = out->add(grouping.labels[group]);
    for (std::size_t c = 0; c < grid.columns; ++c) {
      values.clear();
      for (const std::uint32_t row : members[group]) {
        if (const double v = table->row(row)[c]; present(v)) values.push_back(v);
      }
      if (!values.empty()) to[c] = quantile_of(values, q[c]);
    }
  }
  out->set_unique();
  return Rows(std::move(out));
}

}  // namespace trimtab::promql
