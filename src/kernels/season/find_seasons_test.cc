// SPDX-License-Identifier: Apache-2.0
#include "kernels/season/find_seasons.h"
#include "kernels/noise_testlib.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>
#include <random>
#include <vector>

namespace trimtab::kernels {
namespace {

double wave(std::size_t i, double period) {
  return std::sin(2 * std::numbers::pi * static_cast<double>(i) / period);
}

TEST(FindSeasons, hour_in_a_day_is_found_with_its_period) {
  SeasonSearch search;
  for (const std::size_t period : {std::size_t{12}, std::size_t{24}, std::size_t{96}, std::size_t{288}}) {
    auto values = noise(4000, 1, 0.5);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] += 3 * wave(i, static_cast<double>(period));
    const auto seasons = find_seasons(values, search);
    ASSERT_FALSE(seasons.empty()) << period;
    EXPECT_NEAR(static_cast<double>(seasons[0].period), static_cast<double>(period),
                0.02 * static_cast<double>(period));
    EXPECT_GT(seasons[0].strength, 0.2);
  }
}

TEST(FindSeasons, two_seasons_are_both_found) {
  auto values = noise(6000, 2, 0.3);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += 4 * wave(i, 24) + 4 * wave(i, 168);
  SeasonSearch search;
  const auto seasons = find_seasons(values, search);
  bool day = false;
  bool week = false;
  for (const Season& season : seasons) {
    day = day || season.period == 24;
    week = week || season.period == 168;
  }
  EXPECT_TRUE(week || (day && seasons.size() > 1));
}

TEST(FindSeasons, red_noise_trends_and_steps_have_none) {
  SeasonSearch search;
  std::size_t found = 0;
  std::size_t tried = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    for (const double phi : {0.0, 0.9, 1.0}) {
      auto values = noise(1000, seed, phi);
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (seed % 3 == 1) values[i] += 0.01 * static_cast<double>(i);
        if (seed % 3 == 2 && i > 600) values[i] += 8;
      }
      found += find_seasons(values, search).empty() ? 0 : 1;
      ++tried;
    }
  }
  EXPECT_LE(static_cast<double>(found) / static_cast<double>(tried), 0.02);
}

TEST(FindSeasons, energy_spread_over_many_harmonics_is_found_at_its_own_period) {
  SeasonSearch search;
  std::mt19937 random(9);
  std::normal_distribution<double> normal;
  std::vector<double> drawn(144);
  for (double& value : drawn) value = normal(random);
  const auto shape = [&](int kind, std::size_t phase) {
    if (kind == 0) return 2 * drawn[phase];                     // every harmonic as strong as the next
    if (kind == 1) return phase >= 5 && phase < 8 ? 8.0 : 0.0;  // a job of three cells
    return phase < 48 ? 3.0 : 0.0;                              // office hours
  };
  for (int kind = 0; kind < 3; ++kind) {
    for (const std::size_t count : {std::size_t{3000}, std::size_t{10000}}) {
      auto values = noise(count, 5, 0.7);
      for (std::size_t i = 0; i < count; ++i) values[i] += shape(kind, i % 144);
      const auto seasons = find_seasons(values, search);
      ASSERT_FALSE(seasons.empty()) << kind << " of " << count;
      EXPECT_EQ(seasons[0].period, 144u) << kind << " of " << count;
    }
  }
}

TEST(FindSeasons, lines_on_nothing_are_told_from_their_skirts) {
  std::vector<double> values(1200);
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = 10 + 3 * wave(i, 24) + 0.1 * static_cast<double>(i * 7919 % 13);
  SeasonSearch search;
  const auto seasons = find_seasons(values, search);
  ASSERT_FALSE(seasons.empty());
  EXPECT_EQ(seasons[0].period, 24u);
}

TEST(FindSeasons, workspace_of_another_series_changes_nothing) {
  auto values = noise(1500, 7, 0.5);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] += 3 * wave(i, 30);
  SeasonSearch fresh, used;
  (void)find_seasons(noise(5000, 8, 0.9), used);
  (void)find_seasons(std::vector<double>(100, std::nan("")), used);
  const auto a = find_seasons(values, fresh);
  const auto b = find_seasons(values, used);
  ASSERT_EQ(a.size(), b.size());
  ASSERT_FALSE(a.empty());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].period, b[i].period);
    EXPECT_EQ(a[i].strength, b[i].strength);
  }
}

TEST(FindSeasons, gaps_do_not_hide_it_and_too_little_gives_none) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  auto values = noise(2000, 4, 0.5);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] += 3 * wave(i, 60);
    if (i % 5 == 0 || (i > 700 && i < 800)) values[i] = none;
  }
  SeasonSearch search;
  const auto seasons = find_seasons(values, search);
  ASSERT_FALSE(seasons.empty());
  EXPECT_NEAR(static_cast<double>(seasons[0].period), 60, 1.2);
  EXPECT_TRUE(find_seasons({}, search).empty());
  EXPECT_TRUE(find_seasons(std::vector<double>{1}, search).empty());
  EXPECT_TRUE(find_seasons(std::vector<double>(500, 3.5), search).empty());
  EXPECT_TRUE(find_seasons(std::vector<double>(500, none), search).empty());
}

}  // namespace
}  // namespace trimtab::kernels
