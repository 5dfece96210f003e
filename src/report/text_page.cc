// SPDX-License-Identifier: Apache-2.0
#include "report/text_page.h"

#include <algorithm>

#include "report/escape.h"

namespace trimtab::report {
namespace {

// Takes as many code points as fit; at least one, so that it always moves on.
std::string take_columns(std::string_view& word, std::size_t width) {
  std::size_t at = 0;
  while (at < word.size()) {
    std::size_t next = at;
    next_code_point(word, next);
    if (at > 0 && display_width(word.substr(0, next)) > width) break;
    at = next;
  }
  std::string part(word.substr(0, at));
  word.remove_prefix(at);
  return part;
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  width = std::max<std::size_t>(width, 1);
  std::vector<std::string> lines(1);
  std::size_t used = 0;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    std::string_view word = text.substr(0, space);
    text.remove_prefix(space == std::string_view::npos ? text.size() : space + 1);
    std::size_t word_width = display_width(word);
    if (used > 0 && used + 1 + word_width > width) {
      lines.emplace_back();
      used = 0;
    }
    while (word_width > width) {
      lines.back() += take_columns(word, width);
      lines.emplace_back();
      word_width = display_width(word);
    }
    if (used > 0) {
      lines.back() += ' ';
      ++used;
    }
    lines.back() += word;
    used += word_width;
  }
  return lines;
}

std::string TextPage::ink(std::string_view text, Ink ink) const {
  if (!colour_ || ink == Ink::kNone || text.empty()) return std::string(text);
  constexpr std::string_view kCodes[] = {"", "\x1b[1m", "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[32m"};
  return std::string(kCodes[static_cast<std::size_t>(ink)]) + std::string(text) + "\x1b[0m";
}

void TextPage::blank() {
  if (!out_.empty() && !out_.ends_with("\n\n")) out_ += '\n';
}

void TextPage::line(std::string_view text) {
  out_ += text;
  out_ += '\n';
}

void TextPage::paragraph(std::string_view text, std::size_t indent, Ink with) {
  const std::size_t room = width_ > indent + 10 ? width_ - indent : 10;
  for (const std::string& part : wrap(text, room)) line(std::string(indent, ' ') + ink(part, with));
}

void TextPage::heading(std::string_view text) {
  blank();
  const std::size_t used = display_width(text) + 1;
  std::string rule;
  for (std::size_t i = used; i < width_; ++i) rule += "─";
  line(ink(text, Ink::kBold) + " " + ink(rule, Ink::kDim));
}

void TextPage::labelled(std::string_view label, std::string_view text, std::size_t indent, Ink with) {
  if (text.empty()) return;
  const std::size_t start = indent + kLabelColumns;
  const std::vector<std::string> lines = wrap(text, width_ > start + 10 ? width_ - start : 10);
  const std::size_t used = display_width(label);
  const std::string gap(used < kLabelColumns ? kLabelColumns - used : 1, ' ');
  line(std::string(indent, ' ') + ink(label, Ink::kDim) + gap + ink(lines[0], with));
  for (std::size_t i = 1; i < lines.size(); ++i) line(std::string(start, ' ') + ink(lines[i], with));
}

}  // namespace trimtab::report
