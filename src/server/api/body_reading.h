// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trimtab {

// A small JSON object of texts, {"state":"acknowledged","by":"ann"}. Errors: not JSON, not an object, a
// value that is not a text, a key not in `known`.
Result<std::map<std::string, std::string, std::less<>>> read_text_object(
    std::string_view body, std::initializer_list<std::string_view> known);

}  // namespace trimtab
