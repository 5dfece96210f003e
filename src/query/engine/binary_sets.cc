// SPDX-License-Identifier: Apache-2.0
#include "query/engine/binary.h"

namespace trimtab::promql {
namespace {

// Of each match group: the steps at which any of its rows has a value.
std::vector<std::vector<bool>> presence(const Table& table, std::span<const std::uint32_t> groups,
                                        std::size_t count) {
  std::vector<std::vector<bool>> out(count);
  for (std::size_t row = 0; row < table.size(); ++row) {
    auto& steps = out[groups[row]];
    steps.resize(table.columns());
    const auto cells = table.row(row);
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (present(cells[c])) steps[c] = true;
    }
  }
  return out;
}

// Adds the cells of `table` at steps where the other side's group is there (or is not).
void add_where(const Table& table, std::span<const std::uint32_t> groups,
               const std::vector<std::vector<bool>>& other, bool wanted, Table& out) {
  std::vector<double> cells(table.columns());
  for (std::size_t row = 0; row < table.size(); ++row) {
    const auto& steps = other[groups[row]];
    const auto from = table.row(row);
    for (std::size_t c = 0; c < cells.size(); ++c) {
      const bool there = !steps.empty() && steps[c];
      cells[c] = there == wanted ? from[c] : kNoValue;
    }
    if (!any_present(cells)) continue;
    const auto to = out.add(table.row_labels(row));
    std::copy(cells.begin(), cells.end(), to.begin());
  }
}

}  // namespace

Result<Rows> join_sets(const Binary& node, const Rows& left, const Rows& right, const Grid& grid,
                       const Context& context) {
  const auto l = TRY(materialise(left, grid, context, to_string(node.op)));
  const auto r = TRY(materialise(right, grid, context, to_string(node.op)));
  const MatchGroups groups = match_groups(*node.matching, *l, *r);
  auto out = std::make_shared<Table>(grid.columns);
  if (node.op == BinaryOp::kOr) {
    TRY(out->hold(context, l->size() + r->size(), "or"));
    for (std::size_t row = 0; row < l->size(); ++row) {
      const auto from = l->row(row);
      const auto to = out->add(l->row_labels(row));
      std::copy(from.begin(), from.end(), to.begin());
    }
    add_where(*r, groups.right, presence(*l, groups.left, groups.count), false, *out);
    return without_duplicates(std::move(out), grid, Duplicates::kMerge, context);
  }
  TRY(out->hold(context, l->size(), to_string(node.op)));
  add_where(*l, groups.left, presence(*r, groups.right, groups.count), node.op == BinaryOp::kAnd, *out);
  if (l->unique()) out->set_unique();
  return Rows(std::move(out));
}

}  // namespace trimtab::promql
