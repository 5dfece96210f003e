// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "base/yaml.h"
#include "estate/estate.h"

namespace trimtab {

// One item of `slos:`, in our own words, Sloth's (sli.events, sli.raw), Pyrra's (target, indicator.ratio,
// indicator.latency) or OpenSLO's (ratioMetric with good or bad, and total). Queries are parsed here, so that
// a wrong one is found when the file is read. Format: docs/formats/estate.md. Errors name file and line.
Result<Objective> read_objective(const Yaml& item);

// The query with {{.window}} (spaces inside the braces are fine) replaced by the window in seconds, as
// "300s".
std::string with_window(std::string_view query, DurationMs window_ms);

}  // namespace trimtab
