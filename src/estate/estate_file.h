// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "base/yaml.h"
#include "estate/estate.h"

namespace trimtab {

// Reads estate.yaml. Strict: an unknown key or a wrong value is an error with file and line.
// Format: docs/formats/estate.md.
Result<EstateParts> read_estate_file(const Yaml& file);
// A list of windows as `maintenance:` has them; an absent one: none.
Result<std::vector<MaintenanceWindow>> read_maintenance_windows(const Yaml& list);

inline constexpr std::size_t kEstateItemsMax = 100'000;  // entities, edges, windows, objectives: each
inline constexpr std::size_t kEstateTextBytesMax = 4096;

}  // namespace trimtab
