// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/verb.h"

// `trimtab analyze ...`: the statistics as a tool on plain files (series_file.h), one file of code per
// subcommand. A new subcommand is one function declared here and named in analyze_verbs.cc.
namespace trimtab::cli {}  // namespace trimtab::cli
