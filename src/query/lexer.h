// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "query/ast.h"

namespace trimtab::promql {

enum class TokenKind {
  kEnd, kIdentifier, kNumber, kDuration, kString,
  kLeftParen, kRightParen, kLeftBrace, kRightBrace, kLeftBracket, kRightBracket,
  kComma, kColon, kAt,
  kAssign, kNotEqual, kRegex, kNotRegex,            // inside braces: = != =~ !~ ; kNotEqual also outside
  kAdd, kSub, kMul, kDiv, kMod, kPow,
  kEqual, kGreater, kLess, kGreaterEqual, kLessEqual,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  Span span;
  std::string_view text;   // as written
  std::string string;      // for kString: unescaped
  double number = 0;       // for kNumber; seconds for kDuration
  DurationMs duration_ms = 0;
};

// Cuts a query into tokens on demand. Keywords are identifiers; the parser knows which words matter
// where. Numbers: decimal, exponent, hexadecimal, octal with a leading 0, underscores between digits,
// Inf and NaN in any case; durations: 1h30m. Strings with Go's escapes, raw in backticks.
class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Result<Token> next();

  // "line:column" of a byte offset, both counted from 1.
  static std::string position(std::string_view text, std::size_t offset);

 private:
  void skip_blank();
  Result<Token> number_or_duration();
  Result<Token> string();
  Token token(TokenKind kind, std::size_t length);
  std::unexpected<Error> error(std::size_t at, std::string what) const;

  std::string_view text_;
  std::size_t at_ = 0;
  bool in_brackets_ = false;
};

}  // namespace trimtab::promql
