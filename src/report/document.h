// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trimtab::report {

// A page as headings, paragraphs, facts and tables, written once and rendered for each reader. All text given
// in is foreign until a renderer has escaped it.
struct Block {
  enum class Kind { kHeading, kParagraph, kItem, kFact, kTable, kTiles };
  Kind kind = Kind::kParagraph;
  std::string label;  // kFact, kItem (may be ""): set before the text
  std::string text;
  std::vector<std::string> columns;            // kTable; kTiles: the words under the numbers
  std::vector<std::vector<std::string>> rows;  // kTable; kTiles: one row, the numbers
};

class Document {
 public:
  explicit Document(std::string title) : title_(std::move(title)) {}

  void heading(std::string text);
  void paragraph(std::string text);
  void item(std::string label, std::string text);  // "R-12: Create an index ..."
  void fact(std::string label, std::string text);  // belongs to the item before it; nothing when text is ""
  void table(std::vector<std::string> columns, std::vector<std::vector<std::string>> rows);
  void tiles(std::vector<std::string> numbers, std::vector<std::string> words);

  const std::string& title() const { return title_; }
  const std::vector<Block>& blocks() const { return blocks_; }

 private:
  std::string title_;
  std::vector<Block> blocks_;
};

std::string document_text(const Document& document, std::size_t width, bool colour);
std::string document_markdown(const Document& document);
// One self-contained page, light and dark, in the brief's style.
std::string document_html(const Document& document);

}  // namespace trimtab::report
