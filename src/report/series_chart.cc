// SPDX-License-Identifier: Apache-2.0
#include "report/series_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/format.h"
#include "report/chart.h"
#include "report/escape.h"
#include "report/html_style.h"

namespace trimtab::report {
namespace {

// The values that share a column of the drawing.
struct Column {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double mean = 0;
  std::size_t count = 0;
  bool flagged = false, marked = false;
  void add(double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
    mean += (value - mean) / static_cast<double>(++count);
  }
};

struct Axis {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void add(std::span<const double> values) {
    for (const double value : values) {
      if (!std::isfinite(value)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  bool empty() const { return !(low <= high); }
};

Axis axis_of(const SeriesChart& chart) {
  Axis axis;
  for (const std::span<const double> part :
       {chart.values, std::span<const double>(chart.mean), std::span<const double>(chart.low),
        std::span<const double>(chart.high)})
    axis.add(part);
  return axis;
}

std::size_t cells_of(const SeriesChart& chart) { return chart.values.size() + chart.mean.size(); }

std::size_t columns_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string room(width > columns_of(text) ? width - columns_of(text) : 0, ' ');
  return right ? room + text : text + room;
}

class Grid {
 public:
  Grid(std::size_t width, std::size_t height, const Axis& axis)
      : width_(width), height_(height), axis_(axis), cells_(width * height, " ") {}
  // From the bottom.
  std::size_t row(double value) const {
    const double share = axis_.high > axis_.low ? (value - axis_.low) / (axis_.high - axis_.low) : 0.5;
    return std::min(height_ - 1,
                    static_cast<std::size_t>(std::max(0.0, share * static_cast<double>(height_))));
  }
  void fill(std::size_t x, double low, double high, const char* mark) {
    for (std::size_t y = row(low); y <= row(high); ++y) at(x, y) = mark;
  }
  void upright(std::size_t x) {
    for (std::size_t y = 0; y < height_; ++y) at(x, y) = "┊";
  }
  std::string line(std::size_t y) const {
    std::string out;
    for (std::size_t x = 0; x < width_; ++x) out += cells_[y * width_ + x];
    return out.substr(0, out.find_last_not_of(' ') + 1);
  }

 private:
  const char*& at(std::size_t x, std::size_t y) { return cells_[y * width_ + x]; }
  std::size_t width_, height_;
  Axis axis_;
  std::vector<const char*> cells_;
};

void draw(const SeriesChart& chart, Grid& grid, std::size_t width) {
  const std::size_t cells = cells_of(chart);
  const auto column_of = [&](std::size_t cell) { return std::min(width - 1, cell * width / cells); };
  std::vector<Column> values(width), means(width), lows(width), highs(width);
  for (std::size_t i = 0; i < chart.values.size(); ++i) {
    Column& column = values[column_of(i)];
    column.add(chart.values[i]);
    column.flagged = column.flagged || (i < chart.flags.size() && chart.flags[i]);
  }
  for (std::size_t i = 0; i < chart.mean.size(); ++i) {
    const std::size_t x = column_of(chart.values.size() + i);
    means[x].add(chart.mean[i]);
    if (i < chart.low.size()) lows[x].add(chart.low[i]);
    if (i < chart.high.size()) highs[x].add(chart.high[i]);
  }
  for (const std::size_t mark : chart.marks) grid.upright(column_of(mark));
  for (std::size_t x = 0; x < width; ++x) {
    if (lows[x].count > 0 && highs[x].count > 0) grid.fill(x, lows[x].low, highs[x].high, "░");
    if (means[x].count > 0) grid.fill(x, means[x].mean, means[x].mean, "•");
    if (values[x].count > 0) grid.fill(x, values[x].low, values[x].high, values[x].flagged ? "█" : "▒");
  }
}

// SVG of the page, in units of the view box.
constexpr double kWidth = 1000, kHeight = 220;

struct Scale {
  double low, high;
  std::size_t cells;
  double x(double cell) const { return kWidth * cell / static_cast<double>(std::max<std::size_t>(1, cells)); }
  double y(double value) const { return kHeight * (1 - (std::clamp(value, low, high) - low) / (high - low)); }
};

// At most this many points of a line: above, each stretch of cells gives its lowest and highest.
constexpr std::size_t kPathPointsMax = 4000;

std::string path_of(std::span<const double> values, std::size_t offset, const Scale& scale) {
  std::string d;
  bool down = false;
  const std::size_t stride = std::max<std::size_t>(1, values.size() * 2 / kPathPointsMax);
  for (std::size_t i = 0; i < values.size(); i += stride) {
    Column column;
    for (std::size_t k = i; k < std::min(values.size(), i + stride); ++k) column.add(values[k]);
    if (column.count == 0) {
      down = false;
      continue;
    }
    const double x = scale.x(static_cast<double>(offset + i) + 0.5 * static_cast<double>(stride));
    d += fmt::format("{}{:.1f} {:.1f}", down ? "L" : "M", x, scale.y(column.low));
    if (stride > 1) d += fmt::format("L{:.1f} {:.1f}", x, scale.y(column.high));
    down = true;
  }
  return d;
}

std::string band_of(const SeriesChart& chart, const Scale& scale) {
  if (chart.low.empty() || chart.low.size() != chart.high.size()) return "";
  std::string points;
  const auto point = [&](std::size_t i, double value) {
    if (!std::isfinite(value)) return;
    points += fmt::format("{:.1f},{:.1f} ", scale.x(static_cast<double>(chart.values.size() + i) + 0.5),
                          scale.y(value));
  };
  for (std::size_t i = 0; i < chart.low.size(); ++i) point(i, chart.low[i]);
  for (std::size_t i = chart.high.size(); i-- > 0;) point(i, chart.high[i]);
  return fmt::format(R"(<polygon class="band" points="{}"/>)", points);
}

std::string drawing(const SeriesChart& chart, const Scale& scale, std::span<const double> ticks) {
  std::string out;
  for (const double tick : ticks)
    out += fmt::format(R"(<line class="grid" x1="0" y1="{0:.1f}" x2="{1}" y2="{0:.1f}"/>)", scale.y(tick),
                       kWidth);
  out += band_of(chart, scale);
  for (const std::size_t mark : chart.marks) {
    out += fmt::format(R"(<line class="limit" x1="{0:.1f}" y1="0" x2="{0:.1f}" y2="{1}"/>)",
                       scale.x(static_cast<double>(mark)), kHeight);
  }
  out += fmt::format(R"(<path class="line" d="{}"/>)", path_of(chart.values, 0, scale));
  for (const SeriesChart::Level& level : chart.levels) {
    out += fmt::format(R"(<line class="usual" x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}"/>)",
                       scale.x(static_cast<double>(level.from)), scale.y(level.value),
                       scale.x(static_cast<double>(level.to)), scale.y(level.value));
  }
  if (!chart.mean.empty())
    out += fmt::format(R"(<path class="hot" d="{}"/>)", path_of(chart.mean, chart.values.size(), scale));
  for (std::size_t i = 0; i < std::min(chart.flags.size(), chart.values.size()); ++i) {
    if (!chart.flags[i]) continue;
    std::size_t end = i;
    while (end + 1 < chart.flags.size() && chart.flags[end + 1]) ++end;
    out += fmt::format(R"(<rect class="window" x="{:.1f}" y="0" width="{:.1f}" height="{}"/>)",
                       scale.x(static_cast<double>(i)),
                       std::max(1.0, scale.x(static_cast<double>(end + 1 - i))), kHeight);
    i = end;
  }
  return out;
}

std::string figure(const SeriesChart& chart, std::size_t number) {
  const Axis axis = axis_of(chart);
  std::string out =
      fmt::format(R"(<figure class="chart"><figcaption>{}</figcaption>)", html_text(chart.title));
  if (axis.empty()) return out + R"(<p class="empty">No data to draw.</p></figure>)";
  const std::vector<double> ticks = axis_ticks(axis.low, axis.high, false);
  const Scale scale{ticks.front(), ticks.back(), cells_of(chart)};
  out += R"(<div class="plot"><div class="y-axis" aria-hidden="true">)";
  for (auto tick = ticks.rbegin(); tick != ticks.rend(); ++tick)
    out += fmt::format("<span>{}</span>", html_text(format_number(*tick)));
  out += fmt::format(
      R"(</div><svg viewBox="0 0 {0} {1}" preserveAspectRatio="none" role="img" aria-labelledby="s{2}-t"><title id="s{2}-t">{3}</title>)",
      kWidth, kHeight, number, html_text(chart.title));
  out += drawing(chart, scale, ticks) + "</svg></div>";
  if (!chart.first_label.empty()) {
    out += fmt::format(R"(<div class="x-axis"><span>{}</span><span>{}</span></div>)",
                       html_text(chart.first_label), html_text(chart.last_label));
  }
  return out + "</figure>";
}

}  // namespace

std::string terminal_chart(const SeriesChart& chart, std::size_t width, std::size_t height) {
  const Axis axis = axis_of(chart);
  if (axis.empty() || height == 0) return "";
  const std::string top = format_number(axis.high), bottom = format_number(axis.low);
  const std::size_t labels = std::max(columns_of(top), columns_of(bottom));
  const std::size_t plot = std::max<std::size_t>(40, width) - labels - 2;
  Grid grid(plot, height, axis);
  draw(chart, grid, plot);
  std::string out;
  for (std::size_t y = height; y-- > 0;) {
    const std::string label = y + 1 == height ? top : y == 0 ? bottom : "";
    out += padded(label, labels, true) + " │" + grid.line(y) + "\n";
  }
  const std::size_t both = columns_of(chart.first_label) + columns_of(chart.last_label);
  if (both > 0 && both < plot) {
    out += std::string(labels + 2, ' ') + chart.first_label + std::string(plot - both, ' ') +
           chart.last_label + "\n";
  }
  return out;
}

std::string terminal_table(const TableText& table) {
  std::vector<std::size_t> widths;
  const auto measure = [&](const std::vector<std::string>& row) {
    widths.resize(std::max(widths.size(), row.size()), 0);
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns_of(row[i]));
  };
  measure(table.header);
  for (const auto& row : table.rows) measure(row);
  const auto is_number = [](const std::string& cell) {
    return !cell.empty() &&
           (std::isdigit(static_cast<unsigned char>(cell[cell[0] == '-' || cell[0] == '+' ? 1 : 0])) != 0);
  };
  std::vector<bool> right(widths.size(), !table.rows.empty());
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) right[i] = right[i] && is_number(row[i]);
  }
  std::string out;
  const auto print = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += (i > 0 ? "  " : "") + padded(row[i], widths[i], right[i]);
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  };
  print(table.header);
  for (const auto& row : table.rows) print(row);
  return out;
}

std::string series_page(std::string_view title, std::span<const SeriesSection> sections) {
  std::string out = R"(<!doctype html><html lang="en"><head><meta charset="utf-8">)";
  out += R"(<meta name="viewport" content="width=device-width, initial-scale=1">)";
  out +=
      R"(<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">)";
  out += R"(<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">)";
  out += fmt::format("<title>{0}</title><style>{1}</style></head><body><main class=\"wrap\"><h1>{0}</h1>",
                     html_text(title), brief_css());
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const SeriesSection& section = sections[i];
    out += "<section>" + figure(section.chart, i);
    for (const std::string& sentence : section.sentences)
      out += fmt::format("<p>{}</p>", html_text(sentence));
    if (!section.table.rows.empty()) {
      out += "<table><thead><tr>";
      for (const std::string& cell : section.table.header) out += fmt::format("<th>{}</th>", html_text(cell));
      out += "</tr></thead><tbody>";
      for (const auto& row : section.table.rows) {
        out += "<tr>";
        for (const std::string& cell : row) out += fmt::format("<td>{}</td>", html_text(cell));
        out += "</tr>";
      }
      out += "</tbody></table>";
    }
    out += "</section>";
  }
  return out + "</main></body></html>\n";
}

}  // namespace trimtab::report
