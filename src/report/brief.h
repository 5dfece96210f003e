// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "estate/estate.h"
#include "ledger/records.h"

namespace trimtab {

enum class Audience { kDeveloper, kLead, kHead };
enum class BriefFormat { kText, kJson, kHtml, kMarkdown };
Result<Audience> parse_audience(std::string_view text);  // developer | lead | head
Result<BriefFormat> parse_brief_format(std::string_view text);

struct BriefInput {
  TimestampMs at_ms = 0;
  TimestampMs since_ms = 0;       // findings that ended before are left out
  std::vector<Finding> findings;  // live and, since since_ms, ended ones
  std::vector<Event> events;      // since since_ms
  AnalysisPass pass;
  const Estate* estate = nullptr;
  std::vector<std::string> notices;  // "the store takes no writes: disk full", ...
};

struct BriefStyle {
  Audience audience = Audience::kLead;
  bool colour = false;  // ANSI, text format only
  int width = 100;      // columns, text format only
  std::size_t findings_max = 10;
};

// The answer to "How are our services performing? Anything out of the ordinary I need to know?"
// Pure: same input, same bytes.
std::string render_brief(const BriefInput& input, BriefFormat format, const BriefStyle& style);

}  // namespace trimtab
