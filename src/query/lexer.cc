// SPDX-License-Identifier: Apache-2.0
#include "query/lexer.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>

namespace trimtab::promql {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

bool equals_ignoring_case(std::string_view a, std::string_view lower) {
  if (a.size() != lower.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const char c = a[i] >= 'A' && a[i] <= 'Z' ? static_cast<char>(a[i] + 32) : a[i];
    if (c != lower[i]) return false;
  }
  return true;
}

// Go's strconv.ParseInt(text, 0, 64), else ParseFloat: that is how Prometheus reads a number.
bool parse_number(std::string_view text, double& out) {
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      digits += text[i];
    } else if (i == 0 || i + 1 == text.size() || !is_hex(text[i - 1]) || !is_hex(text[i + 1])) {
      return false;
    }
  }
  const char* begin = digits.data();
  const char* end = begin + digits.size();
  std::int64_t integer = 0;
  int base = 10;
  if (digits.size() > 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
    base = 16;
    begin += 2;
  } else if (digits.size() > 1 && digits[0] == '0') {
    base = 8;
    begin += 1;
  }
  if (const auto r = std::from_chars(begin, end, integer, base); r.ec == std::errc() && r.ptr == end) {
    out = static_cast<double>(integer);
    return true;
  }
  if (base == 16) return false;
  const auto r = std::from_chars(digits.data(), end, out);
  if (r.ec == std::errc::result_out_of_range) return false;
  return r.ec == std::errc() && r.ptr == end;
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | code >> 18);
    out += static_cast<char>(0x80 | (code >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

struct Punctuation {
  std::string_view text;
  TokenKind kind;
};
// Longest first where one starts another.
constexpr Punctuation kPunctuation[] = {
    {"=~", TokenKind::kRegex},     {"==", TokenKind::kEqual},        {"!~", TokenKind::kNotRegex},
    {"!=", TokenKind::kNotEqual},  {">=", TokenKind::kGreaterEqual}, {"<=", TokenKind::kLessEqual},
    {"=", TokenKind::kAssign},     {">", TokenKind::kGreater},       {"<", TokenKind::kLess},
    {"(", TokenKind::kLeftParen},  {")", TokenKind::kRightParen},    {"{", TokenKind::kLeftBrace},
    {"}", TokenKind::kRightBrace}, {"[", TokenKind::kLeftBracket},   {"]", TokenKind::kRightBracket},
    {",", TokenKind::kComma},      {":", TokenKind::kColon},         {"@", TokenKind::kAt},
    {"+", TokenKind::kAdd},        {"-", TokenKind::kSub},           {"*", TokenKind::kMul},
    {"/", TokenKind::kDiv},        {"%", TokenKind::kMod},           {"^", TokenKind::kPow},
};

}  // namespace

std::string Lexer::position(std::string_view text, std::size_t offset) {
  std::size_t line = 1;
  std::size_t line_start = 0;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      line_start = i + 1;
    }
  }
  return fmt::format("{}:{}", line, offset - line_start + 1);
}

std::unexpected<Error> Lexer::error(std::size_t at, std::string what) const {
  return invalid(fmt::format("{}: parse error: {}", position(text_, at), what));
}

void Lexer::skip_blank() {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '#') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      ++at_;
    } else {
      return;
    }
  }
}

Token Lexer::token(TokenKind kind, std::size_t length) {
  if (kind == TokenKind::kLeftBracket || kind == TokenKind::kRightBracket) {
    in_brackets_ = kind == TokenKind::kLeftBracket;
  }
  Token out;
  out.kind = kind;
  out.span = {at_, at_ + length};
  out.text = text_.substr(at_, length);
  at_ += length;
  return out;
}

Result<Token> Lexer::next() {
  skip_blank();
  if (at_ >= text_.size()) return token(TokenKind::kEnd, 0);
  const char c = text_[at_];
  if (c == '"' || c == '\'' || c == '`') return string();
  if (is_digit(c) || (c == '.' && at_ + 1 < text_.size() && is_digit(text_[at_ + 1])))
    return number_or_duration();
  // A recording rule's name may start with a colon; inside brackets a colon stands before a subquery's step.
  if (is_letter(c) || (c == ':' && !in_brackets_)) {
    std::size_t length = 1;
    while (at_ + length < text_.size()) {
      const char d = text_[at_ + length];
      if (!is_letter(d) && !is_digit(d) && d != ':') break;
      ++length;
    }
    Token out = token(TokenKind::kIdentifier, length);
    if (equals_ignoring_case(out.text, "inf") || equals_ignoring_case(out.text, "nan")) {
      out.kind = TokenKind::kNumber;
      out.number = equals_ignoring_case(out.text, "inf") ? std::numeric_limits<double>::infinity()
                                                         : std::numeric_limits<double>::quiet_NaN();
    }
    return out;
  }
  for (const Punctuation& p : kPunctuation) {
    if (text_.substr(at_).starts_with(p.text)) return token(p.kind, p.text.size());
  }
  return error(at_, fmt::format("unexpected character: {}", quote_label_value(text_.substr(at_, 1))));
}

Result<Token> Lexer::number_or_duration() {
  std::size_t length = 0;
  const auto peek = [&](std::size_t i) { return at_ + i < text_.size() ? text_[at_ + i] : '\0'; };
  const bool hex = peek(0) == '0' && (peek(1) == 'x' || peek(1) == 'X');
  if (hex) {
    length = 2;
    while (is_hex(peek(length)) || peek(length) == '_') ++length;
  } else {
    while (is_digit(peek(length)) || peek(length) == '_') ++length;
    // A unit right behind whole digits makes it a duration: "5m", "1h30m", "100ms".
    const char unit = peek(length);
    if (is_letter(unit) && unit != '_' && unit != 'e' && unit != 'E') {
      while (is_letter(peek(length)) || is_digit(peek(length))) ++length;
      const auto duration = parse_duration(text_.substr(at_, length));
      if (!duration)
        return error(at_, fmt::format("bad number or duration syntax: {}",
                                      quote_label_value(text_.substr(at_, length))));
      Token out = token(TokenKind::kDuration, length);
      out.duration_ms = *duration;
      out.number = static_cast<double>(*duration) / 1000.0;
      return out;
    }
    if (peek(length) == '.') {
      ++length;
      while (is_digit(peek(length)) || peek(length) == '_') ++length;
    }
    if (peek(length) == 'e' || peek(length) == 'E') {
      ++length;
      if (peek(length) == '+' || peek(length) == '-') ++length;
      while (is_digit(peek(length)) || peek(length) == '_') ++length;
    }
  }
  std::size_t tail = length;
  while (is_letter(peek(tail)) || is_digit(peek(tail))) ++tail;
  double value = 0;
  if (tail != length || !parse_number(text_.substr(at_, length), value)) {
    return error(
        at_, fmt::format("bad number or duration syntax: {}", quote_label_value(text_.substr(at_, tail))));
  }
  Token out = token(TokenKind::kNumber, length);
  out.number = value;
  return out;
}

Result<Token> Lexer::string() {
  const std::size_t start = at_;
  const char quote = text_[at_];
  std::string value;
  std::size_t i = at_ + 1;
  for (; i < text_.size() && text_[i] != quote; ++i) {
    if (quote == '`' || text_[i] != '\\') {
      if (quote != '`' && text_[i] == '\n') return error(start, "unterminated quoted string");
      value += text_[i];
      continue;
    }
    if (++i >= text_.size()) break;
    const char c = text_[i];
    const std::size_t hex_digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (hex_digits > 0 || (c >= '0' && c <= '7')) {
      const std::size_t first = hex_digits > 0 ? i + 1 : i;
      const std::size_t count = hex_digits > 0 ? hex_digits : 3;
      std::uint32_t code = 0;
      if (first + count > text_.size()) break;
      const auto r =
          std::from_chars(text_.data() + first, text_.data() + first + count, code, hex_digits > 0 ? 16 : 8);
      const bool whole = r.ec == std::errc() && r.ptr == text_.data() + first + count;
      const bool scalar = code <= 0x10FFFF && !(code >= 0xD800 && code < 0xE000);
      if (!whole || (hex_digits > 2 && !scalar) || (hex_digits == 0 && code > 255)) {
        return error(i - 1, "invalid escape sequence in string");
      }
      if (hex_digits > 2) {
        append_utf8(value, code);
      } else {
        value += static_cast<char>(code);
      }
      i = first + count - 1;
      continue;
    }
    constexpr std::string_view kNames = "abfnrtv\\";
    constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\";
    if (const auto at = kNames.find(c); at != std::string_view::npos) {
      value += kValues[at];
    } else if (c == quote) {
      value += c;
    } else {
      return error(i - 1, fmt::format("unknown escape sequence \\{} in string", c));
    }
  }
  if (i >= text_.size()) return error(start, "unterminated quoted string");
  Token out = token(TokenKind::kString, i + 1 - start);
  out.string = std::move(value);
  return out;
}

}  // namespace trimtab::promql
