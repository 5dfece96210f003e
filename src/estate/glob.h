// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trimtab {

// '*' stands for any bytes, none included; everything else for itself. The whole text must match.
// Cost: at most pattern size x text size, no recursion.
bool glob_match(std::string_view pattern, std::string_view text);
// Whether one of them matches; no patterns match everything.
bool glob_match_any(const std::vector<std::string>& patterns, std::string_view text);

// What stands before the first '*'; the whole pattern when there is none.
inline std::string_view glob_prefix(std::string_view pattern) { return pattern.substr(0, pattern.find('*')); }
inline bool is_glob(std::string_view pattern) { return pattern.find('*') != std::string_view::npos; }

}  // namespace trimtab
