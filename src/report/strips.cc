// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "base/format.h"
#include "report/chart.h"
#include "report/escape.h"
#include "report/words.h"

namespace trimtab::report {
namespace {

constexpr double kStripWidth = 1000;
constexpr double kStripHeight = 10;
constexpr double kMarkWidth = 4;

double position(TimestampMs t, TimestampMs from, TimestampMs to) {
  if (to <= from || t <= from) return 0;
  if (t >= to) return kStripWidth;
  return (static_cast<double>(t) - static_cast<double>(from)) /
         (static_cast<double>(to) - static_cast<double>(from)) * kStripWidth;
}

std::string strip_open(const std::string& label) {
  return fmt::format(
      R"(<svg class="strip" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">)",
      kStripWidth, kStripHeight, html_text(label));
}

std::string bar(double from, double to, std::string_view name) {
  return fmt::format(R"(<rect class="{}" x="{:.1f}" y="0" width="{:.1f}" height="{}"/>)", name, from,
                     std::max(to - from, kMarkWidth), kStripHeight);
}

std::string row(const FindingView& f, const BriefView& view) {
  const TimestampMs end = f.finding->ended_ms.value_or(view.at_ms);
  std::string_view name = "bar";
  if (f.harm_possible) name = "bar b-notice";
  if (f.harmful) name = "bar b-harm";
  if (f.acknowledged) name = "bar b-known";
  if (!f.ended.empty()) name = "bar b-ended";
  const std::string label =
      fmt::format("{}: from {}{}", f.entity, f.since, f.ended.empty() ? " until now" : ", " + f.ended);
  std::string out =
      fmt::format(R"(<div class="t-row"><a class="t-name" href="#{}">{}</a>)", f.anchor, html_text(f.entity));
  out += strip_open(label) + R"(<line class="track" x1="0" y1="5" x2="1000" y2="5"/>)";
  out += bar(std::min(position(f.finding->since_ms, view.since_ms, view.at_ms), kStripWidth - kMarkWidth),
             position(end, view.since_ms, view.at_ms), name);
  return out + "</svg></div>";
}

// Explains only what is there.
std::string timeline_legend(const BriefView& view) {
  bool harm = false;
  bool possible = false;
  bool other = false;
  bool known = false;
  for (const FindingView& f : view.unusual) {
    known = known || f.acknowledged;
    harm = harm || (f.harmful && !f.acknowledged);
    possible = possible || (f.harm_possible && !f.acknowledged);
    other = other || (!f.harmful && !f.harm_possible && !f.acknowledged);
  }
  std::string out;
  const auto entry = [&](bool there, std::string_view mark, std::string_view words) {
    if (there) out += fmt::format(R"(<li><span class="key {}"></span>{}</li>)", mark, words);
  };
  entry(harm, "k-harm", "harms customers");
  entry(possible, "k-notice", "may reach customers");
  entry(other, "k-other", "no harm to customers seen");
  entry(known, "k-known", "acknowledged");
  entry(!view.ended.empty(), "k-ended", "ended");
  entry(!view.events.empty(), "k-event", "event");
  return out;
}

}  // namespace

std::string timeline_figure(const BriefView& view) {
  if (view.since_ms >= view.at_ms || (view.unusual.empty() && view.ended.empty())) return "";
  std::string out = R"(<figure class="timeline"><figcaption>When it was out of the ordinary</figcaption>)";
  for (const FindingView& f : view.unusual) out += row(f, view);
  for (const FindingView& f : view.ended) out += row(f, view);
  if (!view.events.empty()) {
    out += R"(<div class="t-row"><span class="t-name">events</span>)";
    out += strip_open(count_of(view.events.size(), "event")) +
           R"(<line class="track" x1="0" y1="5" x2="1000" y2="5"/>)";
    for (const EventView& e : view.events) {
      const double x = std::min(position(e.at_ms, view.since_ms, view.at_ms), kStripWidth - kMarkWidth);
      out += fmt::format(
          R"(<rect class="tick" x="{:.1f}" y="0" width="{}" height="{}"><title>{} {}, {}</title></rect>)", x,
          kMarkWidth, kStripHeight, e.id, html_text(e.text), html_text(when(e.at_ms)));
    }
    out += "</svg></div>";
  }
  out += fmt::format(
      R"(<div class="t-row t-axis"><span class="t-name"></span><div class="x-axis"><span>{}</span><span>{} UTC</span></div></div>)",
      html_text(short_when(view.since_ms)), html_text(short_when(view.at_ms)));
  out += R"(<ul class="legend">)" + timeline_legend(view) + "</ul>";
  return out + "</figure>";
}

std::string horizon_figure(const FindingView& f, TimestampMs at_ms) {
  if (!f.finding->exhaustion) return "";
  const Exhaustion& x = *f.finding->exhaustion;
  if (!x.expected_ms && !x.earliest_ms) return "";
  TimestampMs end = at_ms + std::max<DurationMs>(x.horizon_ms, kHourMs);
  for (const auto& t : {x.expected_ms, x.earliest_ms}) end = std::max(end, t.value_or(end));
  std::string out = R"(<figure class="horizon">)";
  out += strip_open(f.runs_out) + R"(<line class="track" x1="0" y1="5" x2="1000" y2="5"/>)";
  if (x.earliest_ms) {
    const double from = position(*x.earliest_ms, at_ms, end);
    out += bar(std::min(from, kStripWidth - kMarkWidth),
               x.latest_ms ? position(*x.latest_ms, at_ms, end) : kStripWidth, "interval");
  }
  if (x.expected_ms) {
    const double at = std::min(position(*x.expected_ms, at_ms, end), kStripWidth - kMarkWidth);
    out += bar(at, at + kMarkWidth, "expected");
  }
  out += "</svg>";
  out += fmt::format(R"(<div class="x-axis"><span>now</span><span>in {}</span></div>)", about(end - at_ms));
  out += R"(<ul class="legend">)";
  if (x.earliest_ms) out += R"(<li><span class="key k-interval"></span>90 % interval</li>)";
  if (x.expected_ms) out += R"(<li><span class="key k-expected"></span>expected</li>)";
  return out + "</ul></figure>";
}

std::string coverage_figure(const CoverageView& c) {
  if (c.known == 0) return "";
  std::string out = R"(<figure class="coverage">)" + strip_open(c.line);
  std::string legend = R"(<ul class="legend">)";
  double at = 0;
  const auto part = [&](std::string_view key, const std::string& words, std::uint64_t count) {
    const double width = static_cast<double>(count) / static_cast<double>(c.known) * kStripWidth;
    out += fmt::format(R"(<rect class="c-{}" x="{:.1f}" y="0" width="{:.1f}" height="{}"/>)", key, at, width,
                       kStripHeight);
    at += width;
    legend += fmt::format(R"(<li><span class="key kc-{}"></span>{} {}</li>)", key, grouped(count), words);
  };
  if (c.watched > 0) part("judged", "judged", c.watched);
  for (const CoverageView::Part& p : c.parts) part(p.key, p.words, p.count);
  return out + "</svg>" + legend + "</ul></figure>";
}

}  // namespace trimtab::report
