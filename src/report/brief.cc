// SPDX-License-Identifier: Apache-2.0
#include "report/brief.h"

#include <fmt/format.h>

#include "base/check.h"
#include "report/escape.h"
#include "report/view.h"

namespace trimtab {

Result<Audience> parse_audience(std::string_view text) {
  if (text == "developer") return Audience::kDeveloper;
  if (text == "lead") return Audience::kLead;
  if (text == "head") return Audience::kHead;
  return invalid(
      fmt::format("\"{}\" is no audience; write developer, lead or head", report::plain_text(text, 40)));
}

Result<BriefFormat> parse_brief_format(std::string_view text) {
  if (text == "text") return BriefFormat::kText;
  if (text == "json") return BriefFormat::kJson;
  if (text == "html") return BriefFormat::kHtml;
  if (text == "markdown") return BriefFormat::kMarkdown;
  return invalid(fmt::format("\"{}\" is no brief format; write text, json, html or markdown",
                             report::plain_text(text, 40)));
}

std::string render_brief(const BriefInput& input, BriefFormat format, const BriefStyle& style) {
  const report::BriefView view = report::view_of(input, style);
  switch (format) {
    case BriefFormat::kText: return report::text_brief(view, style);
    case BriefFormat::kJson: return report::json_brief(view, input);
    case BriefFormat::kHtml: return report::html_brief(view);
    case BriefFormat::kMarkdown: return report::markdown_brief(view);
  }
  CHECK(false, "brief format {}", static_cast<int>(format));
  return {};
}

}  // namespace trimtab
