// SPDX-License-Identifier: Apache-2.0
#include "report/document.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "report/escape.h"
#include "report/html_style.h"
#include "report/text_page.h"

namespace trimtab::report {

namespace {

using Kind = Block::Kind;

constexpr std::size_t kCellColumnsMax = 44;

std::string plain(std::string_view foreign) { return plain_text(foreign); }

std::vector<std::size_t> column_widths(const Block& table) {
  std::vector<std::size_t> widths;
  for (const std::string& column : table.columns) widths.push_back(display_width(plain(column)));
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], display_width(plain(row[i])));
  }
  for (std::size_t& width : widths) width = std::min(width, kCellColumnsMax);
  return widths;
}

// The last column is not cut: what does not fit is continued by the terminal.
std::string text_row(const std::vector<std::string>& cells, const std::vector<std::size_t>& widths) {
  std::string line = "  ";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const bool last = i + 1 == cells.size();
    const std::string cell = last ? plain(cells[i]) : plain_text(cells[i], widths[i]);
    line += cell;
    if (!last) line.append(widths[i] + 2 - std::min(widths[i], display_width(cell)), ' ');
  }
  return line;
}

void text_table(TextPage& page, const Block& table) {
  const auto widths = column_widths(table);
  page.line(page.ink(text_row(table.columns, widths), Ink::kDim));
  for (const auto& row : table.rows) page.line(text_row(row, widths));
}

std::string h(std::string_view foreign) { return html_text(plain(foreign)); }
std::string md(std::string_view foreign) { return markdown_text(plain(foreign)); }

std::string html_table(const Block& table) {
  std::string out = R"(<div class="scroll"><table><thead><tr>)";
  for (const std::string& column : table.columns) out += fmt::format("<th scope=\"col\">{}</th>", h(column));
  out += "</tr></thead><tbody>";
  for (const auto& row : table.rows) {
    out += "<tr>";
    for (const std::string& cell : row) out += fmt::format("<td>{}</td>", h(cell));
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

std::string html_tiles(const Block& tiles) {
  std::string out = R"(<ul class="tiles">)";
  for (std::size_t i = 0; i < tiles.columns.size(); ++i) {
    out += fmt::format("<li><b>{}</b><span>{}</span></li>", h(tiles.rows[0][i]), h(tiles.columns[i]));
  }
  return out + "</ul>";
}

std::string markdown_table(const Block& table) {
  std::string out = "|";
  for (const std::string& column : table.columns) out += fmt::format(" {} |", md(column));
  out += "\n|";
  for (std::size_t i = 0; i < table.columns.size(); ++i) out += "---|";
  for (const auto& row : table.rows) {
    out += "\n|";
    for (const std::string& cell : row) out += fmt::format(" {} |", md(cell));
  }
  return out + "\n";
}

constexpr std::string_view kPageCss =
    "table{border-collapse:collapse;width:100%;font-size:.9375rem}"
    "th{text-align:left;font-weight:600;color:var(--soft);font-size:.8125rem}"
    "th,td{padding:.45rem .9rem .45rem 0;border-bottom:1px solid var(--rule);vertical-align:top}"
    ".scroll{overflow-x:auto;margin:0 0 1.5rem}";

}  // namespace

void Document::heading(std::string text) { blocks_.push_back({Kind::kHeading, "", std::move(text), {}, {}}); }
void Document::paragraph(std::string text) {
  if (!text.empty()) blocks_.push_back({Kind::kParagraph, "", std::move(text), {}, {}});
}
void Document::item(std::string label, std::string text) {
  blocks_.push_back({Kind::kItem, std::move(label), std::move(text), {}, {}});
}
void Document::fact(std::string label, std::string text) {
  if (!text.empty()) blocks_.push_back({Kind::kFact, std::move(label), std::move(text), {}, {}});
}
void Document::table(std::vector<std::string> columns, std::vector<std::vector<std::string>> rows) {
  for (const auto& row : rows) CHECK(row.size() == columns.size(), "{} cells", row.size());
  if (!rows.empty()) blocks_.push_back({Kind::kTable, "", "", std::move(columns), std::move(rows)});
}
void Document::tiles(std::vector<std::string> numbers, std::vector<std::string> words) {
  CHECK(numbers.size() == words.size(), "{} numbers", numbers.size());
  blocks_.push_back({Kind::kTiles, "", "", std::move(words), {std::move(numbers)}});
}

std::string document_text(const Document& document, std::size_t width, bool colour) {
  TextPage page(width, colour);
  page.paragraph(plain(document.title()), 0, Ink::kBold);
  for (const Block& block : document.blocks()) {
    switch (block.kind) {
      case Kind::kHeading:
        page.blank();
        page.heading(plain(block.text));
        break;
      case Kind::kParagraph: page.paragraph(plain(block.text), 2); break;
      case Kind::kItem:
        page.blank();
        page.paragraph(
            block.label.empty() ? plain(block.text) : plain(block.label) + "  " + plain(block.text), 2,
            Ink::kBold);
        break;
      case Kind::kFact: page.labelled(plain(block.label), plain(block.text)); break;
      case Kind::kTable: text_table(page, block); break;
      case Kind::kTiles:
        for (std::size_t i = 0; i < block.columns.size(); ++i) {
          page.line(fmt::format("  {:>10}  {}", plain(block.rows[0][i]), plain(block.columns[i])));
        }
        break;
    }
  }
  return page.str();
}

std::string document_markdown(const Document& document) {
  std::string out = fmt::format("# {}\n", md(document.title()));
  Kind before = Kind::kHeading;
  for (const Block& block : document.blocks()) {
    const bool in_list = block.kind == Kind::kFact && (before == Kind::kFact || before == Kind::kItem);
    if (!in_list) out += "\n";
    switch (block.kind) {
      case Kind::kHeading: out += fmt::format("## {}\n", md(block.text)); break;
      case Kind::kParagraph: out += md(block.text) + "\n"; break;
      case Kind::kItem:
        out += fmt::format("### {}{}\n\n", block.label.empty() ? "" : md(block.label) + ": ", md(block.text));
        break;
      case Kind::kFact: out += fmt::format("- **{}:** {}\n", md(block.label), md(block.text)); break;
      case Kind::kTable: out += markdown_table(block); break;
      case Kind::kTiles:
        for (std::size_t i = 0; i < block.columns.size(); ++i) {
          out += fmt::format("- **{}** {}\n", md(block.rows[0][i]), md(block.columns[i]));
        }
        break;
    }
    before = block.kind;
  }
  return out;
}

std::string document_html(const Document& document) {
  std::string out = fmt::format(
      R"(<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>{0}</title><style>{1}{2}</style></head><body><div class="wrap"><div class="top"><div class="brand"><span>Trimtab</span></div></div><main><div class="verdict"><h1>{0}</h1></div>)",
      h(document.title()), brief_css(), kPageCss);
  bool card = false;
  bool facts = false;
  const auto close = [&](bool also_card) {
    if (facts) out += "</dl>";
    facts = false;
    if (card && also_card) {
      out += "</article>";
      card = false;
    }
  };
  for (const Block& block : document.blocks()) {
    if (block.kind != Kind::kFact) close(true);
    switch (block.kind) {
      case Kind::kHeading: out += fmt::format("<h2>{}</h2>", h(block.text)); break;
      case Kind::kParagraph: out += fmt::format("<p>{}</p>", h(block.text)); break;
      case Kind::kItem:
        out += fmt::format(R"(<article class="card"><header><h3>{}</h3><span class="id">{}</span></header>)",
                           h(block.text), h(block.label));
        card = true;
        break;
      case Kind::kFact:
        if (!facts) out += R"(<dl class="facts">)";
        facts = true;
        out += fmt::format("<dt>{}</dt><dd>{}</dd>", h(block.label), h(block.text));
        break;
      case Kind::kTable: out += html_table(block); break;
      case Kind::kTiles: out += html_tiles(block); break;
    }
  }
  close(true);
  return out + "</main></div></body></html>\n";
}

}  // namespace trimtab::report
