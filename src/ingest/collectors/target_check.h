// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "targets/target.h"

namespace trimtab {

// Connects to every target, one after the other, and gives a sentence for each thing that is missing: an
// address that does not answer, a grant, an extension; with the statement that repairs it. Changes nothing.
std::vector<std::string> check_targets(const std::vector<Target>& targets);

}  // namespace trimtab
