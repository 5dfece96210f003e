// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "report/view.h"

namespace trimtab::report {

// Round axis values that enclose [low, high]: 3 to 6 of them, evenly spaced. Steps are 1, 2 or 5
// times a power of ten; for bytes a power of two. low <= high, both finite.
std::vector<double> axis_ticks(double low, double high, bool binary);

// One evidence drawn over time, as an HTML <figure>: inline SVG with the usual band, the usual itself,
// the unusual window, the limit if one is near, and gaps as gaps; axis labels with units and a legend
// stand beside it as text, so that they keep their size on a phone. `id` must be unique in the page.
// Says "no data to draw" where the sparkline holds no finite value.
std::string chart_figure(const EvidenceView& evidence, const std::string& id, const std::string& caption,
                         std::optional<double> limit);

// When what was unusual: one row per finding from since_ms to at_ms, events as ticks. "" when nothing
// happened.
std::string timeline_figure(const BriefView& view);

// From now to the horizon: the 90 % interval and the expected moment. "" without a date.
std::string horizon_figure(const FindingView& finding, TimestampMs at_ms);

// How much was judged, and why the rest was not.
std::string coverage_figure(const CoverageView& coverage);

}  // namespace trimtab::report
