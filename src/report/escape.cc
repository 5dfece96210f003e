// SPDX-License-Identifier: Apache-2.0
#include "report/escape.h"

#include <algorithm>

namespace trimtab::report {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_space(char32_t c) {
  return c == ' ' || (c >= 0x09 && c <= 0x0D) || c == 0x85 || c == 0xA0 || c == 0x2028 || c == 0x2029;
}

// Characters that act on the text around them or cannot be seen.
bool is_powerful(char32_t c) {
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return true;      // C0, DEL, C1
  if (c >= 0x200B && c <= 0x200F) return true;               // zero width, direction marks
  if (c >= 0x202A && c <= 0x202E) return true;               // bidirectional embedding, override
  if (c >= 0x2060 && c <= 0x206F) return true;               // joiners, isolates
  if (c == 0xAD || c == 0x061C || c == 0xFEFF) return true;  // soft hyphen, ALM, BOM
  if (c >= 0xFFF9 && c <= 0xFFFB) return true;               // interlinear annotation
  return c >= 0xE0000 && c <= 0xE007F;                       // tags
}

bool is_combining(char32_t c) {
  return (c >= 0x0300 && c <= 0x036F) || (c >= 0x1AB0 && c <= 0x1AFF) || (c >= 0x20D0 && c <= 0x20FF) ||
         (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFE20 && c <= 0xFE2F);
}

bool is_wide(char32_t c) {
  return (c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF) || (c >= 0xAC00 && c <= 0xD7A3) ||
         (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
         (c >= 0x1F300 && c <= 0x1FAFF) || (c >= 0x20000 && c <= 0x3FFFD);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(at);
  std::size_t more = 0;
  char32_t value = 0;
  char32_t least = 0;
  if (lead < 0x80) {
    ++at;
    return lead;
  }
  if (lead >= 0xC2 && lead <= 0xDF) {
    more = 1, value = lead & 0x1Fu, least = 0x80;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    more = 2, value = lead & 0x0Fu, least = 0x800;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    more = 3, value = lead & 0x07u, least = 0x10000;
  }
  if (more == 0 || at + more >= text.size()) {
    ++at;
    return kReplacement;
  }
  for (std::size_t i = 1; i <= more; ++i) {
    if ((byte(at + i) & 0xC0u) != 0x80u) {
      ++at;
      return kReplacement;
    }
    value = (value << 6) | (byte(at + i) & 0x3Fu);
  }
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    ++at;
    return kReplacement;
  }
  at += more + 1;
  return value;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](char32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | (c >> 6));
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3F));
    put(0x80 | ((c >> 6) & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

std::string plain_text(std::string_view foreign, std::size_t characters_max) {
  std::string out;
  std::size_t count = 0;
  bool space_due = false;
  for (std::size_t at = 0; at < foreign.size();) {
    const char32_t c = next_code_point(foreign, at);
    if (is_space(c)) {
      space_due = !out.empty();
      continue;
    }
    if (count + (space_due ? 1 : 0) >= characters_max) {
      out += "…";
      return out;
    }
    if (space_due) {
      out += ' ';
      ++count;
      space_due = false;
    }
    append_utf8(out, is_powerful(c) ? kReplacement : c);
    ++count;
  }
  return out;
}

std::string html_text(std::string_view plain) {
  std::string out;
  out.reserve(plain.size() + plain.size() / 8);
  for (const char c : plain) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string markdown_text(std::string_view plain) {
  constexpr std::string_view kSyntax = "\\`*_{}[]|~!";
  std::string out;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    const char next = i + 1 < plain.size() ? plain[i + 1] : '\0';
    const char last = i > 0 ? plain[i - 1] : '\0';
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (kSyntax.find(c) != std::string_view::npos) {
      out += '\\';
      out += c;
    } else if (c == ':' && next == '/') {
      out += "\\:";  // no automatic link
    } else if (c == '.' && (last == 'w' || last == 'W')) {
      out += "\\.";  // nor from "www."
    } else if (c == '@') {
      out += "@\u2060";  // no mention: a word joiner stands between the sign and the name
    } else if (c == '#') {
      out += is_digit(next) ? "\\#\u2060" : "\\#";  // neither a heading nor an issue number
    } else if ((c == '-' || c == '+' || c == '=') && i == 0) {
      out += '\\';  // not a list or an underlined heading
      out += c;
    } else if ((c == '.' || c == ')') && (next == ' ' || next == '\0') && i > 0 && is_digit(last) &&
               std::all_of(plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(i), is_digit)) {
      out += '\\';  // not a numbered list
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

std::string markdown_code(std::string_view plain) {
  std::size_t longest = 0;
  std::size_t run = 0;
  for (const char c : plain) {
    run = c == '`' ? run + 1 : 0;
    longest = std::max(longest, run);
  }
  const std::string fence(longest + 1, '`');
  const bool pad = plain.empty() || plain.front() == '`' || plain.back() == '`';
  return fence + (pad ? " " : "") + std::string(plain) + (pad ? " " : "") + fence;
}

std::size_t display_width(std::string_view plain) {
  std::size_t width = 0;
  for (std::size_t at = 0; at < plain.size();) {
    const char32_t c = next_code_point(plain, at);
    if (!is_combining(c) && c != 0x2060) width += is_wide(c) ? 2 : 1;
  }
  return width;
}

}  // namespace trimtab::report
