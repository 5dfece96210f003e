// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "estate/catalog.h"

namespace trimtab {

// The entries of one catalogue file, one Signal per metric name or pattern, in file order. Strict: an
// unknown key or word is an error with file and line. Format: docs/formats/catalog.md.
Result<std::vector<Signal>> read_catalog_file(const Yaml& file, std::string_view file_name);

inline constexpr std::size_t kEntriesPerFileMax = 10'000;
inline constexpr std::size_t kConditionsPerEntryMax = 16;
inline constexpr std::size_t kCatalogTextBytesMax = 1024;

}  // namespace trimtab
