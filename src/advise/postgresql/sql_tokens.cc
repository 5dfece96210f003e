// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/sql_tokens.h"

#include <algorithm>
#include <charconv>

namespace trimtab::advise::postgresql {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
// Bytes above ASCII belong to names, as for the server.
bool begins_word(char c) { return (lower(c) >= 'a' && lower(c) <= 'z') || c == '_' || (c & 0x80) != 0; }
bool in_word(char c) { return begins_word(c) || is_digit(c) || c == '$'; }
bool is_operator(char c) { return std::string_view("+-*/<>=~!@#%^&|`?").contains(c); }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    while (at_ < text_.size()) {
      if (!skip_blank()) take();
    }
    return std::move(out_);
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  bool skip_blank() {
    if (std::string_view(" \t\r\n\f\v").contains(peek())) {
      ++at_;
      return true;
    }
    if (peek() == '-' && peek(1) == '-') {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return true;
    }
    if (peek() == '/' && peek(1) == '*') {
      for (int depth = 0; at_ < text_.size();) {
        if (peek() == '/' && peek(1) == '*') {
          ++depth;
          at_ += 2;
        } else if (peek() == '*' && peek(1) == '/') {
          at_ += 2;
          if (--depth == 0) return true;
        } else {
          ++at_;
        }
      }
      at_ = text_.size();
      return true;
    }
    return false;
  }

  void put(TokenKind kind, std::size_t end) {
    end = std::min(end, text_.size());
    out_.push_back({kind, text_.substr(at_, end - at_), at_});
    at_ = end;
  }

  // First byte behind the closing quote; doubled quotes, and with `escapes` backslashes, stay inside.
  std::size_t quoted_end(std::size_t from, char quote, bool escapes) const {
    for (std::size_t i = from; i < text_.size(); ++i) {
      if (escapes && text_[i] == '\\') {
        ++i;
      } else if (text_[i] == quote) {
        if (i + 1 < text_.size() && text_[i + 1] == quote) {
          ++i;
        } else {
          return i + 1;
        }
      }
    }
    return text_.size();
  }

  void take_dollar() {
    std::size_t end = at_ + 1;
    if (is_digit(peek(1))) {
      while (end < text_.size() && is_digit(text_[end])) ++end;
      return put(TokenKind::kParameter, end);
    }
    while (end < text_.size() && in_word(text_[end]) && text_[end] != '$') ++end;
    if (end >= text_.size() || text_[end] != '$') return put(TokenKind::kSymbol, at_ + 1);
    const std::string_view tag = text_.substr(at_, end + 1 - at_);
    const std::size_t close = text_.find(tag, end + 1);
    put(TokenKind::kString, close == std::string_view::npos ? text_.size() : close + tag.size());
  }

  void take() {
    const char c = peek();
    if (c == '\'') return put(TokenKind::kString, quoted_end(at_ + 1, '\'', false));
    if (lower(c) == 'e' && peek(1) == '\'') return put(TokenKind::kString, quoted_end(at_ + 2, '\'', true));
    if (c == '"') return put(TokenKind::kQuoted, quoted_end(at_ + 1, '"', false));
    if (c == '$') return take_dollar();
    std::size_t end = at_ + 1;
    if (begins_word(c)) {
      while (end < text_.size() && in_word(text_[end])) ++end;
      return put(TokenKind::kWord, end);
    }
    if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
      while (end < text_.size() && (is_digit(text_[end]) || text_[end] == '.' || lower(text_[end]) == 'e'))
        ++end;
      return put(TokenKind::kNumber, end);
    }
    if (c == ':' && peek(1) == ':') return put(TokenKind::kSymbol, at_ + 2);
    if (is_operator(c)) {
      while (end < text_.size() && is_operator(text_[end]) && text_.substr(end, 2) != "--" &&
             text_.substr(end, 2) != "/*") {
        ++end;
      }
    }
    put(TokenKind::kSymbol, end);
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<Token> out_;
};

}  // namespace

bool Token::is_word(std::string_view lower_case) const {
  return kind == TokenKind::kWord && text.size() == lower_case.size() &&
         std::equal(text.begin(), text.end(), lower_case.begin(),
                    [](char a, char b) { return lower(a) == b; });
}

std::string Token::name() const {
  std::string out;
  if (kind == TokenKind::kWord) {
    for (const char c : text) out += lower(c);
  } else if (kind == TokenKind::kQuoted) {
    const std::size_t end = text.size() > 1 && text.back() == '"' ? text.size() - 1 : text.size();
    for (std::size_t i = 1; i < end; ++i) {
      out += text[i];
      if (text[i] == '"') ++i;
    }
  }
  return out;
}

int Token::parameter() const {
  int value = 0;
  if (kind != TokenKind::kParameter) return 0;
  const auto [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), value);
  return error == std::errc() && value <= kParameterMax ? value : 0;
}

std::vector<Token> sql_tokens(std::string_view text) { return Lexer(text).run(); }

}  // namespace trimtab::advise::postgresql
