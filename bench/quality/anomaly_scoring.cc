// SPDX-License-Identifier: Apache-2.0
#include "quality/anomaly_scoring.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>

namespace trimtab::quality {
namespace {

// 2 / (1 + e^(5y)) - 1: near 1 well inside a window, 0 at its right edge, near -1 behind it.
double sigmoid(double y) { return 2 / (1 + std::exp(5 * y)) - 1; }

constexpr double kFarBehind = 3;  // window widths
constexpr std::size_t kNoWindow = std::numeric_limits<std::size_t>::max();

struct Row {
  double score = 0;
  double credit = 0;               // of a detection here
  std::size_t window = kNoWindow;  // over the whole corpus
};

// What a detection at each counted row would earn.
std::vector<Row> nab_rows(std::span<const NabSeries> corpus, const NabProfile& profile) {
  std::vector<Row> rows;
  std::size_t windows_before = 0;
  for (const NabSeries& series : corpus) {
    std::size_t next = 0;  // the window that ends at or after this row
    for (std::size_t i = 0; i < series.scores.size(); ++i) {
      while (next < series.windows.size() && series.windows[next].last < i) ++next;
      if (i < nab_probation(series.scores.size())) continue;
      Row row{.score = series.scores[i]};
      if (next < series.windows.size() && series.windows[next].first <= i) {
        const Segment& window = series.windows[next];
        const double width = static_cast<double>(window.last - window.first + 1);
        const double y = -static_cast<double>(window.last - i + 1) / width;
        row.credit = profile.true_positive * sigmoid(y) / sigmoid(-1);
        row.window = windows_before + next;
      } else if (next == 0) {
        row.credit = -profile.false_positive;
      } else {
        const Segment& window = series.windows[next - 1];
        const double y =
            static_cast<double>(i - window.last) / static_cast<double>(window.last - window.first);
        row.credit = profile.false_positive * (y > kFarBehind ? -1 : sigmoid(y));
      }
      rows.push_back(row);
    }
    windows_before += series.windows.size();
  }
  return rows;
}

std::size_t count_windows(std::span<const NabSeries> corpus) {
  std::size_t count = 0;
  for (const NabSeries& series : corpus) count += series.windows.size();
  return count;
}

// Lowers the threshold row by row and keeps the best; `stop` ends the sweep at a given threshold.
NabScore sweep(std::span<const NabSeries> corpus, const NabProfile& profile, bool keep_best, double stop) {
  std::vector<Row> rows = nab_rows(corpus, profile);
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.score > b.score; });
  NabScore now{.threshold = 1.1, .windows = count_windows(corpus)};
  std::vector<double> credit(now.windows, -profile.false_negative);
  const double null = -profile.false_negative * static_cast<double>(now.windows);
  const double perfect = profile.true_positive * static_cast<double>(now.windows);
  double raw = null;
  NabScore best = now;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!keep_best && rows[i].score < stop) break;
    if (rows[i].window == kNoWindow) {
      raw += rows[i].credit;
      ++now.false_detections;
    } else {
      double& held = credit[rows[i].window];
      if (held == -profile.false_negative) ++now.windows_found;
      if (rows[i].credit > held) {
        raw += rows[i].credit - held;
        held = rows[i].credit;
      }
    }
    now.threshold = rows[i].score;
    now.score = 100 * (raw - null) / (perfect - null);
    const bool tied = i + 1 < rows.size() && rows[i + 1].score == rows[i].score;
    if (keep_best && !tied && now.score > best.score) best = now;
  }
  return keep_best ? best : now;
}

}  // namespace

std::vector<Segment> label_segments(std::span<const double> labels) {
  std::vector<Segment> segments;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] <= 0) continue;
    if (i > 0 && labels[i - 1] > 0 && labels[i - 1] == labels[i]) {
      segments.back().last = i;
    } else {
      segments.push_back({.first = i, .last = i});
    }
  }
  return segments;
}

std::vector<NabProfile> nab_profiles() {
  return {{"standard", 1, 0.11, 1}, {"reward_low_FP", 1, 0.22, 1}, {"reward_low_FN", 1, 0.11, 2}};
}

std::size_t nab_probation(std::size_t rows) {
  return static_cast<std::size_t>(0.15 * static_cast<double>(std::min<std::size_t>(rows, 5000)));
}

NabScore nab_best(std::span<const NabSeries> corpus, const NabProfile& profile) {
  return sweep(corpus, profile, true, 0);
}

NabScore nab_at(std::span<const NabSeries> corpus, const NabProfile& profile, double threshold) {
  return sweep(corpus, profile, false, threshold);
}

double vus_pr(std::span<const double> scores, std::span<const double> labels, std::size_t buffer_max,
              std::size_t step) {
  constexpr std::size_t kThresholds = 250;
  const std::size_t count = scores.size();
  std::vector<double> binary(count);
  for (std::size_t i = 0; i < count; ++i) binary[i] = labels[i] > 0 ? 1 : 0;
  const std::vector<Segment> segments = label_segments(binary);
  if (segments.empty()) return 0;
  const double positives = std::accumulate(binary.begin(), binary.end(), 0.0);

  std::vector<double> sorted(scores.begin(), scores.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  std::vector<double> thresholds(kThresholds);
  std::vector<double> predicted(kThresholds);
  for (std::size_t k = 0; k < kThresholds; ++k) {
    thresholds[k] = sorted[static_cast<std::size_t>(static_cast<double>(k) * static_cast<double>(count - 1) /
                                                    (kThresholds - 1))];
    predicted[k] = static_cast<double>(
        std::upper_bound(sorted.begin(), sorted.end(), thresholds[k], std::greater<>()) - sorted.begin());
  }
  // thresholds[k] falls with k: the first k at which a row is predicted, by binary search.
  std::vector<std::size_t> first_predicted(count);
  for (std::size_t i = 0; i < count; ++i) {
    first_predicted[i] = static_cast<std::size_t>(
        std::lower_bound(thresholds.begin(), thresholds.end(), scores[i], std::greater<>()) -
        thresholds.begin());
  }

  const auto widened = [&](std::size_t width) {
    std::vector<Segment> out;
    for (const Segment& segment : segments) {
      const std::size_t first = segment.first >= width / 2 ? segment.first - width / 2 : 0;
      const std::size_t last = std::min(count - 1, segment.last + width / 2);
      if (!out.empty() && first <= out.back().last + 1) {
        out.back().last = last;
      } else {
        out.push_back({first, last});
      }
    }
    return out;
  };

  double volume = 0;
  std::size_t buffers = 0;
  for (std::size_t buffer = 0; buffer <= buffer_max; buffer += step, ++buffers) {
    std::vector<double> soft(binary);
    const double width = static_cast<double>(std::max<std::size_t>(buffer, 1));
    for (const Segment& segment : segments) {
      for (std::size_t k = 1; k <= buffer / 2; ++k) {
        const double add = std::sqrt(1 - static_cast<double>(k) / width);
        if (segment.last + k < count) soft[segment.last + k] += add;
        if (segment.first >= k) soft[segment.first - k] += add;
      }
    }
    for (double& value : soft) value = std::min(value, 1.0);
    // Sums per first threshold index, then cumulated: true positives and labels kept at each threshold.
    std::vector<double> hits(kThresholds + 1, 0);
    std::vector<double> kept(kThresholds + 1, 0);
    std::vector<double> regions_found(kThresholds + 1, 0);
    const std::vector<Segment> regions = widened(buffer);
    for (const Segment& region : regions) {
      std::size_t first = kThresholds;
      for (std::size_t i = region.first; i <= region.last; ++i) {
        first = std::min(first, first_predicted[i]);
        hits[first_predicted[i]] += soft[i];
        if (binary[i] == 0) kept[first_predicted[i]] += soft[i];
      }
      regions_found[first] += 1;
    }
    double true_positives = 0;
    double labels_kept = positives;
    double found = 0;
    double recall_before = 0;
    double area = 0;
    for (std::size_t k = 0; k < kThresholds; ++k) {
      true_positives += hits[k];
      labels_kept += kept[k];
      found += regions_found[k];
      const double recall = std::min(1.0, true_positives / ((positives + labels_kept) / 2)) * found /
                            static_cast<double>(regions.size());
      area += (recall - recall_before) * true_positives / predicted[k];
      recall_before = recall;
    }
    volume += area;
  }
  return volume / static_cast<double>(buffers);
}

EventCounts& EventCounts::operator+=(const EventCounts& other) {
  segments += other.segments;
  segments_found += other.segments_found;
  alarms += other.alarms;
  true_alarms += other.true_alarms;
  return *this;
}

double EventCounts::recall() const {
  return segments == 0 ? 0 : static_cast<double>(segments_found) / static_cast<double>(segments);
}

double EventCounts::precision() const {
  return alarms == 0 ? 0 : static_cast<double>(true_alarms) / static_cast<double>(alarms);
}

double EventCounts::f1() const {
  const double sum = recall() + precision();
  return sum > 0 ? 2 * recall() * precision() / sum : 0;
}

EventCounts count_events(std::span<const char> flagged, std::span<const double> labels) {
  EventCounts counts;
  for (const Segment& segment : label_segments(labels)) {
    ++counts.segments;
    for (std::size_t i = segment.first; i <= segment.last; ++i) {
      if (flagged[i] == 0) continue;
      ++counts.segments_found;
      break;
    }
  }
  for (std::size_t i = 0; i < flagged.size(); ++i) {
    if (flagged[i] == 0) continue;
    bool touches = false;
    for (; i < flagged.size() && flagged[i] != 0; ++i) touches = touches || labels[i] > 0;
    ++counts.alarms;
    counts.true_alarms += touches ? 1 : 0;
  }
  return counts;
}

PointCounts& PointCounts::operator+=(const PointCounts& other) {
  true_positive += other.true_positive;
  false_positive += other.false_positive;
  false_negative += other.false_negative;
  return *this;
}

double PointCounts::f1() const {
  const double sum = 2 * true_positive + false_positive + false_negative;
  return sum > 0 ? 2 * true_positive / sum : 0;
}

PointCounts count_points(std::span<const char> flagged, std::span<const double> labels) {
  PointCounts counts;
  for (std::size_t i = 0; i < flagged.size(); ++i) {
    const bool flag = flagged[i] != 0;
    const bool label = labels[i] > 0;
    counts.true_positive += flag && label ? 1 : 0;
    counts.false_positive += flag && !label ? 1 : 0;
    counts.false_negative += !flag && label ? 1 : 0;
  }
  return counts;
}

PointCounts count_adjusted(std::span<const char> flagged, std::span<const double> labels,
                           std::size_t delay_max) {
  std::vector<char> adjusted(flagged.begin(), flagged.end());
  for (const Segment& segment : label_segments(labels)) {
    const std::size_t reach =
        segment.last - segment.first > delay_max ? segment.first + delay_max : segment.last;
    bool found = false;
    for (std::size_t i = segment.first; i <= reach; ++i) found = found || flagged[i] != 0;
    for (std::size_t i = segment.first; i <= segment.last; ++i) adjusted[i] = found ? 1 : 0;
  }
  return count_points(adjusted, labels);
}

std::vector<LabelledCauses> parse_causes(std::string_view text) {
  std::vector<LabelledCauses> out;
  const auto number = [&](char stop, std::size_t& value) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return false;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty() || text.front() != stop) return stop == '\n';
    text.remove_prefix(1);
    return true;
  };
  while (!text.empty()) {
    LabelledCauses causes;
    std::size_t metric = 0;
    if (number('-', causes.segment.first) && number(':', causes.segment.last)) {
      while (number(',', metric)) causes.metrics.push_back(metric - 1);
      if (metric > 0) causes.metrics.push_back(metric - 1);
    }
    if (!causes.metrics.empty() && causes.segment.first <= causes.segment.last) out.push_back(causes);
    const std::size_t end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

void HitRates::add(std::span<const double> contributions, std::span<const std::size_t> causes) {
  std::vector<std::size_t> order(contributions.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return contributions[a] > contributions[b]; });
  const auto share = [&](std::size_t first) {
    std::size_t hits = 0;
    for (std::size_t i = 0; i < std::min(first, order.size()); ++i) {
      hits += std::find(causes.begin(), causes.end(), order[i]) != causes.end() ? 1 : 0;
    }
    return static_cast<double>(hits) / static_cast<double>(causes.size());
  };
  ++segments;
  at_100 += share(causes.size());
  at_150 += share(causes.size() * 3 / 2);
}

}  // namespace trimtab::quality
