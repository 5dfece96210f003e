// SPDX-License-Identifier: Apache-2.0
#include "report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "report/escape.h"
#include "report/sparkline.h"
#include "report/words.h"

namespace trimtab::report {
namespace {

// The drawing's own units; the page stretches it to the width it has.
constexpr double kPlotWidth = 600;
constexpr double kPlotHeight = 100;
// Values beyond this are drawn at the edge: differences of larger doubles overflow.
constexpr double kValueMax = 1e300;

struct Plot {
  Sparkline line;
  std::vector<double> ticks;
  double low = 0;
  double high = 1;

  double x(std::size_t column, double within) const {
    return (static_cast<double>(column) + within) / static_cast<double>(line.values.size()) * kPlotWidth;
  }
  double y(double value) const {
    const double share = (std::clamp(value, low, high) - low) / (high - low);
    return kPlotHeight * (1 - share);
  }
};

bool usable(double value) { return std::isfinite(value) && std::fabs(value) < kValueMax; }

Plot plan(const Evidence& e, std::optional<double> limit) {
  Plot plot;
  plot.line = fit_sparkline(e, std::max<std::size_t>(e.sparkline.size(), 1));
  double low = std::clamp(plot.line.lowest, -kValueMax, kValueMax);
  double high = std::clamp(plot.line.highest, -kValueMax, kValueMax);
  for (const double v : {e.usual, e.usual_low, e.usual_high}) {
    if (!usable(v)) continue;
    low = std::min(low, v);
    high = std::max(high, v);
  }
  // A limit far away would flatten the line; it is then only told in words.
  if (limit && usable(*limit) && *limit >= low - 2 * (high - low) && *limit <= high + 2 * (high - low)) {
    low = std::min(low, *limit);
    high = std::max(high, *limit);
  }
  if (low >= 0 && low < 0.5 * high) low = 0;
  plot.ticks = axis_ticks(low, high, e.unit.starts_with("bytes"));
  plot.low = plot.ticks.front();
  plot.high = plot.ticks.back();
  return plot;
}

bool shows_limit(const Plot& plot, std::optional<double> limit) {
  return limit && usable(*limit) && *limit >= plot.low && *limit <= plot.high;
}

// The line through columns [from, to), broken where there is no data; a lone point is a dot.
std::string path(const Plot& plot, std::size_t from, std::size_t to) {
  std::string d;
  bool pen_down = false;
  for (std::size_t i = from; i < to; ++i) {
    const double value = plot.line.values[i];
    if (std::isnan(value)) {
      pen_down = false;
      continue;
    }
    const bool lone = !pen_down && (i + 1 == to || std::isnan(plot.line.values[i + 1]));
    d += fmt::format("{}{:.1f} {:.1f}", pen_down ? "L" : "M", plot.x(i, 0.5), plot.y(value));
    if (lone) d += "h.1";
    pen_down = true;
  }
  return d;
}

std::string gap_rects(const Plot& plot) {
  std::string out;
  const auto& values = plot.line.values;
  for (std::size_t i = 0; i < values.size();) {
    if (!std::isnan(values[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < values.size() && std::isnan(values[end])) ++end;
    out += fmt::format(R"(<rect class="gap" x="{:.1f}" y="0" width="{:.1f}" height="{}"/>)", plot.x(i, 0),
                       plot.x(end, 0) - plot.x(i, 0), kPlotHeight);
    i = end;
  }
  return out;
}

std::string level(const Plot& plot, double value, std::string_view name) {
  return fmt::format(R"(<line class="{}" x1="0" y1="{:.1f}" x2="{}" y2="{:.1f}"/>)", name, plot.y(value),
                     kPlotWidth, plot.y(value));
}

std::string drawing(const Plot& plot, const Evidence& e, std::optional<double> limit) {
  std::string out;
  if (usable(e.usual_low) && usable(e.usual_high) && e.usual_low <= e.usual_high) {
    const double top = plot.y(e.usual_high);
    out += fmt::format(R"(<rect class="band" x="0" y="{:.1f}" width="{}" height="{:.1f}"/>)", top, kPlotWidth,
                       std::max(plot.y(e.usual_low) - top, 0.8));
  }
  if (plot.line.unusual_to > plot.line.unusual_from) {
    const double from = plot.x(plot.line.unusual_from, 0);
    out += fmt::format(R"(<rect class="window" x="{:.1f}" y="0" width="{:.1f}" height="{}"/>)", from,
                       plot.x(plot.line.unusual_to, 0) - from, kPlotHeight);
  }
  out += gap_rects(plot);
  for (const double tick : plot.ticks) out += level(plot, tick, "grid");
  if (usable(e.usual)) out += level(plot, e.usual, "usual");
  if (shows_limit(plot, limit)) out += level(plot, *limit, "limit");
  out += fmt::format(R"(<path class="line" d="{}"/>)", path(plot, 0, plot.line.values.size()));
  if (plot.line.unusual_to > plot.line.unusual_from) {
    const std::string hot =
        path(plot, plot.line.unusual_from > 0 ? plot.line.unusual_from - 1 : 0, plot.line.unusual_to);
    if (!hot.empty()) out += fmt::format(R"(<path class="hot" d="{}"/>)", hot);
  }
  return out;
}

std::string time_axis(const TimeRange& range) {
  if (range.empty() || range == TimeRange{}) return "";
  const TimestampMs middle = range.from + (range.to - range.from) / 2;
  return fmt::format(
      R"(<div class="x-axis"><span>{}</span><span class="mid">{}</span><span>{} UTC</span></div>)",
      short_when(range.from), short_when(middle), short_when(range.to));
}

std::string legend(const EvidenceView& view, const Plot& plot, std::optional<double> limit,
                   const std::string& unit) {
  std::string out = R"(<ul class="legend">)";
  const auto entry = [&](std::string_view mark, const std::string& text) {
    out += fmt::format(R"(<li><span class="key {}"></span>{}</li>)", mark, html_text(text));
  };
  if (!view.range.empty()) entry("k-band", "usual range " + view.range);
  if (usable(view.evidence->usual)) entry("k-usual", "usual " + view.usual);
  if (plot.line.unusual_to > plot.line.unusual_from) entry("k-hot", "unusual");
  if (shows_limit(plot, limit)) entry("k-limit", "limit " + format_with_unit(*limit, unit));
  if (plot.line.has_gaps) entry("k-gap", "no data");
  return out + "</ul>";
}

}  // namespace

std::vector<double> axis_ticks(double low, double high, bool binary) {
  if (!(high > low)) {
    // A flat line: give it room on both sides.
    const double room = low == 0 ? 1 : std::max(std::fabs(low) * 0.1, 1e-300);
    high = low + room;
    low = low >= 0 && low < room ? 0 : low - room;
  }
  const double rough = high / 4 - low / 4;
  double step = 0;
  if (binary && rough >= 1) {
    step = std::exp2(std::ceil(std::log2(rough)));
  } else {
    const double power = std::pow(10.0, std::floor(std::log10(rough)));
    const double digit = rough / power;
    step = power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
  }
  if (!(step > 0) || !std::isfinite(step)) return {low, high};
  const double first = std::floor(low / step);
  const double last = std::ceil(high / step);
  std::vector<double> ticks;
  for (double k = first; k <= last && ticks.size() < 8; k += 1) ticks.push_back(k * step);
  if (ticks.size() < 2 || ticks.front() >= ticks.back() || ticks.back() < high) return {low, high};
  return ticks;
}

std::string chart_figure(const EvidenceView& view, const std::string& id, const std::string& caption,
                         std::optional<double> limit) {
  const Evidence& e = *view.evidence;
  const std::string unit = plain_text(e.unit, 40);
  std::string out = R"(<figure class="chart">)";
  out += "<figcaption>" + html_text(caption) + "</figcaption>";
  const Plot plot = plan(e, limit);
  if (!plot.line.has_data) return out + R"(<p class="empty">No data to draw.</p></figure>)";
  out += R"(<div class="plot"><div class="y-axis" aria-hidden="true">)";
  for (auto tick = plot.ticks.rbegin(); tick != plot.ticks.rend(); ++tick) {
    out += fmt::format("<span>{}</span>", html_text(format_with_unit(*tick, unit)));
  }
  const std::string gaps = plot.line.has_gaps ? " Parts without data are left empty." : "";
  out += fmt::format(
      R"(</div><svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-labelledby="{}-t {}-d"><title id="{}-t">{}</title>)",
      kPlotWidth, kPlotHeight, id, id, id, html_text(caption));
  out += fmt::format(
      R"(<desc id="{}-d">From {} to {}; lowest {}, highest {}, usual {}, in the unusual part {}.{}</desc>)",
      id, html_text(when(e.sparkline_range.from)), html_text(when(e.sparkline_range.to)),
      html_text(format_with_unit(plot.line.lowest, unit)),
      html_text(format_with_unit(plot.line.highest, unit)), html_text(view.usual), html_text(view.now), gaps);
  out += drawing(plot, e, limit) + "</svg></div>" + time_axis(e.sparkline_range);
  return out + legend(view, plot, limit, unit) + "</figure>";
}

}  // namespace trimtab::report
