// SPDX-License-Identifier: Apache-2.0
#include "query/engine/label_functions.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/matcher.h"

namespace trimtab::promql {
namespace {

// Rows with other labels.
class RelabelledRows final : public RowSource {
 public:
  RelabelledRows(Rows rows, std::vector<Labels> labels)
      : rows_(std::move(rows)), labels_(std::move(labels)) {}
  std::size_t size() const override { return rows_->size(); }
  Labels labels(std::size_t row) const override { return labels_[row]; }
  Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const override {
    return rows_->compute(row, scratch, out);
  }

 private:
  Rows rows_;
  std::vector<Labels> labels_;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name(char c) { return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Puts the groups of a match in the place of $1, $name, ${name} and $$, as Go's Regexp.Expand does: the
// longest name counts, an unknown group is empty, a "$" before anything else stands for itself and ends the
// text's meaning there.
std::string expand(std::string_view text, const RE2& regex, std::span<const std::string_view> groups) {
  std::string out;
  std::size_t i = 0;
  while (i < text.size()) {
    if (text[i] != '$') {
      out += text[i++];
      continue;
    }
    ++i;
    if (i < text.size() && text[i] == '$') {
      out += '$';
      ++i;
      continue;
    }
    const bool braced = i < text.size() && text[i] == '{';
    std::size_t end = i + (braced ? 1 : 0);
    const std::size_t start = end;
    while (end < text.size() && is_name(text[end])) ++end;
    const std::string name(text.substr(start, end - start));
    if (name.empty() || (braced && (end == text.size() || text[end] != '}'))) {
      out += '$';  // not a group: as it stands
      continue;
    }
    i = end + (braced ? 1 : 0);
    std::size_t group = groups.size();
    if (std::all_of(name.begin(), name.end(), is_digit)) {
      if (name.size() <= 6) group = static_cast<std::size_t>(std::stoul(name));
    } else if (const auto it = regex.NamedCapturingGroups().find(name);
               it != regex.NamedCapturingGroups().end()) {
      group = static_cast<std::size_t>(it->second);
    }
    if (group < groups.size()) out += groups[group];
  }
  return out;
}

Status check_name(std::string_view function, std::string_view name, Span span, const Context& context) {
  if (!name.empty() && is_valid_utf8(name)) return ok();
  return invalid(fmt::format("{}: invalid destination label name in {}(): {}", context.place(span), function,
                             quote_label_value(name)));
}

}  // namespace

Result<Rows> label_replace(const LabelReplace& replace, const Rows& rows, Span span, const Grid& grid,
                           const Context& context) {
  RE2::Options options(RE2::Quiet);
  options.set_max_mem(Matcher::kRegexMemoryBytesMax);
  options.set_dot_nl(true);  // Prometheus: ^(?s:...)$
  const RE2 regex(replace.regex, options);
  if (!regex.ok()) {
    return invalid(fmt::format("{}: invalid regular expression in label_replace(): {}: {}",
                               context.place(span), quote_label_value(replace.regex), regex.error()));
  }
  TRY(check_name("label_replace", replace.to, span, context));
  const int count = regex.NumberOfCapturingGroups() + 1;
  std::vector<re2::StringPiece> pieces(static_cast<std::size_t>(count));
  std::vector<std::string_view> groups(pieces.size());
  std::vector<Labels> labels;
  labels.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    Labels now = rows->labels(row);
    const std::string_view value = now.get(replace.from);
    const re2::StringPiece input(value.data(), value.size());
    if (regex.Match(input, 0, value.size(), RE2::ANCHOR_BOTH, pieces.data(), count)) {
      for (std::size_t i = 0; i < pieces.size(); ++i) groups[i] = {pieces[i].data(), pieces[i].size()};
      now = now.with(replace.to, expand(replace.replacement, regex, groups));
    }
    labels.push_back(std::move(now));
  }
  return without_duplicates(std::make_shared<RelabelledRows>(rows, std::move(labels)), grid,
                            Duplicates::kRefuse, context);
}

Result<Rows> label_join(const LabelJoin& join, const Rows& rows, Span span, const Grid& grid,
                        const Context& context) {
  TRY(check_name("label_join", join.to, span, context));
  std::vector<Labels> labels;
  labels.reserve(rows->size());
  for (std::size_t row = 0; row < rows->size(); ++row) {
    const Labels now = rows->labels(row);
    std::string value;
    for (std::size_t i = 0; i < join.from.size(); ++i) {
      if (i > 0) value += join.separator;
      value += now.get(join.from[i]);
    }
    labels.push_back(now.with(join.to, value));
  }
  return without_duplicates(std::make_shared<RelabelledRows>(rows, std::move(labels)), grid,
                            Duplicates::kRefuse, context);
}

bool natural_less(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const auto number = [](std::string_view text, std::size_t& at) {
        while (at + 1 < text.size() && text[at] == '0' && is_digit(text[at + 1])) ++at;
        const std::size_t start = at;
        while (at < text.size() && is_digit(text[at])) ++at;
        return text.substr(start, at - start);
      };
      const std::string_view x = number(a, i);
      const std::string_view y = number(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
    } else {
      if (a[i] != b[j]) return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]);
      ++i;
      ++j;
    }
  }
  if ((a.size() - i) != (b.size() - j)) return a.size() - i < b.size() - j;
  return a < b;
}

}  // namespace trimtab::promql
