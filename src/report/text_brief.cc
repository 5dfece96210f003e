// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/format.h"
#include "report/escape.h"
#include "report/sparkline.h"
#include "report/text_page.h"
#include "report/view.h"
#include "report/words.h"

namespace trimtab::report {
namespace {

constexpr std::size_t kWidthMin = 40;
constexpr std::size_t kWidthMax = 160;  // longer lines are hard to read
constexpr std::size_t kSparklineColumns = 60;
constexpr std::size_t kExamplesShown = 5;

Ink ink_of(Mood mood) {
  switch (mood) {
    case Mood::kHarm: return Ink::kRed;
    case Mood::kNotice: return Ink::kYellow;
    case Mood::kCalm: return Ink::kGreen;
    case Mood::kUnknown: return Ink::kNone;
  }
  return Ink::kNone;
}

Ink ink_of(const FindingView& f) {
  if (f.acknowledged) return Ink::kDim;
  if (f.harmful) return Ink::kRed;
  return f.harm_possible ? Ink::kYellow : Ink::kNone;
}

std::string now_line(const EvidenceView& e) {
  std::string text = fmt::format("{}, usually {}", e.now, e.usual);
  if (!e.range.empty()) text += fmt::format(" ({})", e.range);
  text += ": " + e.effect;
  if (!e.number.empty())
    text += fmt::format(" ({}{}{})", e.number, e.strength.empty() ? "" : ", ", e.strength);
  return text;
}

void sparkline(TextPage& page, const EvidenceView& e, std::size_t indent) {
  const std::size_t start = indent + TextPage::kLabelColumns;
  const std::size_t room = page.width() > start + 12 ? page.width() - start - 2 : 10;
  const Sparkline line = fit_sparkline(*e.evidence, std::min(kSparklineColumns, room));
  if (!line.has_data) {
    page.labelled("chart", "no data to draw", indent, Ink::kDim);
    return;
  }
  page.line(std::string(indent, ' ') + page.ink("chart", Ink::kDim) + "    " +
            sparkline_blocks(line, page.ink("▕", Ink::kRed), page.ink("▏", Ink::kRed)));
  const std::string unit = plain_text(e.evidence->unit, 40);
  const TimeRange& range = e.evidence->sparkline_range;
  std::string legend =
      fmt::format("{} to {} in {} to {}", format_with_unit(line.lowest, unit),
                  format_with_unit(line.highest, unit), lookback(range.to - range.from), when(range.to));
  if (line.unusual_to > line.unusual_from) legend += "; ▕unusual▏";
  if (line.has_gaps) legend += "; · no data";
  page.labelled("", legend, indent, Ink::kDim);
}

void developer_evidence(TextPage& page, const FindingView& f) {
  for (std::size_t i = 0; i < f.evidence.size(); ++i) {
    const EvidenceView& e = f.evidence[i];
    page.labelled(fmt::format("[{}]", i + 1), e.selector, 4, Ink::kBold);
    if (e.promql != e.selector) page.labelled("query", e.promql);
    page.labelled("now", now_line(e));
    sparkline(page, e, 4);
    page.labelled("window", e.window);
    std::string method = e.method;
    if (!e.statistic.empty()) method += (method.empty() ? "" : "; ") + e.statistic;
    if (!e.learnt.empty()) method += "; usual learnt from " + e.learnt;
    page.labelled("method", method);
    page.labelled("numbers", e.numbers);
  }
}

void lead_evidence(TextPage& page, const FindingView& f) {
  if (f.evidence.empty()) return;
  const EvidenceView& e = f.evidence.front();
  page.labelled("now", now_line(e));
  sparkline(page, e, 4);
  std::string sure = f.sure;
  if (!e.method.empty()) sure += ": " + e.method;
  if (!e.statistic.empty()) sure += "; " + e.statistic;
  page.labelled("how sure", sure);
  for (std::size_t i = 1; i < f.evidence.size(); ++i) {
    page.labelled(i == 1 ? "also" : "", fmt::format("{}: {}, usually {}", f.evidence[i].subject,
                                                    f.evidence[i].now, f.evidence[i].usual));
  }
}

void finding(TextPage& page, const FindingView& f, std::size_t number, Audience audience) {
  page.blank();
  const std::vector<std::string> lines =
      wrap(f.headline, page.width() > 20 ? page.width() - 4 - f.id.size() - 2 : 12);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string text = i == 0 ? fmt::format("{:>2}  ", number) : "    ";
    text += page.ink(lines[i], Ink::kBold);
    const std::size_t used = 4 + display_width(lines[i]) + display_width(f.id);
    if (i == 0 && used < page.width())
      text += std::string(page.width() - used, ' ') + page.ink(f.id, Ink::kDim);
    page.line(text);
  }
  std::string who = f.entity + " · " + f.owner;
  if (!f.tier.empty()) who += " · " + f.tier;
  page.labelled("where", who);
  page.labelled("harm", f.harm, 4, ink_of(f));
  std::string since = fmt::format("{} ({})", f.since, f.since_ago);
  if (!f.trend.empty()) since += fmt::format(", {}", f.trend);
  page.labelled("since", since);
  if (audience == Audience::kDeveloper) {
    page.labelled("how sure", f.sure);
    developer_evidence(page, f);
  } else {
    lead_evidence(page, f);
  }
  page.labelled("limit", f.runs_out + (f.chance.empty() ? "" : "; " + f.chance));
  page.labelled("origin", f.origin.empty() ? "" : "likely: " + f.origin);
  page.labelled("with it", f.related.empty() ? "" : "unusual at the same time: " + f.related);
  for (std::size_t i = 0; i < f.events.size(); ++i) {
    page.labelled(i == 0 ? "before" : "",
                  fmt::format("{} {} ({})", f.events[i].id, f.events[i].text, f.events[i].before));
  }
  page.labelled("state", f.state);
  page.labelled("next", f.next);
}

void unusual(TextPage& page, const BriefView& view) {
  if (view.unusual.empty()) return;
  page.heading("Out of the ordinary, worst harm first");
  if (view.audience == Audience::kHead) {
    for (const HeadGroup& group : view.groups) {
      page.blank();
      page.paragraph(group.title, 2, Ink::kBold);
      for (const std::size_t i : group.findings) {
        const FindingView& f = view.unusual[i];
        page.paragraph(fmt::format("{} {} are {}; {}.", f.sentence,
                                   f.owned ? "It belongs to " + f.owner + ". We" : "No owner is named. We",
                                   f.sure, f.id),
                       4);
      }
    }
  } else {
    for (std::size_t i = 0; i < view.unusual.size(); ++i)
      finding(page, view.unusual[i], i + 1, view.audience);
  }
  if (view.unusual_hidden > 0) {
    page.blank();
    page.paragraph(fmt::format("and {} more with less harm.", grouped(view.unusual_hidden)), 4);
  }
}

void runs_out(TextPage& page, const BriefView& view) {
  if (view.runs_out.empty()) return;
  page.heading("What runs out, and when");
  for (std::size_t i = 0; i < view.runs_out.size(); ++i) {
    const FindingView& f = view.runs_out[i];
    if (view.audience != Audience::kHead) {
      finding(page, f, i + 1, view.audience);
      continue;
    }
    page.blank();
    page.paragraph(
        fmt::format("{} {} are {}; {}.", f.sentence,
                    f.owned ? "It belongs to " + f.owner + ". We" : "No owner is named. We", f.sure, f.id),
        4);
  }
  if (view.runs_out_hidden > 0)
    page.paragraph(fmt::format("and {} more, later.", grouped(view.runs_out_hidden)), 4);
}

void objectives(TextPage& page, const BriefView& view) {
  if (view.objectives.empty()) return;
  page.heading("Objectives");
  page.blank();
  page.paragraph(view.objectives_line, 2);
  for (const ObjectiveView& o : view.objectives) {
    if (view.audience == Audience::kHead && o.good) continue;
    page.paragraph(fmt::format("{} of {}: {}; {}.", o.name, o.entity, o.state, o.facts), 4,
                   o.bad    ? Ink::kRed
                   : o.good ? Ink::kNone
                            : Ink::kYellow);
  }
  if (view.objectives_hidden > 0)
    page.paragraph(fmt::format("and {} more.", grouped(view.objectives_hidden)), 4);
}

void not_judged(TextPage& page, const BriefView& view) {
  const CoverageView& c = view.coverage;
  if (!view.has_data) return;
  page.heading("What this brief covers");
  page.blank();
  page.paragraph(c.line, 2);
  if (view.audience != Audience::kHead && !c.detail.empty()) page.paragraph(c.detail, 2);
  page.paragraph(c.learnt, 2);
  if (view.audience == Audience::kHead) return;
  const std::size_t shown =
      view.audience == Audience::kDeveloper ? c.examples.size() : std::min(c.examples.size(), kExamplesShown);
  for (std::size_t i = 0; i < shown; ++i)
    page.paragraph(c.examples[i].series + ": " + c.examples[i].reason, 4, Ink::kDim);
  if (shown < c.examples.size()) page.paragraph("and more; see --for developer", 4, Ink::kDim);
  for (const std::string& error : c.errors) page.paragraph("could not be read: " + error, 4, Ink::kYellow);
}

void ended(TextPage& page, const BriefView& view) {
  if (view.ended.empty()) return;
  page.heading("Ended since " + when(view.since_ms));
  page.blank();
  for (const FindingView& f : view.ended) {
    page.paragraph(fmt::format("{}: {}; {} · {} · {}", f.entity, f.headline,
                               f.ended.empty() ? "ended" : f.ended, f.owner, f.id),
                   2);
  }
  if (view.ended_hidden > 0) page.paragraph(fmt::format("and {} more.", grouped(view.ended_hidden)), 2);
}

}  // namespace

std::string text_brief(const BriefView& view, const BriefStyle& style) {
  const auto width = static_cast<std::size_t>(std::max(style.width, 0));
  TextPage page(std::clamp(width, kWidthMin, kWidthMax), style.colour);
  page.paragraph("Trimtab brief · " + view.period, 0, Ink::kDim);
  page.blank();
  for (const std::string& line : wrap(view.verdict, page.width() - 2)) {
    page.line("  " + page.ink(page.ink(line, ink_of(view.mood)), Ink::kBold));
  }
  if (!view.movement.empty()) page.paragraph(view.movement, 2);
  if (!view.has_data) {
    page.blank();
    page.paragraph(
        "Send measurements by remote write, OTLP or scraping, or import a file; a first judgement needs some "
        "history.",
        2);
  }
  if (!view.notices.empty()) page.blank();
  for (const std::string& notice : view.notices) page.paragraph("! " + notice, 2, Ink::kYellow);
  unusual(page, view);
  runs_out(page, view);
  objectives(page, view);
  not_judged(page, view);
  ended(page, view);
  return page.str();
}

}  // namespace trimtab::report
