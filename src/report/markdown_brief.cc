// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/format.h"
#include "report/escape.h"
#include "report/sparkline.h"
#include "report/view.h"
#include "report/words.h"

namespace trimtab::report {
namespace {

constexpr std::size_t kSparklineColumns = 48;
constexpr std::size_t kExamplesShown = 5;

std::string md(std::string_view plain) { return markdown_text(plain); }

void item(std::string& out, std::string_view label, std::string_view markdown) {
  if (!markdown.empty()) out += fmt::format("- **{}:** {}\n", label, markdown);
}

std::string now_words(const EvidenceView& e) {
  std::string text = fmt::format("{}, usually {}", e.now, e.usual);
  if (!e.range.empty()) text += fmt::format(" ({})", e.range);
  text += ": " + e.effect;
  if (!e.number.empty())
    text += fmt::format(" ({}{}{})", e.number, e.strength.empty() ? "" : ", ", e.strength);
  return md(text);
}

std::string chart(const EvidenceView& e) {
  const Sparkline line = fit_sparkline(*e.evidence, kSparklineColumns);
  if (!line.has_data) return "no data to draw";
  const std::string unit = plain_text(e.evidence->unit, 40);
  std::string text = markdown_code(sparkline_blocks(line, "▕", "▏"));
  text += md(fmt::format(" {} to {}; {} to {}", format_with_unit(line.lowest, unit),
                         format_with_unit(line.highest, unit), when(e.evidence->sparkline_range.from),
                         when(e.evidence->sparkline_range.to)));
  if (line.has_gaps) text += "; · no data";
  return text;
}

void evidence(std::string& out, const FindingView& f, bool developer) {
  for (std::size_t i = 0; i < f.evidence.size(); ++i) {
    const EvidenceView& e = f.evidence[i];
    if (i > 0 && !developer) {
      item(
          out, "Also",
          fmt::format("{}: {}", markdown_code(e.subject), md(fmt::format("{}, usually {}", e.now, e.usual))));
      continue;
    }
    if (developer) item(out, fmt::format("Evidence {}", i + 1), markdown_code(e.promql));
    item(out, "Now", now_words(e));
    item(out, "Chart", chart(e));
    std::string how = e.method;
    if (!e.statistic.empty()) how += (how.empty() ? "" : "; ") + e.statistic;
    if (developer && !e.learnt.empty()) how += "; usual learnt from " + e.learnt;
    if (developer && !e.numbers.empty()) how += "; " + e.numbers;
    item(out, developer ? "Method" : "How sure",
         md(developer ? how : f.sure + (how.empty() ? "" : ": " + how)));
  }
}

void finding(std::string& out, const FindingView& f, std::size_t number, Audience audience) {
  out += fmt::format("### {}. {} ({})\n\n", number, md(f.headline), f.id);
  item(out, "Where",
       fmt::format("{}, {}{}", markdown_code(f.entity), md(f.owner), f.tier.empty() ? "" : ", " + f.tier));
  item(out, "Harm", md(f.harm));
  item(out, "Since", fmt::format("{} ({}){}{}", f.since, f.since_ago, f.trend.empty() ? "" : ", ", f.trend));
  if (audience == Audience::kDeveloper) item(out, "How sure", md(f.sure));
  evidence(out, f, audience == Audience::kDeveloper);
  item(out, "Limit", md(f.runs_out + (f.chance.empty() ? "" : "; " + f.chance)));
  item(out, "Likely origin", md(f.origin));
  item(out, "Unusual at the same time", md(f.related));
  for (const EventView& e : f.events)
    item(out, "Shortly before", md(fmt::format("{} {} ({})", e.id, e.text, e.before)));
  item(out, "State", md(f.state));
  item(out, "Next", md(f.next));
  out += '\n';
}

std::string head_item(const FindingView& f) {
  return fmt::format("- {} {} We are {} ({}).\n", md(f.sentence),
                     f.owned ? "It belongs to " + md(f.owner) + "." : "No owner is named.", f.sure, f.id);
}

void unusual(std::string& out, const BriefView& view) {
  if (view.unusual.empty()) return;
  out += "## Out of the ordinary\n\n";
  if (view.audience == Audience::kHead) {
    for (const HeadGroup& group : view.groups) {
      out += fmt::format("**{}**\n\n", md(group.title));
      for (const std::size_t i : group.findings) out += head_item(view.unusual[i]);
      out += '\n';
    }
  } else {
    for (std::size_t i = 0; i < view.unusual.size(); ++i) finding(out, view.unusual[i], i + 1, view.audience);
  }
  if (view.unusual_hidden > 0)
    out += fmt::format("and {} more with less harm.\n\n", grouped(view.unusual_hidden));
}

void runs_out(std::string& out, const BriefView& view) {
  if (view.runs_out.empty()) return;
  out += "## What runs out, and when\n\n";
  for (std::size_t i = 0; i < view.runs_out.size(); ++i) {
    const FindingView& f = view.runs_out[i];
    if (view.audience != Audience::kHead) {
      finding(out, f, i + 1, view.audience);
      continue;
    }
    out += head_item(f);
  }
  if (view.runs_out_hidden > 0) out += fmt::format("\nand {} more, later.\n", grouped(view.runs_out_hidden));
  out += '\n';
}

void objectives(std::string& out, const BriefView& view) {
  if (view.objectives.empty()) return;
  out += fmt::format("## Objectives\n\n{}\n\n", md(view.objectives_line));
  for (const ObjectiveView& o : view.objectives) {
    out +=
        fmt::format("- {} of {}: **{}**; {}.\n", md(o.name), markdown_code(o.entity), o.state, md(o.facts));
  }
  if (view.objectives_hidden > 0) out += fmt::format("\nand {} more.\n", grouped(view.objectives_hidden));
  out += '\n';
}

void not_judged(std::string& out, const BriefView& view) {
  if (!view.has_data) return;
  const CoverageView& c = view.coverage;
  out += fmt::format("## What this brief covers\n\n{} {}{}\n\n", md(c.line),
                     view.audience == Audience::kHead ? "" : md(c.detail), md(c.learnt));
  if (view.audience == Audience::kHead) return;
  const std::size_t shown =
      view.audience == Audience::kDeveloper ? c.examples.size() : std::min(c.examples.size(), kExamplesShown);
  for (std::size_t i = 0; i < shown; ++i)
    out += fmt::format("- {}: {}\n", markdown_code(c.examples[i].series), md(c.examples[i].reason));
  for (const std::string& error : c.errors) out += fmt::format("- could not be read: {}\n", md(error));
  if (shown > 0 || !c.errors.empty()) out += '\n';
}

void ended(std::string& out, const BriefView& view) {
  if (view.ended.empty()) return;
  out += fmt::format("## Ended since {}\n\n", when(view.since_ms));
  for (const FindingView& f : view.ended) {
    out += fmt::format("- {}: {}; {} ({}, {})\n", markdown_code(f.entity), md(f.headline),
                       f.ended.empty() ? "ended" : f.ended, md(f.owner), f.id);
  }
  if (view.ended_hidden > 0) out += fmt::format("- and {} more\n", grouped(view.ended_hidden));
  out += '\n';
}

}  // namespace

std::string markdown_brief(const BriefView& view) {
  std::string out = "# Trimtab brief\n\n";
  out += fmt::format("**{}**\n\n", md(view.verdict));
  out += view.period + (view.movement.empty() ? "" : ". " + view.movement) + "\n\n";
  for (const std::string& notice : view.notices) out += fmt::format("> {}\n\n", md(notice));
  unusual(out, view);
  runs_out(out, view);
  objectives(out, view);
  not_judged(out, view);
  ended(out, view);
  while (out.ends_with("\n\n")) out.pop_back();
  return out;
}

}  // namespace trimtab::report
