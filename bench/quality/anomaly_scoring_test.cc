// SPDX-License-Identifier: Apache-2.0
#include "quality/anomaly_scoring.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace trimtab::quality {
namespace {

// 1000 rows, one window 500-599; probation is 150 rows.
NabSeries with_scores(const std::vector<std::size_t>& ones) {
  NabSeries series{.scores = std::vector<double>(1000, 0), .windows = {{500, 599}}};
  for (const std::size_t row : ones) series.scores[row] = 1;
  return series;
}

double standard_at(const NabSeries& series) {
  return nab_at(std::vector<NabSeries>{series}, nab_profiles()[0], 0.5).score;
}

TEST(NabScore, null_is_0_and_the_left_edge_is_100) {
  EXPECT_DOUBLE_EQ(standard_at(with_scores({})), 0);
  EXPECT_DOUBLE_EQ(standard_at(with_scores({500})), 100);
  EXPECT_DOUBLE_EQ(standard_at(with_scores({500, 501, 550})), 100);  // only the first counts
  EXPECT_NEAR(standard_at(with_scores({599})), 50, 2);               // the right edge earns next to nothing
}

TEST(NabScore, false_detections_cost_by_distance_and_probation_is_free) {
  EXPECT_DOUBLE_EQ(standard_at(with_scores({100, 500})), 100);
  EXPECT_NEAR(standard_at(with_scores({200, 500})), 100 - 50 * 0.11, 1e-9);  // before any window: full cost
  const double near = standard_at(with_scores({500, 602}));
  const double far = standard_at(with_scores({500, 999}));
  EXPECT_GT(near, far);
  EXPECT_NEAR(far, 100 - 50 * 0.11, 1e-6);
}

TEST(NabScore, best_threshold_leaves_out_what_costs_more_than_it_earns) {
  NabSeries series = with_scores({});
  series.scores[510] = 0.9;
  series.scores[300] = 0.4;
  const NabScore best = nab_best(std::vector<NabSeries>{series}, nab_profiles()[0]);
  EXPECT_DOUBLE_EQ(best.threshold, 0.9);
  EXPECT_EQ(best.windows_found, 1U);
  EXPECT_EQ(best.false_detections, 0U);
}

TEST(VusPr, perfect_beats_random_beats_inverted_and_no_label_is_0) {
  std::vector<double> labels(2000, 0);
  std::vector<double> perfect(2000, 0);
  std::vector<double> mixed(2000);
  for (std::size_t i = 0; i < 2000; ++i) {
    if (i >= 900 && i < 1000) labels[i] = perfect[i] = 1;
    perfect[i] += 1e-6 * static_cast<double>((i * 7919) % 2000);
    mixed[i] = static_cast<double>((i * 7919) % 2000);
  }
  std::vector<double> inverted = perfect;
  for (double& value : inverted) value = -value;
  const double best = vus_pr(perfect, labels, 100, 20);
  const double chance = vus_pr(mixed, labels, 100, 20);
  EXPECT_GT(best, 0.75);
  EXPECT_NEAR(chance, 0.06, 0.04);
  EXPECT_LT(vus_pr(inverted, labels, 100, 20), chance + 0.01);
  EXPECT_EQ(vus_pr(mixed, std::vector<double>(2000, 0), 100, 20), 0);
  EXPECT_NEAR(vus_pr(perfect, labels, 0, 1), 1, 0.02);  // without buffers: the plain area
}

TEST(EventCounts, alarms_and_segments_are_runs) {
  const std::vector<double> labels = {0, 1, 1, 0, 0, 1, 0, 0};
  const std::vector<char> flags = {1, 1, 0, 1, 0, 0, 0, 1};
  const EventCounts counts = count_events(flags, labels);
  EXPECT_EQ(counts.segments, 2U);
  EXPECT_EQ(counts.segments_found, 1U);
  EXPECT_EQ(counts.alarms, 3U);
  EXPECT_EQ(counts.true_alarms, 1U);
  EXPECT_NEAR(counts.f1(), 2 * (0.5 / 3) / (0.5 + 1.0 / 3), 1e-12);
}

TEST(HitRates, share_of_the_true_metrics_among_the_first) {
  const auto causes = parse_causes("3-5:1,4\n\nodd line\n10-10:2\n7-6:1\n");
  ASSERT_EQ(causes.size(), 2U);
  EXPECT_EQ(causes[0].segment.first, 3U);
  EXPECT_EQ(causes[0].segment.last, 5U);
  EXPECT_EQ(causes[0].metrics, (std::vector<std::size_t>{0, 3}));
  EXPECT_EQ(causes[1].metrics, (std::vector<std::size_t>{1}));
  HitRates rates;
  rates.add(std::vector<double>{5, 1, 4, 3}, causes[0].metrics);  // order 0, 2, 3, 1
  EXPECT_EQ(rates.at_100, 0.5);
  EXPECT_EQ(rates.at_150, 1);
  rates.add(std::vector<double>{5, 1, 4, 3}, causes[1].metrics);
  EXPECT_EQ(rates.segments, 2U);
  EXPECT_EQ(rates.at_100, 0.5);
}

TEST(PointCounts, adjusted_counts_a_segment_found_in_time_as_a_whole) {
  const std::vector<double> labels = {0, 1, 1, 1, 1, 0};
  const std::vector<char> late = {0, 0, 0, 0, 1, 0};
  EXPECT_NEAR(count_points(late, labels).f1(), 2.0 / 5, 1e-12);
  EXPECT_EQ(count_adjusted(late, labels, 7).f1(), 1);
  EXPECT_EQ(count_adjusted(late, labels, 2).f1(), 0);
}

}  // namespace
}  // namespace trimtab::quality
