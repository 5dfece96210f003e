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

// What two rows that match give. "One" is the side where a match group may have one series at a step; "many"
// the other, the left one when neither is grouped.
struct Rule {
  const Binary& node;
  const VectorMatching& matching;
  bool swapped = false;  // the left side is "one"

  explicit Rule(const Binary& binary)
      : node(binary), matching(*binary.matching), swapped(matching.cardinality == Cardinality::kOneToMany) {}
  bool grouped() const { return matching.cardinality != Cardinality::kOneToOne; }

  Labels result_labels(const Labels& many, const Labels& one) const {
    const bool drop_name = !is_comparison(node.op) || node.return_bool;
    Labels out = many;
    if (!grouped()) {
      if (matching.on) {
        out = out.keep(matching.labels);
      } else {
        for (const std::string& name : matching.labels) out = out.without(name);
      }
    }
    // Included labels may bring a name back, except with bool.
    if (drop_name) out = out.without(kMetricName);
    for (const std::string& name : matching.include) out = out.with(name, one.get(name));
    return node.return_bool ? out.without(kMetricName) : out;
  }

  void combine(std::span<const double> many, std::span<const double> one, std::span<double> out) const {
    const auto left = swapped ? one : many;
    const auto right = swapped ? many : one;
    const bool as_bool = node.return_bool;
    with_operator(node.op, [&]<BinaryOp kOp>() {
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
};

std::string twice_message(Span span, const Context& context) {
  return context.place(span) + ": multiple matches for labels: grouping labels must ensure unique matches";
}

// A join with both sides held: the general case.
class Join {
 public:
  Join(const Rule& rule, Span span, const Table& many, const Table& one, const Grid& grid,
       const Context& context)
      : rule_(rule), span_(span), many_(many), one_(one), grid_(grid), context_(context) {}

  Result<Rows> run() {
    const MatchGroups groups = match_groups(rule_.matching, many_, one_);
    const Members many = members_of(groups.left, groups.count);
    const Members one = members_of(groups.right, groups.count);
    auto out = std::make_shared<Table>(grid_.columns);
    for (std::size_t group = 0; group < groups.count; ++group) {
      TRY(context_.check());
      TRY(refuse_two_on_one_side(one[group]));
      if (one[group].empty() || many[group].empty()) continue;
      TRY(join_group(many[group], one[group], *out));
    }
    TRY(out->hold(context_, out->size(), to_string(rule_.node.op)));
    return without_duplicates(std::move(out), grid_, Duplicates::kMerge, context_,
                              twice_message(span_, context_));
  }

 private:
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
                    context_.place(span_), match_labels(first).to_string(), rule_.swapped ? "left" : "right",
                    one_.row_labels(b).to_string(), first.to_string()));
  }

  Labels match_labels(const Labels& labels) const {
    if (rule_.matching.on) return labels.keep(rule_.matching.labels);
    Labels out = labels.without(kMetricName);
    for (const std::string& name : rule_.matching.labels) out = out.without(name);
    return out;
  }

  Status join_group(const std::vector<std::uint32_t>& many, const std::vector<std::uint32_t>& one,
                    Table& out) {
    std::vector<bool> taken(!rule_.grouped() && many.size() > 1 ? grid_.columns : 0);
    std::vector<double> cells(grid_.columns);
    for (const std::uint32_t m : many) {
      for (const std::uint32_t o : one) {
        rule_.combine(many_.row(m), one_.row(o), cells);
        if (!any_present(cells)) continue;
        if (!taken.empty()) TRY(take(taken, cells, m));
        const auto to = out.add(rule_.result_labels(many_.row_labels(m), one_.row_labels(o)));
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

  const Rule& rule_;
  const Span span_;
  const Table& many_;
  const Table& one_;
  const Grid& grid_;
  const Context& context_;
};

// A join that needs only the "one" side held: no match group has two rows there, nor, unless it is grouped,
// two on the other side. Refers to the query's tree, which outlives all rows.
class StreamedJoin final : public RowSource {
 public:
  struct Pair {
    std::uint32_t many;
    std::uint32_t one;
  };
  StreamedJoin(const Rule& rule, Rows many, std::shared_ptr<const Table> one, std::vector<Pair> pairs)
      : rule_(rule), many_(std::move(many)), one_(std::move(one)), pairs_(std::move(pairs)) {}
  std::size_t size() const override { return pairs_.size(); }
  Labels labels(std::size_t row) const override {
    return rule_.result_labels(many_->labels(pairs_[row].many), one_->row_labels(pairs_[row].one));
  }
  // One to one: each match group gives one row, told from the others by the labels it matched on. Grouped:
  // rows keep their labels but for the name.
  bool unique() const override {
    return !rule_.grouped() || (rule_.matching.include.empty() && many_->unique_without_name());
  }
  Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const override {
    TRY(many_->compute(pairs_[row].many, scratch, out));
    rule_.combine(out, one_->row(pairs_[row].one), out);
    return ok();
  }

 private:
  Rule rule_;
  Rows many_;
  std::shared_ptr<const Table> one_;
  std::vector<Pair> pairs_;
};

constexpr std::uint32_t kNone = ~std::uint32_t{0};

// Null when only looking at every step can tell whether matches are ambiguous.
Rows stream_join(const Rule& rule, const Rows& many, const std::shared_ptr<const Table>& one) {
  const MatchGroups groups = match_groups(rule.matching, *many, *one);
  std::vector<std::uint32_t> one_of(groups.count, kNone);
  for (std::size_t row = 0; row < one->size(); ++row) {
    std::uint32_t& place = one_of[groups.right[row]];
    if (place != kNone) return nullptr;
    place = static_cast<std::uint32_t>(row);
  }
  std::vector<bool> taken(groups.count);
  std::vector<StreamedJoin::Pair> pairs;
  for (std::size_t row = 0; row < many->size(); ++row) {
    const std::uint32_t group = groups.left[row];
    if (one_of[group] == kNone) continue;
    if (taken[group] && !rule.grouped()) return nullptr;
    taken[group] = true;
    pairs.push_back({static_cast<std::uint32_t>(row), one_of[group]});
  }
  return std::make_shared<StreamedJoin>(rule, many, one, std::move(pairs));
}

}  // namespace

Result<Rows> join_vectors(const Binary& node, Span span, const Rows& left, const Rows& right,
                          const Grid& grid, const Context& context) {
  const Rule rule(node);
  const Rows& many = rule.swapped ? right : left;
  const auto one = TRY(materialise(rule.swapped ? left : right, grid, context, to_string(node.op)));
  if (Rows streamed = stream_join(rule, many, one); streamed != nullptr) {
    return without_duplicates(std::move(streamed), grid, Duplicates::kMerge, context,
                              twice_message(span, context));
  }
  const auto held = TRY(materialise(many, grid, context, to_string(node.op)));
  return Join(rule, span, *held, *one, grid, context).run();
}

}  // namespace trimtab::promql
