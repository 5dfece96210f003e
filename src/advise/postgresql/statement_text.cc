// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/statement_text.h"

#include <algorithm>
#include <array>
#include <span>

#include "advise/postgresql/sql_tokens.h"

namespace trimtab::advise::postgresql {

namespace {

constexpr std::array<std::string_view, 6> kTypedLiterals = {"interval",    "date", "timestamp",
                                                            "timestamptz", "time", "timetz"};
constexpr std::array<std::string_view, 5> kAggregates = {"count", "sum", "min", "max", "avg"};

bool is_any(const Token& token, std::span<const std::string_view> words) {
  return std::ranges::any_of(words, [&](std::string_view word) { return token.is_word(word); });
}

StatementKind verb_of(const Token& token) {
  if (token.is_word("select")) return StatementKind::kSelect;
  if (token.is_word("insert")) return StatementKind::kInsert;
  if (token.is_word("update")) return StatementKind::kUpdate;
  if (token.is_word("delete")) return StatementKind::kDelete;
  return StatementKind::kOther;
}

// Index of the main verb: the first token, or behind the queries of WITH.
std::size_t find_verb(const std::vector<Token>& tokens) {
  if (tokens.empty() || !tokens[0].is_word("with")) return 0;
  int depth = 0;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    if (tokens[i].is_symbol("(")) ++depth;
    if (tokens[i].is_symbol(")")) --depth;
    if (depth == 0 && verb_of(tokens[i]) != StatementKind::kOther) return i;
  }
  return tokens.size();
}

void read_written_table(const std::vector<Token>& tokens, std::size_t at, StatementText& out) {
  while (at < tokens.size() &&
         (tokens[at].is_word("into") || tokens[at].is_word("from") || tokens[at].is_word("only"))) {
    ++at;
  }
  if (at >= tokens.size() || !tokens[at].is_name()) return;
  out.write_table = tokens[at].name();
  if (at + 2 < tokens.size() && tokens[at + 1].is_symbol(".") && tokens[at + 2].is_name()) {
    out.write_schema = std::move(out.write_table);
    out.write_table = tokens[at + 2].name();
  }
}

// "a = 1, b = (..)" and "(a, b) = (..)" behind SET, up to FROM, WHERE or RETURNING.
void read_set_columns(const std::vector<Token>& tokens, std::size_t at, StatementText& out) {
  int depth = 0;
  bool before_sign = true;
  for (; at < tokens.size(); ++at) {
    const Token& token = tokens[at];
    if (token.is_symbol("(")) ++depth;
    if (token.is_symbol(")")) --depth;
    if (depth == 0 && (token.is_word("from") || token.is_word("where") || token.is_word("returning"))) return;
    if (depth == 0 && token.is_symbol("=")) before_sign = false;
    if (depth == 0 && token.is_symbol(",")) before_sign = true;
    if (before_sign && token.is_name()) out.set_columns.push_back(token.name());
  }
}

// Turns `interval $1` around; every other byte stays.
std::string make_preparable(std::string_view text, const std::vector<Token>& tokens) {
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (tokens[i + 1].kind != TokenKind::kParameter || !is_any(tokens[i], kTypedLiterals)) continue;
    // In "x::interval $1" or "a.date $1" the word is no literal's type.
    if (i > 0 && (tokens[i - 1].is_symbol("::") || tokens[i - 1].is_symbol("."))) continue;
    out += text.substr(copied, tokens[i].at - copied);
    out.append(tokens[i + 1].text).append("::").append(tokens[i].text);
    copied = tokens[i + 1].at + tokens[i + 1].text.size();
  }
  out += text.substr(std::min(copied, text.size()));
  return out;
}

void read_clauses(const std::vector<Token>& tokens, std::size_t at, StatementText& out) {
  int depth = 0;
  for (; at < tokens.size(); ++at) {
    const Token& token = tokens[at];
    if (token.is_symbol("(")) ++depth;
    if (token.is_symbol(")")) --depth;
    if (depth != 0) continue;
    const bool call = at + 1 < tokens.size() && tokens[at + 1].is_symbol("(");
    if (token.is_word("limit") || token.is_word("fetch")) out.has_limit = true;
    if (token.is_word("offset")) out.has_offset = true;
    if (token.is_word("order")) out.has_order = true;
    if (token.is_word("where")) out.has_where = true;
    if (token.is_word("group") || (call && is_any(token, kAggregates))) out.has_aggregate = true;
    if (out.kind == StatementKind::kUpdate && token.is_word("set") && out.set_columns.empty()) {
      read_set_columns(tokens, at + 1, out);
    }
  }
}

}  // namespace

StatementText read_statement(std::string_view text) {
  StatementText out;
  const std::vector<Token> tokens = sql_tokens(text);
  out.is_ours = text.contains(kOwnMark);
  for (const Token& token : tokens) out.parameters = std::max(out.parameters, token.parameter());
  const std::size_t verb = find_verb(tokens);
  if (verb >= tokens.size()) return out;
  out.kind = verb_of(tokens[verb]);
  if (out.kind == StatementKind::kOther) return out;
  out.preparable = make_preparable(text, tokens);
  if (out.kind != StatementKind::kSelect) read_written_table(tokens, verb + 1, out);
  read_clauses(tokens, verb, out);
  return out;
}

}  // namespace trimtab::advise::postgresql
