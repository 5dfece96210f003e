// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The scores by which anomaly detectors are compared on labelled series. Pure; sizes of all spans are equal.
namespace trimtab::quality {

struct Segment {
  std::size_t first = 0;
  std::size_t last = 0;  // inclusive
};

// Runs of non-zero labels.
std::vector<Segment> label_segments(std::span<const double> labels);

// ---- NAB v1.1 (Lavin and Ahmad 2015, "Evaluating Real-Time Anomaly Detection Algorithms"). ----

struct NabProfile {
  std::string name;
  double true_positive = 1;
  double false_positive = 0.11;
  double false_negative = 1;
};
std::vector<NabProfile> nab_profiles();

struct NabSeries {
  std::vector<double> scores;    // a row each, in [0, 1]
  std::vector<Segment> windows;  // disjoint, sorted
};

struct NabScore {
  double score = 0;      // 0: no detection at all, 100: every window found at its left edge, no false alarm
  double threshold = 0;  // a row is a detection when its score is at least this
  std::size_t windows_found = 0;
  std::size_t windows = 0;
  std::size_t false_detections = 0;
};

// Rows at the start of a file that do not count: 15 % of it, of 5000 rows at most.
std::size_t nab_probation(std::size_t rows);

// The corpus' score at its best single threshold, as the benchmark defines it, and at a given one.
NabScore nab_best(std::span<const NabSeries> corpus, const NabProfile& profile);
NabScore nab_at(std::span<const NabSeries> corpus, const NabProfile& profile, double threshold);

// ---- VUS-PR (Paparrizos et al., VLDB 2022; as in TSB-AD, NeurIPS 2024). ----

// Volume under the (precision, recall, buffer) surface, buffers 0 … buffer_max rows in steps of `step`,
// 250 thresholds at even ranks. Returns 0 when there is no labelled row.
double vus_pr(std::span<const double> scores, std::span<const double> labels, std::size_t buffer_max,
              std::size_t step);

// ---- Event-wise counts. ----

struct EventCounts {
  std::size_t segments = 0;
  std::size_t segments_found = 0;
  std::size_t alarms = 0;       // runs of flagged rows
  std::size_t true_alarms = 0;  // those that touch a segment
  EventCounts& operator+=(const EventCounts& other);
  double recall() const;
  double precision() const;
  double f1() const;
};
EventCounts count_events(std::span<const char> flagged, std::span<const double> labels);

// Plain and point-adjusted F1 of flags; `delay_max`: a segment counts as found only when flagged within its
// first delay_max + 1 rows (AIOps challenge 2018); a huge value gives the usual point adjustment.
struct PointCounts {
  double true_positive = 0;
  double false_positive = 0;
  double false_negative = 0;
  PointCounts& operator+=(const PointCounts& other);
  double f1() const;
};
PointCounts count_points(std::span<const char> flagged, std::span<const double> labels);
PointCounts count_adjusted(std::span<const char> flagged, std::span<const double> labels,
                           std::size_t delay_max);

// ---- Interpretation: which metrics made an anomaly (OmniAnomaly: Su et al., KDD 2019). ----

struct LabelledCauses {
  Segment segment;
  std::vector<std::size_t> metrics;  // from 0
};
// Lines "first-last:metric,metric,..." with metrics counted from 1; lines of another form are left out.
std::vector<LabelledCauses> parse_causes(std::string_view text);

// Share of the true metrics among the first 1.0 and 1.5 times as many by contribution; sums over segments.
struct HitRates {
  std::size_t segments = 0;
  double at_100 = 0;
  double at_150 = 0;
  void add(std::span<const double> contributions, std::span<const std::size_t> causes);
};

}  // namespace trimtab::quality
