// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"

namespace re2 {
class RE2;
}

namespace trimtab {

enum class MatchOp { kEqual, kNotEqual, kRegex, kNotRegex };

// One condition on one label, with Prometheus' meaning: an absent label has the value "", regular
// expressions are RE2 and must match the whole value. Immutable and thread-safe once created.
class Matcher {
 public:
  // Errors: the regular expression does not parse or would exceed regex_memory_bytes_max compiled.
  static Result<Matcher> create(MatchOp op, std::string name, std::string value);
  static Matcher equal(std::string_view name, std::string_view value);

  bool matches(std::string_view value) const;
  bool matches(const Labels& labels) const { return matches(labels.get(name_)); }
  // True when a series without the label satisfies it: such a matcher can not narrow by postings.
  bool matches_empty() const { return matches(std::string_view{}); }

  MatchOp op() const { return op_; }
  const std::string& name() const { return name_; }
  const std::string& value() const { return value_; }
  // For kRegex that is a plain alternation of literals ("a|b|c"), those literals; else empty.
  const std::vector<std::string>& literals() const { return literals_; }
  std::string to_string() const;  // name=~"value"

  static constexpr std::int64_t kRegexMemoryBytesMax = 8 << 20;

 private:
  Matcher(MatchOp op, std::string name, std::string value) : op_(op), name_(std::move(name)), value_(std::move(value)) {}

  MatchOp op_;
  std::string name_;
  std::string value_;
  std::vector<std::string> literals_;
  std::shared_ptr<const re2::RE2> regex_;
};

using Matchers = std::vector<Matcher>;

bool matches_all(const Matchers& matchers, const Labels& labels);

// A series selector as in PromQL: name{a="b", c=~"d.*", "utf8.name"!="x"} or {"utf8.metric", ...}.
// Errors name the position ("1:14: ..."). At least one matcher must not match the empty string.
Result<Matchers> parse_selector(std::string_view text);

}  // namespace trimtab
