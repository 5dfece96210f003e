// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "query/engine/engine_testlib.h"

namespace trimtab::promql {
namespace {

// Counters with resets, gauges with NaN and infinities, gaps, stale markers, jitter and two intervals.
void load_random(MemoryStore& store, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto chance = [&](double p) { return std::uniform_real_distribution<>(0, 1)(random) < p; };
  for (int series = 0; series < 40; ++series) {
    const bool counter = series % 2 == 0;
    const Labels labels{{std::string(kMetricName), counter ? "c_total" : "g"},
                        {"i", std::to_string(series / 2)},
                        {"j", std::to_string(series % 3)},
                        {"le", series % 4 < 2 ? "1" : "+Inf"}};
    const SeriesId id = store.ensure_series(labels).value();
    const DurationMs interval = series % 5 == 0 ? 30 * kSecondMs : 15 * kSecondMs;
    double value = 0;
    std::vector<Sample> samples;
    for (TimestampMs t = series * 700; t < kHourMs; t += interval) {
      if (chance(0.05)) t += 4 * kMinuteMs;
      value = counter ? (chance(0.03) ? 0 : value + std::uniform_real_distribution<>(0, 1e6)(random))
                      : std::normal_distribution<>(0, 100)(random);
      double stored = value;
      if (chance(0.01)) stored = stale_marker();
      if (!counter && chance(0.01)) stored = std::numeric_limits<double>::infinity();
      if (!counter && chance(0.01)) stored = std::nan("");
      samples.push_back({id, t, stored});
    }
    CHECK(store.append(samples).has_value());
  }
}

constexpr std::string_view kQueries[] = {
    "g",
    "timestamp(g offset 20s)",
    "rate(c_total[2m])",
    "sum by (j) (rate(c_total[5m]))",
    "avg without (i) (g)",
    "stddev by (j) (g)",
    "quantile by (j) (0.3, g)",
    "topk by (j) (2, g)",
    "count_values(\"v\", floor(g / 100))",
    "sum_over_time(g[10m])",
    "avg_over_time(c_total[10m])",
    "stddev_over_time(c_total[10m])",
    "stdvar_over_time(g[3m])",
    "min_over_time(g[7m])",
    "max_over_time(g[7m])",
    "quantile_over_time(0.9, g[5m])",
    "mad_over_time(g[3m])",
    "changes(g[5m]) + on (i) group_left () sum by (i) (resets(c_total[5m]))",
    "deriv(c_total[5m])",
    "predict_linear(g[5m], 600)",
    "double_exponential_smoothing(c_total[5m], 0.3, 0.6)",
    "irate(c_total[1m]) * on () group_left () sum(g > 0)",
    "g and on (i) (c_total > 1e6) or -g",
    "histogram_quantile(0.9, sum by (j, le) (rate(c_total[5m])))",
    "max_over_time(sum by (j) (rate(c_total[1m]))[10m:1m])",
    "absent_over_time(g{i=\"3\"}[1m])",
    "sum(g) / sum(g) + count(g)",
    "label_replace(g, \"k\", \"$1\", \"i\", \"(.).*\") * 2",
    "clamp(g, -10, scalar(avg(g)))",
    "increase(c_total[10m] @ end()) + on () group_left () vector(time())",
};

std::string row_of(const Labels& labels, double value) {
  return fmt::format("{} {:016x}", labels.to_string(), std::bit_cast<std::uint64_t>(value));
}

class Properties : public ::testing::Test {
 protected:
  void SetUp() override { load_random(store_, 7); }
  MemoryStore store_;
};

// Windowed sums in a range query are built differently from those of one instant; they must still be the same
// but for the last bits.
TEST_F(Properties, a_range_query_gives_at_each_step_what_an_instant_query_gives) {
  const QueryWindow window = QueryWindow::over(5 * kMinuteMs, 55 * kMinuteMs, 100 * kSecondMs);
  for (const std::string_view query : kQueries) {
    if (query.find("end()") != std::string_view::npos) continue;
    const auto range = run(store_, query, window);
    ASSERT_TRUE(range) << query << ": " << range.error().message();
    std::size_t compared = 0;
    for (std::size_t c = 0; c < range->columns; ++c) {
      std::vector<std::pair<Labels, double>> column;
      for (std::size_t row = 0; row < range->rows(); ++row) {
        if (!is_stale_marker(range->row(row)[c])) column.emplace_back(range->labels[row], range->row(row)[c]);
      }
      const auto instant =
          run(store_, query, QueryWindow::at(window.start_ms + static_cast<DurationMs>(c) * window.step_ms));
      ASSERT_TRUE(instant) << query << ": " << instant.error().message();
      std::vector<std::pair<Labels, double>> wanted;
      for (std::size_t row = 0; row < instant->rows(); ++row)
        wanted.emplace_back(instant->labels[row], instant->row(row)[0]);
      std::sort(wanted.begin(), wanted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      ASSERT_EQ(column.size(), wanted.size()) << query << " step " << c;
      for (std::size_t row = 0; row < wanted.size(); ++row) {
        ASSERT_EQ(column[row].first, wanted[row].first) << query << " step " << c;
        const double a = column[row].second;
        const double b = wanted[row].second;
        const bool same =
            a == b || (std::isnan(a) && std::isnan(b)) || std::fabs(a - b) <= 1e-12 * std::fabs(b);
        ASSERT_TRUE(same) << query << " step " << c << " " << wanted[row].first.to_string() << ": " << a
                          << " and " << b;
        ++compared;
      }
    }
    EXPECT_GT(compared, 0u) << query;
  }
}

TEST_F(Properties, the_answer_is_the_same_to_the_bit_at_any_number_of_threads) {
  for (int copy = 0; copy < 20; ++copy) {  // more series than one block holds
    const SeriesId id =
        store_.ensure_series({{std::string(kMetricName), "g"}, {"i", fmt::format("x{}", copy)}}).value();
    std::vector<Sample> samples;
    for (int i = 0; i < 200; ++i) samples.push_back({id, i * 15'000, std::sin(i * copy) * 1e9});
    CHECK(store_.append(samples).has_value());
  }
  for (int i = 0; i < 600; ++i) {
    const SeriesId id =
        store_.ensure_series({{std::string(kMetricName), "g"}, {"i", fmt::format("y{}", i)}}).value();
    const Sample sample{id, 600'000, std::sin(i) * 1e-3};
    CHECK(store_.append({&sample, 1}).has_value());
  }
  for (const std::string_view query : kQueries) {
    std::vector<std::string> answers;
    for (const unsigned threads : {1u, 4u}) {
      QueryOptions options;
      options.threads = threads;
      const auto answer = run(store_, query, QueryWindow::over(0, kHourMs, kMinuteMs), options);
      ASSERT_TRUE(answer) << query << ": " << answer.error().message();
      std::string text;
      for (std::size_t row = 0; row < answer->rows(); ++row) {
        for (const double v : answer->row(row)) text += row_of(answer->labels[row], v) + "\n";
      }
      answers.push_back(text);
    }
    EXPECT_FALSE(answers[0].empty()) << query;
    EXPECT_TRUE(answers[0] == answers[1]) << query;
  }
}

}  // namespace
}  // namespace trimtab::promql
