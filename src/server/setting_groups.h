// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "server/settings.h"

namespace trimtab {

// Parts of the registry that stand in files of their own.
std::vector<Setting> query_settings();

}  // namespace trimtab
