// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace trimtab {

// Of the whole product; CMakeLists.txt holds the same number and a test compares them.
inline constexpr std::string_view kTrimtabVersion = "0.1.0";

}  // namespace trimtab
