// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "estate/catalog.h"

namespace trimtab {

// Everything wrong with these catalogue files and directories, one sentence each with file and line; empty
// when all is well. Every file is read even after an error in another; what loads alone is then tried
// together with the built-in entries.
std::vector<std::string> check_catalog(const std::vector<std::string>& paths);

// Who speaks for a series and what it says: pairs of word and text for people, in reading order:
// ("metric", ...), ("entry", "host.yaml:12 (node_memory_*)" or "none: inferred from its name"), ("title",
// ...),
// ("domain", ...), ... Empty fields are left out.
std::vector<std::pair<std::string, std::string>> explain_signal(const Catalog& catalog, const Labels& series);

// "name{a="b"}" or a bare name of any bytes to Labels, for `trimtab catalog explain METRIC`.
Result<Labels> parse_series(std::string_view text);

}  // namespace trimtab
