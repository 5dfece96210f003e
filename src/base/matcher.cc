// SPDX-License-Identifier: Apache-2.0
#include "base/matcher.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>

namespace trimtab {
namespace {

// Splits "a|b|c" when no part holds a metacharacter; empty result otherwise.
std::vector<std::string> split_literals(std::string_view regex) {
  if (regex.find_first_of("\\.+*?()[]{}^$") != std::string_view::npos) return {};
  std::vector<std::string> out;
  std::size_t start = 0;
  while (true) {
    const std::size_t bar = regex.find('|', start);
    out.emplace_back(regex.substr(start, bar == std::string_view::npos ? bar : bar - start));
    if (bar == std::string_view::npos) return out;
    start = bar + 1;
  }
}

std::string_view op_text(MatchOp op) {
  switch (op) {
    case MatchOp::kEqual: return "=";
    case MatchOp::kNotEqual: return "!=";
    case MatchOp::kRegex: return "=~";
    case MatchOp::kNotRegex: return "!~";
  }
  return "?";
}

// Recursive-descent reader of one selector; positions are 1-based columns on line 1.
class SelectorReader {
 public:
  explicit SelectorReader(std::string_view text) : text_(text) {}

  Result<Matchers> read() {
    skip_space();
    if (const std::string name = bare_name(true); !name.empty()) {
      out_.push_back(Matcher::equal(kMetricName, name));
      skip_space();
    }
    if (peek() == '{') {
      ++at_;
      TRY(read_braces());
    }
    skip_space();
    if (at_ != text_.size()) return error(fmt::format("unexpected \"{}\" after the selector", text_.substr(at_, 10)));
    if (out_.empty() || std::all_of(out_.begin(), out_.end(), [](const Matcher& m) { return m.matches_empty(); })) {
      return error("a selector needs at least one matcher that does not match the empty string");
    }
    return std::move(out_);
  }

 private:
  Status read_braces() {
    while (true) {
      skip_space();
      if (peek() == '}') {
        ++at_;
        return ok();
      }
      const bool quoted = peek() == '"' || peek() == '\'';
      std::string name = quoted ? TRY(string()) : bare_name(false);
      if (name.empty()) return error("expected a label name");
      skip_space();
      if (quoted && (peek() == ',' || peek() == '}')) {
        out_.push_back(Matcher::equal(kMetricName, name));
      } else {
        const MatchOp op = TRY(read_op());
        skip_space();
        if (peek() != '"' && peek() != '\'') return error("expected a quoted value");
        std::string value = TRY(string());
        const std::size_t column = at_;
        auto matcher = Matcher::create(op, std::move(name), std::move(value));
        if (!matcher) return invalid(fmt::format("1:{}: {}", column, matcher.error().message()));
        out_.push_back(*std::move(matcher));
      }
      skip_space();
      if (peek() == ',') {
        ++at_;
      } else if (peek() != '}') {
        return error("expected \",\" or \"}\"");
      }
    }
  }

  Result<MatchOp> read_op() {
    for (const auto op : {MatchOp::kRegex, MatchOp::kNotRegex, MatchOp::kNotEqual, MatchOp::kEqual}) {
      if (text_.substr(at_).starts_with(op_text(op))) {
        at_ += op_text(op).size();
        return op;
      }
    }
    return error("expected one of = != =~ !~");
  }

  Result<std::string> string() {
    const char quote = text_[at_++];
    std::string out;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (text_[at_] != '\\') {
        out += text_[at_];
        continue;
      }
      if (++at_ == text_.size()) break;
      switch (text_[at_]) {
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        case '\\': case '"': case '\'': out += text_[at_]; break;
        default: return error(fmt::format("unknown escape \"\\{}\"", text_[at_]));
      }
    }
    if (at_ == text_.size()) return error("unterminated string");
    ++at_;
    return out;
  }

  std::string bare_name(bool colon) {
    const std::size_t start = at_;
    while (at_ < text_.size()) {
      const std::string_view so_far = text_.substr(start, at_ - start + 1);
      if (!(colon ? is_plain_metric_name(so_far) : is_plain_label_name(so_far))) break;
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }

  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n')) ++at_;
  }
  std::unexpected<Error> error(std::string_view what) const {
    return invalid(fmt::format("1:{}: {} in selector", at_ + 1, what));
  }

  std::string_view text_;
  std::size_t at_ = 0;
  Matchers out_;
};

}  // namespace

Result<Matcher> Matcher::create(MatchOp op, std::string name, std::string value) {
  Matcher matcher(op, std::move(name), std::move(value));
  if (op == MatchOp::kRegex || op == MatchOp::kNotRegex) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kRegexMemoryBytesMax);
    options.set_dot_nl(true);
    auto regex = std::make_shared<const RE2>(matcher.value_, options);
    if (!regex->ok()) {
      return invalid(fmt::format("regular expression \"{:.200}\": {:.200}", matcher.value_, regex->error()));
    }
    matcher.regex_ = std::move(regex);
    matcher.literals_ = split_literals(matcher.value_);
  }
  return matcher;
}

Matcher Matcher::equal(std::string_view name, std::string_view value) {
  return Matcher(MatchOp::kEqual, std::string(name), std::string(value));
}

bool Matcher::matches(std::string_view value) const {
  switch (op_) {
    case MatchOp::kEqual: return value == value_;
    case MatchOp::kNotEqual: return value != value_;
    case MatchOp::kRegex:
    case MatchOp::kNotRegex: {
      const bool full = literals_.empty() ? RE2::FullMatch(re2::StringPiece(value.data(), value.size()), *regex_)
                                          : std::find(literals_.begin(), literals_.end(), value) != literals_.end();
      return full == (op_ == MatchOp::kRegex);
    }
  }
  return false;
}

std::string Matcher::to_string() const {
  return (is_plain_label_name(name_) ? name_ : quote_label_value(name_)) + std::string(op_text(op_)) +
         quote_label_value(value_);
}

bool matches_all(const Matchers& matchers, const Labels& labels) {
  return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& m) { return m.matches(labels); });
}

Result<Matchers> parse_selector(std::string_view text) { return SelectorReader(text).read(); }

}  // namespace trimtab
