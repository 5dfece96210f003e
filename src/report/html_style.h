// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace trimtab::report {

// The whole style of the page: light and dark, phone width, print. No url(), no import; the page has
// no style attributes, so a server may allow exactly this text by its hash.
std::string_view brief_css();

}  // namespace trimtab::report
