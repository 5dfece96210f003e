// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace trimtab::advise::nginx {

// One directive as it is written: "gzip on;" or "server { ... }". Positions are bytes of its file.
struct Directive {
  std::vector<std::string> words;  // the name first; quotes and escapes are taken off; never empty
  bool is_block = false;
  std::size_t begin = 0;          // of the name
  std::size_t body = 0;           // behind the '{' of a block
  std::size_t end = 0;            // behind the ';' or the '}'
  std::size_t file = 0;           // index into Configuration::files; 0 from parse_configuration()
  std::vector<Directive> inside;  // of a block
  const std::string& name() const { return words.front(); }
};

// nginx' configuration syntax (nginx.org/en/docs/beginners_guide.html#conf_structure): words separated by
// blanks, ended by ';' or followed by a block; words in quotes, escapes, ${names}, comments. Bodies of
// *_by_lua_block, which are another language, are skipped over by their braces. What the words mean is not
// checked. Errors (kInvalid) name the line: an unfinished directive, block or quote, a '}' or ';' too many,
// more than kBlockDepthMax blocks in each other; kLimit: over kConfigBytesMax.
Result<std::vector<Directive>> parse_configuration(std::string_view text);

inline constexpr std::size_t kBlockDepthMax = 32;
inline constexpr std::size_t kConfigBytesMax = 4 << 20;  // of all files together

}  // namespace trimtab::advise::nginx
