// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trimtab::advise::postgresql {

enum class TokenKind {
  kWord,       // select, orders
  kQuoted,     // "Odd Name", quotes included
  kParameter,  // $1
  kString,     // 'it''s', E'\n', $tag$...$tag$
  kNumber,     // 1, 1.5e3
  kSymbol,     // ( ) , . ; [ ] :: or a run of operator characters: <=, ~~*
};

// A piece of SQL text; views into the text it was cut from.
struct Token {
  TokenKind kind = TokenKind::kSymbol;
  std::string_view text;
  std::size_t at = 0;  // of its first byte

  bool is_symbol(std::string_view symbol) const { return kind == TokenKind::kSymbol && text == symbol; }
  bool is_word(std::string_view lower_case) const;  // ASCII case does not matter
  bool is_name() const { return kind == TokenKind::kWord || kind == TokenKind::kQuoted; }
  std::string name() const;  // the identifier meant: quotes off, or folded to lower case
  int parameter() const;     // 3 of $3; 0 for other tokens and numbers above kParameterMax
};

inline constexpr int kParameterMax = 65535;  // of the wire protocol

// Cuts SQL as PostgreSQL does with standard_conforming_strings (manual, 4.1): comments are dropped, what is
// never closed runs to the end. Total over any bytes; linear time.
std::vector<Token> sql_tokens(std::string_view text);

}  // namespace trimtab::advise::postgresql
