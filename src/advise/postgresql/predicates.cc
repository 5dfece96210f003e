// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/predicates.h"

#include <algorithm>
#include <array>
#include <span>

#include "advise/postgresql/sql_tokens.h"

namespace trimtab::advise::postgresql {

namespace {

using Tokens = std::span<const Token>;

// Casts that keep an index on the column usable: the bytes compared are the same.
constexpr std::array<std::string_view, 4> kRelabels = {"text", "bpchar", "varchar", "character"};
constexpr std::array<std::string_view, 4> kRanges = {"<", ">", "<=", ">="};

int step(const Token& token) {
  if (token.is_symbol("(") || token.is_symbol("[")) return 1;
  if (token.is_symbol(")") || token.is_symbol("]")) return -1;
  return 0;
}

// "((x))" -> "x".
Tokens without_parentheses(Tokens tokens) {
  while (tokens.size() >= 2 && tokens.front().is_symbol("(") && tokens.back().is_symbol(")")) {
    int depth = 0;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      depth += step(tokens[i]);
      if (depth == 0) return tokens;
    }
    tokens = tokens.subspan(1, tokens.size() - 2);
  }
  return tokens;
}

template <typename Match>
std::optional<std::size_t> find_outermost(Tokens tokens, Match match) {
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    depth += step(tokens[i]);
    if (depth == 0 && match(tokens[i])) return i;
  }
  return std::nullopt;
}

std::vector<Tokens> split(Tokens tokens, std::string_view word) {
  std::vector<Tokens> out;
  while (const auto at = find_outermost(tokens, [&](const Token& token) { return token.is_word(word); })) {
    out.push_back(tokens.first(*at));
    tokens = tokens.subspan(*at + 1);
  }
  out.push_back(tokens);
  return out;
}

bool is_column_at(Tokens tokens, std::size_t i) {
  return i + 2 < tokens.size() && tokens[i].is_name() && tokens[i + 1].is_symbol(".") &&
         tokens[i + 2].is_name() &&
         (i + 3 >= tokens.size() || (!tokens[i + 3].is_symbol("(") && !tokens[i + 3].is_symbol(".")));
}

std::vector<ColumnRef> columns_in(Tokens tokens) {
  std::vector<ColumnRef> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!is_column_at(tokens, i)) continue;
    out.push_back({tokens[i].name(), tokens[i + 2].name()});
    i += 2;
  }
  return out;
}

// What follows "::" and is nothing but a type that keeps an index on the column usable: "text",
// "character varying(10)"; no array.
bool is_relabel(Tokens type) {
  if (type.empty() ||
      std::ranges::none_of(kRelabels, [&](std::string_view word) { return type[0].is_word(word); })) {
    return false;
  }
  return std::ranges::all_of(type, [](const Token& token) {
    return token.is_name() || token.kind == TokenKind::kNumber || token.is_symbol("(") ||
           token.is_symbol(")");
  });
}

// A column, possibly in parentheses and relabelled: "(o.status)::text".
std::optional<ColumnRef> plain_column(Tokens tokens) {
  tokens = without_parentheses(tokens);
  if (const auto cast = find_outermost(tokens, [](const Token& token) { return token.is_symbol("::"); })) {
    if (!is_relabel(tokens.subspan(*cast + 1))) return std::nullopt;
    tokens = without_parentheses(tokens.first(*cast));
  }
  if (tokens.size() != 3 || !is_column_at(tokens, 0)) return std::nullopt;
  return ColumnRef{tokens[0].name(), tokens[2].name()};
}

std::string spelled(Tokens tokens, std::string_view text) {
  if (tokens.empty()) return {};
  const std::size_t end = tokens.back().at + tokens.back().text.size();
  return std::string(text.substr(tokens.front().at, end - tokens.front().at));
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  void read(Tokens tokens, bool alternative, int depth) {
    if (depth > kDepthMax) return;
    tokens = without_parentheses(tokens);
    for (const std::string_view word : {"or", "and"}) {
      const std::vector<Tokens> parts = split(tokens, word);
      if (parts.size() == 1) continue;
      for (const Tokens part : parts) read(part, alternative || word == "or", depth + 1);
      return;
    }
    leaf(tokens, alternative);
  }

  std::vector<Predicate> take() { return std::move(out_); }

 private:
  void put(PredicateKind kind, ColumnRef column, bool alternative, ColumnRef other = {}) {
    out_.push_back({kind, std::move(column), std::move(other), alternative, {}});
  }

  void leaf(Tokens tokens, bool alternative) {
    if (!tokens.empty() && tokens[0].is_word("not")) {
      if (auto column = plain_column(tokens.subspan(1))) put(PredicateKind::kFalse, *column, alternative);
      return;
    }
    if (auto column = plain_column(tokens)) return put(PredicateKind::kTrue, *column, alternative);
    if (const auto is = find_outermost(tokens, [](const Token& token) { return token.is_word("is"); })) {
      const Tokens rest = tokens.subspan(*is + 1);
      const auto column = plain_column(tokens.first(*is));
      if (column && rest.size() == 1 && rest[0].is_word("null"))
        put(PredicateKind::kIsNull, *column, alternative);
      if (column && rest.size() == 2 && rest[0].is_word("not") && rest[1].is_word("null")) {
        put(PredicateKind::kIsNotNull, *column, alternative);
      }
      return;
    }
    const auto sign = find_outermost(tokens, [](const Token& token) {
      return token.is_symbol("=") ||
             std::ranges::any_of(kRanges, [&](auto range) { return token.is_symbol(range); });
    });
    if (sign)
      compare(tokens.first(*sign), tokens[*sign].is_symbol("="), tokens.subspan(*sign + 1), alternative);
  }

  void compare(Tokens left, bool equal, Tokens right, bool alternative) {
    auto a = plain_column(left);
    auto b = plain_column(right);
    if (a && b) {
      if (equal && a->alias != b->alias) put(PredicateKind::kJoin, *a, alternative, *b);
      // a.x < b.y: each side may be searched for with the other's value.
      if (!equal && a->alias != b->alias) {
        put(PredicateKind::kRange, *a, alternative);
        put(PredicateKind::kRange, *b, alternative);
      }
      return;
    }
    one_side(left, a, equal, right, alternative);
    one_side(right, b, equal, left, alternative);
  }

  void one_side(Tokens side, const std::optional<ColumnRef>& column, bool equal, Tokens other,
                bool alternative) {
    const std::vector<ColumnRef> against = columns_in(other);
    const auto same_alias = [&](const std::string& alias) {
      return std::ranges::any_of(against, [&](const ColumnRef& ref) { return ref.alias == alias; });
    };
    if (column) {
      if (!same_alias(column->alias)) {
        put(equal ? PredicateKind::kEquality : PredicateKind::kRange, *column, alternative);
      }
      return;
    }
    std::vector<ColumnRef> inside = columns_in(side);
    // Keyset pagination, ROW(o.a, o.b) < ROW($1, $2): a search by the first column, then the next.
    if (!equal && !side.empty() && side[0].is_word("row") && against.empty() && !inside.empty()) {
      return put(PredicateKind::kRange, std::move(inside[0]), alternative);
    }
    for (ColumnRef& inner : inside) {
      if (same_alias(inner.alias)) continue;
      out_.push_back({PredicateKind::kWrapped, std::move(inner), {}, alternative, spelled(side, text_)});
    }
  }

  std::string_view text_;
  std::vector<Predicate> out_;
};

}  // namespace

std::vector<Predicate> predicates_of(std::string_view condition) {
  const std::vector<Token> tokens = sql_tokens(condition);
  Reader reader(condition);
  reader.read(tokens, false, 0);
  return reader.take();
}

std::optional<SortKey> sort_key_of(std::string_view text) {
  const std::vector<Token> all = sql_tokens(text);
  Tokens tokens = all;
  SortKey key;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const bool ends = all[i].is_word("desc") || all[i].is_word("nulls") || all[i].is_word("using") ||
                      all[i].is_word("collate");
    if (!ends || (i > 0 && all[i - 1].is_symbol("."))) continue;
    key.descending = all[i].is_word("desc");
    key.unusual = !key.descending || i + 1 < all.size();
    tokens = tokens.first(i);
    break;
  }
  auto column = plain_column(tokens);
  if (!column) return std::nullopt;
  key.column = std::move(*column);
  return key;
}

std::vector<ColumnRef> columns_of(std::string_view text) { return columns_in(sql_tokens(text)); }

std::vector<std::string> bare_names_of(std::string_view text) {
  const std::vector<Token> tokens = sql_tokens(text);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const bool qualified = i > 0 && (tokens[i - 1].is_symbol(".") || tokens[i - 1].is_symbol("::"));
    const bool qualifies =
        i + 1 < tokens.size() && (tokens[i + 1].is_symbol(".") || tokens[i + 1].is_symbol("("));
    if (tokens[i].is_name() && !qualified && !qualifies) out.push_back(tokens[i].name());
  }
  return out;
}

}  // namespace trimtab::advise::postgresql
