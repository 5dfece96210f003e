// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace trimtab::report {

// Foreign text (labels, titles, names, notes) on its way to a reader. Every piece passes plain_text()
// first and then, where the format has a syntax of its own, that format's escape. JSON takes the raw
// text: JsonWriter escapes it.

inline constexpr std::size_t kForeignCharactersMax = 400;

// One line without power: bytes that are not UTF-8, control characters (ANSI escapes among them),
// bidirectional overrides and invisible characters become U+FFFD; white space becomes one space; text
// longer than characters_max code points is cut and ends in "…".
std::string plain_text(std::string_view foreign, std::size_t characters_max = kForeignCharactersMax);

// For HTML text and for double-quoted attribute values.
std::string html_text(std::string_view plain);

// For running Markdown text (GitHub, GitLab, Slack): no link, mention, emphasis, HTML or table cell
// can arise from it.
std::string markdown_text(std::string_view plain);
// As a code span; the fence is longer than any run of back-ticks inside.
std::string markdown_code(std::string_view plain);

// Columns a terminal gives the text: 0 for combining marks, 2 for East Asian wide and emoji, else 1.
std::size_t display_width(std::string_view plain);

// Reads one code point at `at` and moves past it; U+FFFD and one byte for bytes that are not UTF-8.
char32_t next_code_point(std::string_view text, std::size_t& at);
void append_utf8(std::string& out, char32_t code_point);

}  // namespace trimtab::report
