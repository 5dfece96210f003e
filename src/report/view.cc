// SPDX-License-Identifier: Apache-2.0
#include "report/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>
#include <utility>

#include "base/format.h"
#include "report/escape.h"
#include "report/words.h"

namespace trimtab::report {
namespace {

// A judgement older than this is said to be old.
constexpr DurationMs kPassAgeNoticeMs = 15 * kMinuteMs;

bool is_live(const Finding& f) {
  return (f.state == FindingState::kOpen || f.state == FindingState::kAcknowledged) && !f.ended_ms;
}

double finite_or_zero(double value) { return std::isfinite(value) ? value : 0; }

// Worst harm first; then the surer, the larger, the older, the lower number.
bool worse(const Finding* a, const Finding* b) {
  const auto rank = [](const Finding& f) {
    const double effect = f.evidence.empty() ? 0 : std::fabs(finite_or_zero(f.evidence.front().effect));
    return std::tuple(-finite_or_zero(f.harm), -static_cast<int>(f.sure), -effect, f.since_ms, f.id,
                      f.entity);
  };
  return rank(*a) < rank(*b);
}

TimestampMs limit_time(const Finding& f) {
  const Exhaustion& x = *f.exhaustion;
  return x.expected_ms.value_or(x.earliest_ms.value_or(std::numeric_limits<TimestampMs>::max()));
}

bool sooner(const Finding* a, const Finding* b) {
  const TimestampMs left = limit_time(*a);
  const TimestampMs right = limit_time(*b);
  return left != right ? left < right : worse(a, b);
}

bool ended_later(const Finding* a, const Finding* b) {
  const TimestampMs left = a->ended_ms.value_or(a->last_seen_ms);
  const TimestampMs right = b->ended_ms.value_or(b->last_seen_ms);
  return left != right ? left > right : worse(a, b);
}

struct Sorted {
  std::vector<const Finding*> unusual;
  std::vector<const Finding*> runs_out;
  std::vector<const Finding*> ended;
  std::size_t dismissed = 0;
};

Sorted sort_findings(const BriefInput& input) {
  Sorted sorted;
  for (const Finding& f : input.findings) {
    if (f.state == FindingState::kDismissed) {
      ++sorted.dismissed;
    } else if (!is_live(f)) {
      if (f.ended_ms.value_or(f.last_seen_ms) >= input.since_ms) sorted.ended.push_back(&f);
    } else if (f.exhaustion && f.kind == FindingKind::kExhaustion) {
      sorted.runs_out.push_back(&f);
    } else {
      sorted.unusual.push_back(&f);
    }
  }
  std::sort(sorted.unusual.begin(), sorted.unusual.end(), worse);
  std::sort(sorted.runs_out.begin(), sorted.runs_out.end(), sooner);
  std::sort(sorted.ended.begin(), sorted.ended.end(), ended_later);
  return sorted;
}

std::size_t fill(std::vector<FindingView>& out, const std::vector<const Finding*>& from,
                 const BriefInput& input, const BriefStyle& style, std::size_t& position) {
  const std::size_t shown = std::min(from.size(), style.findings_max);
  for (std::size_t i = 0; i < shown; ++i)
    out.push_back(finding_view(*from[i], input, style.audience, ++position));
  return from.size() - shown;
}

// The estate's own word for the domain, else the catalogue's in the plural.
std::string domain_title(const Finding& f, const Estate* estate) {
  const std::string declared = estate != nullptr ? estate->info(f.entity).domain : "";
  if (!declared.empty()) return capitalised(plain_text(declared, 60));
  std::string word = f.evidence.empty() ? "" : plain_text(f.evidence.front().domain, 60);
  if (word.empty()) return "Other";
  std::replace(word.begin(), word.end(), '_', ' ');
  for (const std::string_view countable : {"service", "database", "cache", "queue", "data pipeline"}) {
    if (word == countable) word = plural_of(word);
  }
  return capitalised(word);
}

// Domains in the order of their worst finding; findings keep their order inside.
void group_for_head(BriefView& view, const BriefInput& input) {
  for (std::size_t i = 0; i < view.unusual.size(); ++i) {
    const FindingView& f = view.unusual[i];
    std::string title = domain_title(*f.finding, input.estate);
    if (!f.tier.empty()) title += ", " + f.tier;
    auto group = std::find_if(view.groups.begin(), view.groups.end(),
                              [&](const HeadGroup& g) { return g.title == title; });
    if (group == view.groups.end()) group = view.groups.insert(group, HeadGroup{title, {}});
    group->findings.push_back(i);
  }
}

void tell_movement(BriefView& view, const BriefInput& input, const Sorted& sorted) {
  if (input.since_ms >= input.at_ms) return;
  const auto is_new = [&](const Finding* f) { return f->since_ms >= input.since_ms; };
  const auto began =
      static_cast<std::uint64_t>(std::count_if(sorted.unusual.begin(), sorted.unusual.end(), is_new) +
                                 std::count_if(sorted.runs_out.begin(), sorted.runs_out.end(), is_new) +
                                 std::count_if(sorted.ended.begin(), sorted.ended.end(), is_new));
  if (began == 0 && sorted.ended.empty()) return;
  view.movement = fmt::format("In the last {}: {} began, {} ended.", lookback(input.at_ms - input.since_ms),
                              grouped(began), grouped(sorted.ended.size()));
}

void tell_events(BriefView& view, const BriefInput& input) {
  for (const Event& event : input.events) {
    if (event.at_ms >= input.since_ms && event.at_ms <= input.at_ms) view.events.push_back(event_view(event));
  }
  std::stable_sort(view.events.begin(), view.events.end(),
                   [](const EventView& a, const EventView& b) { return a.at_ms > b.at_ms; });
  if (view.events.size() > kEventsShownMax) view.events.resize(kEventsShownMax);
}

void tell_notices(BriefView& view, const BriefInput& input) {
  for (const std::string& notice : input.notices) view.notices.push_back(plain_text(notice));
  const DurationMs age = input.at_ms - input.pass.at_ms;
  if (input.pass.at_ms != 0 && age >= kPassAgeNoticeMs) {
    view.notices.push_back(fmt::format("The newest judgement is {} old: it looked at {}.",
                                       format_duration_human(age), when(input.pass.at_ms)));
  }
  if (input.pass.at_ms == 0) view.notices.emplace_back("No analysis has run yet for this moment.");
  if (view.dismissed > 0) {
    view.notices.push_back(fmt::format("{} left out.", count_of(view.dismissed, "dismissed finding")));
  }
}

}  // namespace

CoverageView coverage_view(const AnalysisPass& pass) {
  const Coverage& c = pass.coverage;
  CoverageView view;
  view.known = c.series_known;
  view.watched = std::min(c.series_watched, c.series_known);
  view.unjudged = view.known - view.watched;
  std::uint64_t told = 0;
  const auto add = [&](const char* key, const char* words, std::uint64_t count) {
    count = std::min(count, view.unjudged - told);  // the parts never exceed the whole
    if (count == 0) return;
    told += count;
    view.parts.push_back({key, words, count});
  };
  add("too_short", "history too short", c.series_too_short);
  add("stale", "stopped sending", c.series_stale);
  add("too_sparse", "too few samples", c.series_too_sparse);
  add("failed", "could not be read", c.series_failed);
  add("other", "other reasons", view.unjudged);
  if (view.known > 0) {
    view.line = fmt::format(
        "{} of {} judged ({})", grouped(view.watched), count_of(view.known, "series"),
        format_with_unit(static_cast<double>(view.watched) / static_cast<double>(view.known), "ratio"));
    for (std::size_t i = 0; i < view.parts.size(); ++i) {
      view.line += fmt::format("{}{} {}", i == 0 ? "; not judged: " : ", ", grouped(view.parts[i].count),
                               view.parts[i].words);
    }
    view.line += ".";
    if (c.series_constant > 0)
      view.detail += fmt::format("{} of the judged never changed. ", grouped(c.series_constant));
    if (c.series_without_catalogue > 0) {
      view.detail +=
          fmt::format("{} were judged by name and behaviour alone: no catalogue entry knows them. ",
                      grouped(c.series_without_catalogue));
    }
  }
  if (pass.history_ms > 0) {
    view.learnt = fmt::format("What is usual was learnt from up to {} of history.",
                              format_duration_human(pass.history_ms));
  }
  for (const Coverage::Example& e : c.examples) {
    const std::string detail = plain_text(e.detail, 200);
    view.examples.push_back(
        {plain_text(e.series, 300), unjudged_words(e.reason) + (detail.empty() ? "" : ": " + detail)});
  }
  for (const std::string& error : c.errors) view.errors.push_back(plain_text(error));
  return view;
}

BriefView view_of(const BriefInput& input, const BriefStyle& style) {
  BriefView view;
  view.audience = style.audience;
  view.at_ms = input.at_ms;
  view.since_ms = input.since_ms;
  view.period = when(input.at_ms);
  if (input.since_ms < input.at_ms) {
    view.period += fmt::format(", looking back {}", lookback(input.at_ms - input.since_ms));
  }
  view.coverage = coverage_view(input.pass);
  view.has_data = view.coverage.known > 0;
  const Sorted sorted = sort_findings(input);
  view.dismissed = sorted.dismissed;
  std::size_t position = 0;
  view.unusual_hidden = fill(view.unusual, sorted.unusual, input, style, position);
  view.runs_out_hidden = fill(view.runs_out, sorted.runs_out, input, style, position);
  view.ended_hidden = fill(view.ended, sorted.ended, input, style, position);
  Verdict verdict = verdict_of(sorted.unusual, sorted.runs_out, view.coverage, input.at_ms);
  view.verdict = std::move(verdict.sentence);
  view.mood = verdict.mood;
  group_for_head(view, input);
  tell_movement(view, input, sorted);
  tell_objectives(view, input.pass);
  tell_events(view, input);
  tell_notices(view, input);
  return view;
}

}  // namespace trimtab::report
