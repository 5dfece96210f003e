// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace trimtab::report {

enum class Ink { kNone, kBold, kDim, kRed, kYellow, kGreen };

// Splits at spaces into lines of at most `width` columns; a longer word is cut. Never returns an
// empty list.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

// A page for a terminal: lines of at most `width` columns, colour by ANSI only when asked for. Text
// given here must be plain (see escape.h).
class TextPage {
 public:
  TextPage(std::size_t width, bool colour) : width_(width), colour_(colour) {}

  std::string ink(std::string_view text, Ink ink) const;
  std::size_t width() const { return width_; }

  void blank();
  // Already composed and fitting; may hold ink.
  void line(std::string_view text);
  void paragraph(std::string_view text, std::size_t indent = 0, Ink ink = Ink::kNone);
  void heading(std::string_view text);
  // "  label    text wrapped below itself": the text starts at column `indent` + kLabelColumns.
  void labelled(std::string_view label, std::string_view text, std::size_t indent = 4, Ink ink = Ink::kNone);
  static constexpr std::size_t kLabelColumns = 9;

  const std::string& str() const { return out_; }

 private:
  std::size_t width_;
  bool colour_;
  std::string out_;
};

}  // namespace trimtab::report
