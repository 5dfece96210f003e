// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/config_syntax.h"

#include <fmt/format.h>

#include <algorithm>

namespace trimtab::advise::nginx {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  // Up to the '}' of the block it stands in, or to the end of the text at depth 0.
  Result<std::vector<Directive>> directives(std::size_t depth) {
    std::vector<Directive> out;
    for (;;) {
      skip_blanks_and_comments();
      if (at_ == text_.size()) {
        if (depth > 0) return error("a block is not closed");
        return out;
      }
      if (text_[at_] == '}') {
        if (depth == 0) return error("unexpected \"}\"");
        ++at_;
        return out;
      }
      out.push_back(TRY(directive(depth)));
    }
  }

 private:
  Result<Directive> directive(std::size_t depth) {
    Directive out;
    out.begin = at_;
    for (;;) {
      skip_blanks_and_comments();
      if (at_ == text_.size()) return error("a directive is not ended by \";\"");
      const char c = text_[at_];
      if (c == '}' || ((c == ';' || c == '{') && out.words.empty())) {
        return error(fmt::format("unexpected \"{}\"", c));
      }
      if (c != ';' && c != '{') {
        out.words.push_back(TRY(word()));
        continue;
      }
      ++at_;
      out.is_block = c == '{';
      if (!out.is_block) break;
      out.body = at_;
      if (depth + 1 > kBlockDepthMax) {
        return error(fmt::format("more than {} blocks in each other", kBlockDepthMax));
      }
      if (out.name().ends_with("_by_lua_block")) {
        TRY(skip_block());
      } else {
        out.inside = TRY(directives(depth + 1));
      }
      break;
    }
    out.end = at_;
    return out;
  }

  void skip_blanks_and_comments() {
    while (at_ < text_.size() && (is_blank(text_[at_]) || text_[at_] == '#')) {
      if (text_[at_] == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else {
        ++at_;
      }
    }
  }

  // Behind its '}', whatever stands inside.
  Status skip_block() {
    std::size_t open = 1;
    for (; at_ < text_.size(); ++at_) {
      if (text_[at_] == '{') ++open;
      if (text_[at_] == '}' && --open == 0) {
        ++at_;
        return ok();
      }
    }
    return error("a block is not closed");
  }

  Result<std::string> word() {
    const char quote = text_[at_] == '"' || text_[at_] == '\'' ? text_[at_] : '\0';
    if (quote != '\0') ++at_;
    std::string out;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\\' && at_ + 1 < text_.size()) {
        add_escaped(text_[++at_], out);
      } else if (quote != '\0' ? c == quote : ends_word(c)) {
        if (quote != '\0') ++at_;
        return out;
      } else {
        out += c;
      }
    }
    return error(quote != '\0' ? "a quote is not closed" : "a directive is not ended by \";\"");
  }

  // Of quotes, blanks and backslashes the backslash goes; before others (regular expressions) it stays.
  static void add_escaped(char c, std::string& out) {
    switch (c) {
      case 't': out += '\t'; break;
      case 'r': out += '\r'; break;
      case 'n': out += '\n'; break;
      case '"':
      case '\'':
      case '\\': out += c; break;
      default: (out += '\\') += c;
    }
  }

  // "${name}" is part of a word.
  bool ends_word(char c) const {
    return is_blank(c) || c == ';' || (c == '{' && (at_ == 0 || text_[at_ - 1] != '$'));
  }

  std::unexpected<Error> error(const std::string& what) const {
    const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n');
    return invalid(fmt::format("line {}: {}", line, what));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::vector<Directive>> parse_configuration(std::string_view text) {
  if (text.size() > kConfigBytesMax) {
    return fail(ErrorCode::kLimit,
                fmt::format("{} bytes of configuration; at most {}", text.size(), kConfigBytesMax));
  }
  return Parser(text).directives(0);
}

}  // namespace trimtab::advise::nginx
