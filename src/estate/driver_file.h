// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/result.h"
#include "base/yaml.h"
#include "estate/growth_driver.h"

namespace trimtab {

// `drivers:` of an estate.yaml; an absent list: none.
Result<std::vector<GrowthDriver>> read_drivers(const Yaml& list);

}  // namespace trimtab
