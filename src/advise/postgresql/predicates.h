// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace trimtab::advise::postgresql {

// "o.placed_at" of a plan: the alias is the plan's own, unique within it.
struct ColumnRef {
  std::string alias;
  std::string column;
  friend auto operator<=>(const ColumnRef&, const ColumnRef&) = default;
};

enum class PredicateKind {
  kEquality,   // o.a = $1, o.a = ANY (..)
  kRange,      // o.a > $1
  kJoin,       // o.a = i.b
  kIsNull,     // o.a IS NULL
  kIsNotNull,  // o.a IS NOT NULL
  kTrue,       // o.paid
  kFalse,      // NOT o.paid
  kWrapped,    // lower(o.a) = $1, (o.a)::numeric > $1: no plain index on `a` serves it
};

struct Predicate {
  PredicateKind kind = PredicateKind::kEquality;
  ColumnRef column;
  ColumnRef other;           // kJoin
  bool alternative = false;  // stands under OR
  std::string wrapped;       // kWrapped: the expression, as the plan has it
};

// Reads a condition of EXPLAIN (VERBOSE): the server deparses with every operator in parentheses and every
// column with its alias, so no operator precedence is needed. What it does not know is left out. Nesting
// beyond kDepthMax is left out too. Total over any bytes.
std::vector<Predicate> predicates_of(std::string_view condition);

inline constexpr int kDepthMax = 64;

struct SortKey {
  ColumnRef column;
  bool descending = false;
  // Of the order, not of the key: NULLS FIRST or LAST spelled out, USING or COLLATE; a plain index cannot
  // serve it.
  bool unusual = false;
};
// Reads one element of "Sort Key" or "Group Key"; nothing for an expression.
std::optional<SortKey> sort_key_of(std::string_view text);

// All columns an expression names.
std::vector<ColumnRef> columns_of(std::string_view text);

// Names that stand alone: neither qualified nor called nor a type cast to. In the output of a plan that reads
// one relation these are its columns, which EXPLAIN then does not qualify.
std::vector<std::string> bare_names_of(std::string_view text);

}  // namespace trimtab::advise::postgresql
