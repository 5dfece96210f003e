// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "query/engine/binary.h"
#include "query/engine/operators.h"

namespace trimtab::promql {
namespace {

using Members = std::vector<std::vector<std::uint32_t>>;

Members members_of(std::span<const std::uint32_t> groups, std::size_t count) {
  Members out(count);
  for (std::size_t row = 0; row < groups.size(); ++row)
    out[groups[row]].push_back(static_cast<std::uint32_t>(row));
  return out;
}

bool any_at(const Table& table, std::size_t column) {
  for (std::size_t row = 0; row < table.size(); ++row) {
    if (present(table.row(row)[column])) return true;
  }
  return false;
}

// One vector join. "One" is the side where a match group may have one series at a step; "many" the other, the
// left one when neither is grouped.
class Join {
 public:
  Join(const Binary& node, Span span, const Table& left, const Table& right, const Grid& grid,
       const Context& context)
      : node_(node),
        matching_(*node.matching),
        span_(span),
        swapped_(matching_.cardinality == Cardinality::kOneToMany),
        many_(swapped_ ? right : left),
        one_(swapped_ ? left : right),
        grid_(grid),
        context_(context) {}

  Result<Rows> run() {
    const MatchGroups groups = match_groups(matching_, many_, one_);
    const Members many = members_of(groups.left, groups.count);
    const Members one = members_of(groups.right, groups.count);
    auto out = std::make_shared<Table>(grid_.columns);
    for (std::size_t group = 0; group < groups.count; ++group) {
      TRY(context_.check());
      TRY(refuse_two_on_one_side(one[group]));
      if (one[group].empty() || many[group].empty()) continue;
      TRY(join_group(many[group], one[group], *out));
    }
    TRY(context_.check_cells(out->size(), grid_.columns, to_string(node_.op)));
    return without_duplicates(
        std::move(out), grid_, Duplicates::kMerge, context_,
        fmt::format("{}: multiple matches for labels: grouping labels must ensure unique matches",
                    context_.place(span_)));
  }

 private:
  bool grouped() const { return matching_.cardinality != Cardinality::kOneToOne; }

  Status refuse_two_on_one_side(const std::vector<std::uint32_t>& rows) const {
    if (rows.size() < 2) return ok();
    for (std::size_t c = 0; c < grid_.columns; ++c) {
      std::int64_t found = -1;
      for (const std::uint32_t row : rows) {
        if (!present(one_.row(row)[c])) continue;
        if (found < 0) {
          found = row;
        } else if (any_at(many_, c)) {
          return conflict(static_cast<std::uint32_t>(found), row);
        }
      }
    }
    return ok();
  }

  std::unexpected<Error> conflict(std::uint32_t a, std::uint32_t b) const {
    const Labels& first = one_.row_labels(a);
    return invalid(
        fmt::format("{}: found duplicate series for the match group {} on the {} hand-side of the operation: "
                    "[{}, {}]; many-to-many "
                    "matching not allowed: matching labels must be unique on one side",
                    context_.place(span_), match_labels(first).to_string(), swapped_ ? "left" : "right",
                    one_.row_labels(b).to_string(), first.to_string()));
  }

  Labels match_labels(const Labels& labels) const {
    if (matching_.on) return labels.keep(matching_.labels);
    Labels out = labels.without(kMetricName);
    for (const std::string& name : matching_.labels) out = out.without(name);
    return out;
  }

  Labels result_labels(const Labels& many, const Labels& one) const {
    const bool drop_name = !is_comparison(node_.op) || node_.return_bool;
    Labels out = many;
    if (!grouped()) {
      if (matching_.on) {
        out = out.keep(matching_.labels);
      } else {
        for (const std::string& name : matching_.labels) out = out.without(name);
      }
    }
    // Included labels may bring a name back, except with bool.
    if (drop_name) out = out.without(kMetricName);
    for (const std::string& name : matching_.include) out = out.with(name, one.get(name));
    return node_.return_bool ? out.without(kMetricName) : out;
  }

  Status join_group(const std::vector<std::uint32_t>& many, const std::vector<std::uint32_t>& one,
                    Table& out) {
    std::vector<bool> taken(!grouped() && many.size() > 1 ? grid_.columns : 0);
    std::vector<double> cells(grid_.columns);
    for (const std::uint32_t m : many) {
      for (const std::uint32_t o : one) {
        combine(many_.row(m), one_.row(o), cells);
        if (!any_present(cells)) continue;
        if (!taken.empty()) TRY(take(taken, cells, m));
        const auto to = out.add(result_labels(many_.row_labels(m), one_.row_labels(o)));
        std::copy(cells.begin(), cells.end(), to.begin());
      }
    }
    return ok();
  }

  Status take(std::vector<bool>& taken, std::span<const double> cells, std::uint32_t row) const {
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (!present(cells[c])) continue;
      if (taken[c]) {
        return invalid(
            fmt::format("{}: multiple matches for labels: many-to-one matching must be explicit "
                        "(group_left/group_right); match group {}",
                        context_.place(span_), match_labels(many_.row_labels(row)).to_string()));
      }
      taken[c] = true;
    }
    return ok();
  }

  void combine(std::span<const double> many, std::span<const double> one, std::span<double> out) const {
    const auto left = swapped_ ? one : many;
    const auto right = swapped_ ? many : one;
    const bool as_bool = node_.return_bool;
    with_operator(node_.op, [&]<BinaryOp kOp>() {
      for (std::size_t c = 0; c < out.size(); ++c) {
        double result = 0;
        if constexpr (compares(kOp)) {
          const bool holds = comparison<kOp>(left[c], right[c]);
          result = as_bool ? (holds ? 1 : 0) : (holds ? left[c] : kNoValue);
        } else {
          result = arithmetic<kOp>(left[c], right[c]);
        }
        out[c] = present(left[c]) && present(right[c]) ? result : kNoValue;
      }
    });
  }

  const Binary& node_;
  const VectorMatching& matching_;
  const Span span_;
  const bool swapped_;
  const Table& many_;
  const Table& one_;
  const Grid& grid_;
  const Context& context_;
};

}  // namespace

Result<Rows> join_vectors(const Binary& node, Span span, const Rows& left, const Rows& right,
                          const Grid& grid, const Context& context) {
  const auto l = TRY(materialise(left, grid, context, to_string(node.op)));
  const auto r = TRY(materialise(right, grid, context, to_string(node.op)));
  return Join(node, span, *l, *r, grid, context).run();
}

}  // namespace trimtab::promql
