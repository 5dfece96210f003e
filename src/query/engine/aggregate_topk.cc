// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cmath>

#include "query/engine/aggregate.h"

namespace trimtab::promql {
namespace {

struct Entry {
  double value;
  std::uint32_t row;
};

// Whether `a` is chosen before `b`: by value, NaN last, the earlier row first among equals.
struct Better {
  AggregateOp op;
  bool operator()(const Entry& a, const Entry& b) const {
    if (op != AggregateOp::kLimitk) {
      const bool a_nan = std::isnan(a.value);
      const bool b_nan = std::isnan(b.value);
      if (a_nan != b_nan) return b_nan;
      if (!a_nan && a.value != b.value)
        return op == AggregateOp::kTopk ? a.value > b.value : a.value < b.value;
    }
    return a.row < b.row;
  }
};

// The k best of one group at one step, as a heap whose front is the worst of them.
using Heap = std::vector<Entry>;

Status check_k(std::span<const double> k, const Context& context, Span span) {
  for (const double v : k) {
    if (std::isnan(v))
      return invalid(fmt::format("{}: the parameter k of an aggregation is NaN", context.place(span)));
    if (v >= 9223372036854775808.0 || v <= -9223372036854775809.0) {
      return invalid(
          fmt::format("{}: the parameter k of an aggregation overflows int64: {}", context.place(span), v));
    }
  }
  return ok();
}

}  // namespace

Result<Rows> aggregate_topk(const Aggregate& node, Span span, const Rows& rows, const std::vector<double>& k,
                            const Grid& grid, const Context& context) {
  TRY(check_k(k, context, span));
  const Better better{node.op};
  const double k_largest = k.empty() ? 0 : *std::max_element(k.begin(), k.end());
  auto out = std::make_shared<Table>(grid.columns);
  out->set_unique();
  if (k_largest < 1 || rows->size() == 0) return Rows(out);
  const Grouping grouping = group_rows(*rows, node.grouping, node.without);
  const std::size_t groups = grouping.labels.size();
  const auto width = static_cast<std::size_t>(std::min(k_largest, static_cast<double>(rows->size())));
  // A heap is three pointers besides its entries.
  TRY(context.check_cells(groups * 3 + std::min(groups * width, rows->size()) * 2, grid.columns,
                          to_string(node.op)));

  std::vector<Heap> heaps(groups * grid.columns);
  constexpr std::size_t kBlockRows = 64;
  const std::size_t blocks = (rows->size() + kBlockRows - 1) / kBlockRows;
  std::vector<std::vector<double>> computed(blocks);
  const auto block_end = [&](std::size_t block) { return std::min(rows->size(), (block + 1) * kBlockRows); };
  const auto work = [&](std::size_t block, Scratch& scratch) -> Status {
    const std::size_t first = block * kBlockRows;
    computed[block].resize((block_end(block) - first) * grid.columns);
    for (std::size_t row = first; row < block_end(block); ++row) {
      TRY(rows->compute(row, scratch,
                        std::span(computed[block]).subspan((row - first) * grid.columns, grid.columns)));
    }
    return ok();
  };
  const auto done = [&](std::size_t block) -> Status {
    const std::size_t first = block * kBlockRows;
    for (std::size_t row = first; row < block_end(block); ++row) {
      const double* cells = computed[block].data() + (row - first) * grid.columns;
      Heap* group = heaps.data() + grouping.group[row] * grid.columns;
      for (std::size_t c = 0; c < grid.columns; ++c) {
        if (!present(cells[c]) || k[c] < 1) continue;
        Heap& heap = group[c];
        const Entry entry{cells[c], static_cast<std::uint32_t>(row)};
        if (static_cast<double>(heap.size()) < std::floor(k[c])) {
          heap.push_back(entry);
          std::push_heap(heap.begin(), heap.end(), better);
        } else if (better(entry, heap.front())) {
          std::pop_heap(heap.begin(), heap.end(), better);
          heap.back() = entry;
          std::push_heap(heap.begin(), heap.end(), better);
        }
      }
    }
    computed[block] = std::vector<double>();
    return ok();
  };
  TRY(for_blocks(blocks, context, work, done));

  // Rows of the result: those that are chosen at any step.
  std::vector<bool> chosen(rows->size());
  for (const Heap& heap : heaps) {
    for (const Entry& entry : heap) chosen[entry.row] = true;
  }
  TRY(out->hold(context, static_cast<std::size_t>(std::count(chosen.begin(), chosen.end(), true)),
                to_string(node.op)));
  boost::unordered_flat_map<std::uint32_t, std::size_t> place;
  for (std::size_t i = 0; i < heaps.size(); ++i) {
    std::sort(heaps[i].begin(), heaps[i].end(), better);
    for (const Entry& entry : heaps[i]) {
      const auto [it, added] = place.emplace(entry.row, out->size());
      if (added) out->add(rows->labels(entry.row));
      out->row(it->second)[i % grid.columns] = entry.value;
    }
  }
  return Rows(std::move(out));
}

}  // namespace trimtab::promql
