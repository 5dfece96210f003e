// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "cli/verb.h"

namespace trimtab::cli {

// Completion of verbs, flags and choices, made from the verbs themselves. Requires: bash, zsh or fish.
std::string completion_script(std::string_view shell);

// docs/cli.md as it must stand in the tree.
std::string cli_markdown();

}  // namespace trimtab::cli
