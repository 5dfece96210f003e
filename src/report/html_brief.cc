// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/format.h"
#include "report/chart.h"
#include "report/escape.h"
#include "report/html_style.h"
#include "report/view.h"
#include "report/words.h"

namespace trimtab::report {
namespace {

constexpr std::size_t kExamplesShown = 5;
constexpr std::size_t kEvidenceOpen = 3;  // developer: how many charts stand open

std::string h(std::string_view plain) { return html_text(plain); }

// The mark: a rudder's edge and the small tab on it.
constexpr std::string_view kMark =
    R"(<svg viewBox="0 0 24 24" aria-hidden="true"><path fill="currentColor" opacity=".5" d="M1 12c1-5 9-6 14-2.500v5C10 18 2 17 1 12z"/><path fill="currentColor" d="M16.500 10.500L23 15l-1.500 2.500-5-2.500z"/></svg>)";
constexpr std::string_view kStill =
    R"(<svg viewBox="0 0 112 48" aria-hidden="true"><path d="M2 26c9-5 18-5 27 0s18 5 27 0 18-5 27 0 18 5 27 0" fill="none" stroke="currentColor" stroke-width="2.500" stroke-linecap="round"/><path d="M2 37c9-5 18-5 27 0s18 5 27 0 18-5 27 0 18 5 27 0" fill="none" stroke="currentColor" stroke-width="2.500" stroke-linecap="round" opacity=".4"/></svg>)";

std::string_view mood_class(Mood mood) {
  switch (mood) {
    case Mood::kHarm: return "m-harm";
    case Mood::kNotice: return "m-notice";
    case Mood::kCalm: return "m-calm";
    case Mood::kUnknown: return "m-unknown";
  }
  return "";
}

std::string_view mood_lamp(Mood mood) {
  switch (mood) {
    case Mood::kHarm: return "Customers are harmed";
    case Mood::kNotice: return "Worth a look";
    case Mood::kCalm: return "As usual";
    case Mood::kUnknown: return "Cannot say yet";
  }
  return "";
}

std::string time_tag(TimestampMs t) {
  return fmt::format(R"(<time datetime="{}">{}</time>)", h(format_timestamp(t)), h(when(t)));
}

void fact(std::string& out, std::string_view label, const std::string& html, std::string_view name = "") {
  if (html.empty()) return;
  out += fmt::format("<dt>{}</dt><dd{}>{}</dd>", label,
                     name.empty() ? "" : fmt::format(R"( class="{}")", name), html);
}

void head_of_page(std::string& out, const BriefView& view) {
  out += R"(<!doctype html><html lang="en"><head><meta charset="utf-8">)";
  out += R"(<meta name="viewport" content="width=device-width, initial-scale=1">)";
  out +=
      R"(<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">)";
  out += R"(<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">)";
  out += R"(<link rel="icon" href="data:,">)";
  out += fmt::format("<title>Trimtab brief: {}</title><style>{}</style></head><body>", h(view.verdict),
                     brief_css());
  out +=
      R"(<a class="skip" href="#brief">Skip to the brief</a><div class="wrap"><div class="top"><div class="brand">)";
  out += kMark;
  out += R"(<span>Trimtab brief</span></div><nav class="audience" aria-label="Written for">)";
  const auto link = [&](Audience audience, std::string_view word, std::string_view label) {
    out += fmt::format(R"(<a href="?for={}"{}>{}</a>)", word,
                       audience == view.audience ? R"( aria-current="page")" : "", label);
  };
  link(Audience::kDeveloper, "developer", "Developer");
  link(Audience::kLead, "lead", "Lead");
  link(Audience::kHead, "head", "Head");
  out += "</nav></div>";
}

void verdict(std::string& out, const BriefView& view) {
  out += fmt::format(R"(<main id="brief"><div class="verdict {}"><p class="lamp">{}</p>)",
                     mood_class(view.mood), mood_lamp(view.mood));
  out += fmt::format("<h1>{}</h1>", h(view.verdict));
  out += fmt::format(
      R"(<p class="movement">As of {}{}. {}</p></div>)", time_tag(view.at_ms),
      view.since_ms < view.at_ms ? ", looking back " + h(lookback(view.at_ms - view.since_ms)) : "",
      h(view.movement));
}

void tiles(std::string& out, const BriefView& view) {
  if (!view.has_data) return;
  const auto tile = [&](const std::string& number, std::string_view words, std::string_view name = "") {
    out += fmt::format("<li{}><b>{}</b><span>{}</span></li>",
                       name.empty() ? "" : fmt::format(R"( class="{}")", name), h(number), words);
  };
  const auto harmful = static_cast<std::uint64_t>(std::count_if(
      view.unusual.begin(), view.unusual.end(), [](const FindingView& f) { return f.harmful; }));
  out += R"(<ul class="tiles" aria-label="The brief in numbers">)";
  tile(grouped(view.unusual.size() + view.unusual_hidden), "out of the ordinary");
  tile(grouped(harmful), harmful == 1 ? "harms customers" : "harm customers", harmful > 0 ? "t-harm" : "");
  tile(grouped(view.runs_out.size() + view.runs_out_hidden),
       view.runs_out.size() + view.runs_out_hidden == 1 ? "limit ahead" : "limits ahead");
  tile(grouped(view.ended.size() + view.ended_hidden), "ended");
  const CoverageView& c = view.coverage;
  tile(format_with_unit(static_cast<double>(c.watched) / static_cast<double>(c.known), "ratio"),
       "of the series judged");
  out += "</ul>";
}

void notices(std::string& out, const BriefView& view) {
  if (view.notices.empty()) return;
  out += R"(<ul class="notices" aria-label="Notices">)";
  for (const std::string& notice : view.notices) out += fmt::format("<li>{}</li>", h(notice));
  out += "</ul>";
}

void badges(std::string& out, const FindingView& f) {
  out += R"(<ul class="badges">)";
  const std::string_view harm = f.harmful ? "b-harm" : f.harm_possible ? "b-notice" : "b-none";
  out += fmt::format(R"(<li class="{}">{}</li>)", harm, h(f.harm));
  out += fmt::format("<li>{}</li>", h(f.sure));
  if (!f.trend.empty()) out += fmt::format("<li>{}</li>", f.trend);
  if (!f.state.empty()) out += fmt::format(R"(<li class="b-known">{}</li>)", h(f.state));
  out += "</ul>";
}

void numbers(std::string& out, const FindingView& f) {
  if (f.evidence.empty()) return;
  const EvidenceView& e = f.evidence.front();
  out += R"(<dl class="figures">)";
  out += fmt::format(R"(<div class="now"><dt>Now</dt><dd>{}</dd></div>)", h(e.now));
  out += fmt::format("<div><dt>Usually</dt><dd>{}{}</dd></div>", h(e.usual),
                     e.range.empty() ? "" : "<small>" + h(e.range) + "</small>");
  std::string sub = e.number;
  if (!e.strength.empty()) sub += (sub.empty() ? "" : ", ") + e.strength;
  out += fmt::format("<div><dt>Difference</dt><dd>{}{}</dd></div>", h(e.effect),
                     sub.empty() ? "" : "<small>" + h(sub) + "</small>");
  out += fmt::format("<div><dt>Since</dt><dd>{}<small>{}</small></dd></div></dl>", h(f.since_ago),
                     time_tag(f.finding->since_ms));
}

std::string how(const EvidenceView& e) {
  std::string text = e.method;
  if (!e.statistic.empty()) text += (text.empty() ? "" : "; ") + e.statistic;
  return text;
}

std::optional<double> limit_of(const FindingView& f, std::size_t evidence) {
  if (!f.finding->exhaustion || evidence != 0) return std::nullopt;
  return f.finding->exhaustion->limit;
}

void developer_evidence(std::string& out, const FindingView& f) {
  for (std::size_t i = 0; i < f.evidence.size(); ++i) {
    const EvidenceView& e = f.evidence[i];
    out += fmt::format("<details{}><summary>{}: {}, usually {}</summary>", i < kEvidenceOpen ? " open" : "",
                       h(e.subject), h(e.now), h(e.usual));
    out += chart_figure(e, fmt::format("{}-e{}", f.anchor, i + 1), e.selector, limit_of(f, i));
    out += fmt::format("<pre><code>{}</code></pre>", h(e.promql));
    out += R"(<dl class="facts">)";
    fact(out, "Window", h(e.window));
    fact(out, "Method", h(how(e)));
    fact(out, "Usual learnt from", h(e.learnt));
    fact(out, "Effect", h(e.numbers));
    fact(out, "Meaning",
         h(plain_text(e.evidence->domain +
                      (e.evidence->domain.empty() || e.evidence->aspect.empty() ? "" : ", ") +
                      e.evidence->aspect)));
    out += "</dl></details>";
  }
}

void lead_evidence(std::string& out, const FindingView& f) {
  if (f.evidence.size() < 2) return;
  out += fmt::format("<details><summary>{} more measured at the same time</summary>",
                     grouped(f.evidence.size() - 1));
  for (std::size_t i = 1; i < f.evidence.size(); ++i) {
    const EvidenceView& e = f.evidence[i];
    out += chart_figure(e, fmt::format("{}-e{}", f.anchor, i + 1),
                        fmt::format("{}: {}, usually {} ({})", e.subject, e.now, e.usual, e.effect),
                        std::nullopt);
  }
  out += "</details>";
}

void card(std::string& out, const FindingView& f, const BriefView& view) {
  const bool developer = view.audience == Audience::kDeveloper;
  out += fmt::format(
      R"(<article class="card{}" id="{}"><header><h3>{}</h3><a class="id" href="#{}">{}</a></header>)",
      f.harmful         ? " harmful"
      : f.harm_possible ? " possible"
                        : "",
      f.anchor, h(f.headline), f.anchor, f.id);
  out += fmt::format(R"(<p class="meta">{} · {}{}</p>)", h(f.entity), h(f.owner),
                     f.tier.empty() ? "" : " · " + f.tier);
  badges(out, f);
  numbers(out, f);
  if (!developer && !f.evidence.empty()) {
    const EvidenceView& e = f.evidence.front();
    out += chart_figure(e, f.anchor + "-e1", e.subject, limit_of(f, 0));
  }
  if (!f.runs_out.empty()) out += horizon_figure(f, view.at_ms);
  out += R"(<dl class="facts">)";
  fact(out, "Limit",
       h(f.runs_out.empty() ? "" : capitalised(f.runs_out) + (f.chance.empty() ? "" : "; " + f.chance)));
  fact(out, "Next", h(f.next), "next");
  fact(out, "Likely origin", h(f.origin));
  fact(out, "Unusual too", h(f.related));
  std::string events;
  for (const EventView& e : f.events)
    events += fmt::format("{}{} {} ({})", events.empty() ? "" : "<br>", e.id, h(e.text), h(e.before));
  fact(out, "Shortly before", events);
  if (!developer && !f.evidence.empty())
    fact(out, "How sure",
         h(capitalised(f.sure) + (how(f.evidence.front()).empty() ? "" : ": " + how(f.evidence.front()))));
  out += "</dl>";
  if (developer) {
    developer_evidence(out, f);
  } else {
    lead_evidence(out, f);
  }
  out += "</article>";
}

void head_card(std::string& out, const FindingView& f, bool limit) {
  out += fmt::format(
      R"(<article class="card{}" id="{}"><header><h4>{}</h4><a class="id" href="#{}">{}</a></header>)",
      f.harmful         ? " harmful"
      : f.harm_possible ? " possible"
                        : "",
      f.anchor, h(f.spoken), f.anchor, f.id);
  out += fmt::format(R"(<p class="say">{}</p>)", h(f.sentence));
  out += fmt::format(R"(<p class="meta">{} We are {}.</p>)",
                     f.owned ? "Belongs to " + h(f.owner) + "." : "No owner is named.", h(f.sure));
  if (!limit && !f.evidence.empty()) {
    out += chart_figure(f.evidence.front(), f.anchor + "-e1", capitalised(f.evidence.front().subject),
                        std::nullopt);
  }
}

void unusual(std::string& out, const BriefView& view) {
  if (view.unusual.empty()) return;
  out += timeline_figure(view);
  out +=
      R"(<section aria-labelledby="s-unusual"><h2 id="s-unusual">Out of the ordinary <small>worst harm first</small></h2>)";
  if (view.audience == Audience::kHead) {
    for (const HeadGroup& group : view.groups) {
      out += fmt::format(R"(<h3 class="group">{}</h3>)", h(group.title));
      for (const std::size_t i : group.findings) {
        head_card(out, view.unusual[i], false);
        out += "</article>";
      }
    }
  } else {
    for (const FindingView& f : view.unusual) card(out, f, view);
  }
  if (view.unusual_hidden > 0)
    out += fmt::format(R"(<p class="meta">And {} more with less harm.</p>)", grouped(view.unusual_hidden));
  out += "</section>";
}

void runs_out(std::string& out, const BriefView& view) {
  if (view.runs_out.empty()) return;
  out +=
      R"(<section aria-labelledby="s-limits"><h2 id="s-limits">What runs out, and when <small>soonest first</small></h2>)";
  for (const FindingView& f : view.runs_out) {
    if (view.audience == Audience::kHead) {
      head_card(out, f, true);
      out += horizon_figure(f, view.at_ms) + "</article>";
    } else {
      card(out, f, view);
    }
  }
  if (view.runs_out_hidden > 0)
    out += fmt::format(R"(<p class="meta">And {} more, later.</p>)", grouped(view.runs_out_hidden));
  out += "</section>";
}

void objectives(std::string& out, const BriefView& view) {
  if (view.objectives.empty()) return;
  out += fmt::format(
      R"(<section aria-labelledby="s-objectives"><h2 id="s-objectives">Objectives <small>{}</small></h2><div class="card"><ul class="plain">)",
      h(view.objectives_line));
  for (const ObjectiveView& o : view.objectives) {
    out += fmt::format(
        R"(<li><ul class="badges"><li class="{}">{}</li></ul><strong>{}</strong> of {}<br><small>{}</small></li>)",
        o.bad    ? "b-harm"
        : o.good ? "b-none"
                 : "b-notice",
        o.state, h(o.name), h(o.entity), h(capitalised(o.facts)));
  }
  out += "</ul>";
  if (view.objectives_hidden > 0)
    out += fmt::format(R"(<p class="meta">And {} more.</p>)", grouped(view.objectives_hidden));
  out += "</div></section>";
}

// Nothing to report is a state of its own, and so is not being able to say.
void restful(std::string& out, const BriefView& view) {
  if (!view.unusual.empty() || !view.runs_out.empty()) return;
  const CoverageView& c = view.coverage;
  const bool calm = view.mood == Mood::kCalm;
  out += fmt::format(R"(<section><div class="restful{}">{}<p><strong>)", calm ? "" : " unknown", kStill);
  if (calm) {
    out += fmt::format(
        "A quiet watch.</strong></p><p>{} judged against their own usual; none is out of the ordinary, and "
        "no limit is in sight.</p>",
        count_of(c.watched, "series"));
  } else if (!view.has_data) {
    out +=
        "No measurements yet.</strong></p><p>Send them by remote write, OTLP or scraping, or import a file. "
        "A first judgement needs some history.</p>";
  } else {
    out += fmt::format(
        "Still learning what is usual.</strong></p><p>{} known, {} judged so far. Quiet here does not mean "
        "healthy.</p>",
        count_of(c.known, "series"), grouped(c.watched));
  }
  out += "</div></section>";
}

void not_judged(std::string& out, const BriefView& view) {
  if (!view.has_data) return;
  const CoverageView& c = view.coverage;
  out +=
      R"(<section aria-labelledby="s-coverage"><h2 id="s-coverage">What this brief covers</h2><div class="card">)";
  out += coverage_figure(c);
  out += fmt::format(R"(<p class="meta">{} {}{}</p>)", h(c.line),
                     view.audience == Audience::kHead ? "" : h(c.detail), h(c.learnt));
  if (view.audience != Audience::kHead && (!c.examples.empty() || !c.errors.empty())) {
    const bool developer = view.audience == Audience::kDeveloper;
    const std::size_t shown = developer ? c.examples.size() : std::min(c.examples.size(), kExamplesShown);
    out +=
        fmt::format(R"(<details{}><summary>Examples of what could not be judged</summary><ul class="plain">)",
                    developer ? " open" : "");
    for (std::size_t i = 0; i < shown; ++i) {
      out += fmt::format("<li><code>{}</code><br><small>{}</small></li>", h(c.examples[i].series),
                         h(c.examples[i].reason));
    }
    for (const std::string& error : c.errors) out += fmt::format("<li>could not be read: {}</li>", h(error));
    out += "</ul></details>";
  }
  out += "</div></section>";
}

void ended(std::string& out, const BriefView& view) {
  if (view.ended.empty()) return;
  out += fmt::format(
      R"(<section aria-labelledby="s-ended"><h2 id="s-ended">Ended <small>since {}</small></h2><div class="card"><ul class="plain">)",
      time_tag(view.since_ms));
  for (const FindingView& f : view.ended) {
    out += fmt::format(R"(<li id="{}">{}<br><small>{} · {} · {} · {}</small></li>)", f.anchor, h(f.headline),
                       h(f.entity), h(f.owner), h(f.ended.empty() ? "ended" : f.ended), f.id);
  }
  out += "</ul>";
  if (view.ended_hidden > 0)
    out += fmt::format(R"(<p class="meta">And {} more.</p>)", grouped(view.ended_hidden));
  out += "</div></section>";
}

}  // namespace

std::string html_brief(const BriefView& view) {
  std::string out;
  head_of_page(out, view);
  verdict(out, view);
  notices(out, view);
  tiles(out, view);
  restful(out, view);
  unusual(out, view);
  runs_out(out, view);
  objectives(out, view);
  not_judged(out, view);
  ended(out, view);
  out +=
      R"(</main><footer class="end">All times are UTC. "Usual" is the central 95 % of what each series did before. )";
  out += "Missing data is drawn as a gap, never as zero.</footer></div></body></html>\n";
  return out;
}

}  // namespace trimtab::report
