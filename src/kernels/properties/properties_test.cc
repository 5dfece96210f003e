// SPDX-License-Identifier: Apache-2.0
// What every kernel must do, one property a test, over the table of all of them.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <numbers>
#include <set>
#include <string>

#include "kernels/noise_testlib.h"
#include "kernels/properties/kernel_table_testlib.h"

namespace trimtab::kernels {
namespace {

using testing::Carries;
using testing::Figure;
using testing::Figures;
using testing::Gaps;
using testing::KernelCase;

const double kNone = std::numeric_limits<double>::quiet_NaN();

// 30 days of hours: a wave, noise that hangs together, a step. Whole multiples of 2^-16, so that moving and
// scaling by whole powers of two loses no digit, not even in single precision.
std::vector<double> sample(unsigned seed) {
  auto out = noise(720, seed, 0.5);
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] += 100 + 5 * std::sin(2 * std::numbers::pi * static_cast<double>(i) / 24) + (i >= 500 ? 6 : 0);
    out[i] = std::ldexp(std::round(std::ldexp(out[i], 16)), -16);
  }
  return out;
}

std::vector<double> with_gaps(std::vector<double> values) {
  for (std::size_t i = 3; i < values.size(); i += 10 + i % 3) values[i] = kNone;
  return values;
}

std::vector<double> carried(std::vector<double> values, double factor, double shift) {
  for (double& value : values) value = factor * value + shift;
  return values;
}

// The figures of factor * x + shift, expected from those of x.
void expect_carried(const KernelCase& kernel, const std::vector<double>& values, double factor,
                    double shift) {
  const Figures plain = kernel.run(values), other = kernel.run(carried(values, factor, shift));
  ASSERT_EQ(plain.size(), other.size()) << kernel.name;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const double value = plain[i].value;
    const double expected = plain[i].carries == Carries::kMoves    ? factor * value + shift
                            : plain[i].carries == Carries::kScales ? factor * value
                                                                   : value;
    if (std::isnan(expected) || std::isinf(expected)) {
      EXPECT_EQ(std::isnan(expected), std::isnan(other[i].value)) << kernel.name << ", figure " << i;
      EXPECT_EQ(std::isinf(expected), std::isinf(other[i].value)) << kernel.name << ", figure " << i;
      continue;
    }
    const double size =
        plain[i].carries == Carries::kStays ? 1 : factor * 100 + std::abs(shift);  // values are around 100
    EXPECT_NEAR(other[i].value, expected, kernel.tolerance * (size + std::abs(expected)))
        << kernel.name << ", figure " << i << " of " << plain.size();
  }
}

void expect_carried_with_and_without_gaps(const KernelCase& kernel, double factor, double shift) {
  for (unsigned seed = 1; seed <= 3; ++seed) {
    expect_carried(kernel, sample(seed), factor, shift);
    if (kernel.gaps != Gaps::kForbidden) expect_carried(kernel, with_gaps(sample(seed)), factor, shift);
  }
}

TEST(EveryKernel, moved_series_give_moved_figures) {
  for (const KernelCase& kernel : kernel_table())
    if (kernel.not_moved.empty()) expect_carried_with_and_without_gaps(kernel, 1, 64);
}

TEST(EveryKernel, scaled_series_give_scaled_figures) {
  for (const KernelCase& kernel : kernel_table()) {
    if (!kernel.not_scaled.empty()) continue;
    expect_carried_with_and_without_gaps(kernel, 1.0 / 64, 0);
    expect_carried_with_and_without_gaps(kernel, 1024, 0);
  }
}

// 0 * x + level: where all values are equal nothing scales, and what moves is the level.
void expect_nothing_but(const KernelCase& kernel, const Figures& figures, double level) {
  const double rounding = std::max(kernel.tolerance, 1e-12) * std::abs(level);
  for (std::size_t i = 0; i < figures.size(); ++i) {
    const double value = figures[i].value;
    if (!std::isfinite(value) || figures[i].carries == Carries::kStays) continue;
    const double expected = figures[i].carries == Carries::kMoves ? level : 0;
    EXPECT_NEAR(value, expected, rounding) << kernel.name << " of " << level << ", figure " << i;
  }
}

TEST(EveryKernel, constant_series_have_their_level_and_no_spread) {
  for (const KernelCase& kernel : kernel_table()) {
    if (!kernel.not_moved.empty()) continue;
    const Figures first = kernel.run(std::vector<double>(720, 7));
    for (const double level : {0.0, 0.1, 7.0, -1048576.25, 1e12, 1.0 / 3}) {
      const Figures figures = kernel.run(std::vector<double>(720, level));
      expect_nothing_but(kernel, figures, level);
      ASSERT_EQ(figures.size(), first.size()) << kernel.name << " of " << level;
      for (std::size_t i = 0; i < figures.size(); ++i) {
        if (figures[i].carries != Carries::kStays || std::isnan(first[i].value)) continue;
        EXPECT_NEAR(figures[i].value, first[i].value, 1e-9)
            << kernel.name << " of " << level << ", figure " << i;
      }
    }
  }
}

TEST(EveryKernel, all_equal_values_say_the_same_in_any_number_and_with_gaps) {
  for (const KernelCase& kernel : kernel_table()) {
    for (const std::size_t count : {2, 3, 5, 8, 13, 50, 120, 333}) {
      if (count < kernel.values_min) continue;
      const std::vector<double> values(count, 5.5);
      const Figures figures = kernel.run(values);
      if (kernel.not_moved.empty()) expect_nothing_but(kernel, figures, 5.5);
      if (kernel.gaps == Gaps::kForbidden || count < 5) continue;
      const Figures gappy = kernel.run(with_gaps(values));
      if (kernel.not_moved.empty()) expect_nothing_but(kernel, gappy, 5.5);
    }
  }
}

TEST(EveryKernel, gaps_are_no_values) {
  for (const KernelCase& kernel : kernel_table()) {
    if (kernel.gaps == Gaps::kForbidden) continue;
    const auto values = sample(4);
    const Figures whole = kernel.run(values);
    if (kernel.gaps == Gaps::kInvisible) {
      std::vector<double> gappy;
      for (std::size_t i = 0; i < values.size(); ++i) {  // as many in either half
        gappy.push_back(values[i]);
        if (i % 5 == 4) gappy.push_back(kNone);
      }
      const Figures same = kernel.run(gappy);
      ASSERT_EQ(whole.size(), same.size()) << kernel.name;
      for (std::size_t i = 0; i < whole.size(); ++i)
        EXPECT_EQ(whole[i].value, same[i].value) << kernel.name << ", figure " << i;
      continue;
    }
    // No figure is lost to a few gaps; with nothing but gaps there is no level and nothing that scales.
    std::size_t lost = 0, before = 0;
    for (const Figure& figure : kernel.run(with_gaps(values))) lost += std::isnan(figure.value) ? 1 : 0;
    for (const Figure& figure : whole) before += std::isnan(figure.value) ? 1 : 0;
    EXPECT_LE(lost, before) << kernel.name;
    if (kernel.values_min > 0) continue;
    const Figures nothing = kernel.run(std::vector<double>(720, kNone));
    if (kernel.not_moved.empty()) expect_nothing_but(kernel, nothing, 0);
  }
}

TEST(EveryKernel, one_point_is_its_own_level_and_spreads_nowhere) {
  for (const KernelCase& kernel : kernel_table()) {
    if (kernel.values_min > 1) continue;
    for (const double level : {0.0, 3.5, -1e9}) {
      const Figures figures = kernel.run(std::vector<double>{level});
      if (!kernel.not_moved.empty()) continue;
      for (std::size_t i = 0; i < figures.size(); ++i) {
        const Figure& figure = figures[i];
        if (!std::isfinite(figure.value) || figure.value == 0 || figure.carries == Carries::kStays) continue;
        EXPECT_EQ(figure.carries, Carries::kMoves) << kernel.name << " of " << level << ", figure " << i;
        EXPECT_EQ(figure.value, level) << kernel.name << ", figure " << i;
      }
    }
  }
}

TEST(EveryKernel, empty_series_have_no_level_and_no_spread) {
  for (const KernelCase& kernel : kernel_table()) {
    if (kernel.values_min > 0) continue;
    for (const Figure& figure : kernel.run({})) {
      if (figure.carries == Carries::kStays || !std::isfinite(figure.value)) continue;
      EXPECT_EQ(figure.value, 0) << kernel.name;
    }
  }
}

// A header without a line in the table would be a kernel that none of these tests see.
TEST(EveryKernel, is_in_the_table) {
  namespace fs = std::filesystem;
  const fs::path source = fs::path(TRIMTAB_SOURCE_DIR) / "src";
  std::set<std::string> named;
  for (const auto& file : fs::directory_iterator(source / "kernels/properties")) {
    if (!file.path().string().ends_with("_testlib.cc")) continue;
    std::ifstream in(file.path());
    for (std::string line; std::getline(in, line);)
      if (line.starts_with("#include \"")) named.insert(line.substr(10, line.size() - 11));
  }
  for (const auto& file : fs::recursive_directory_iterator(source / "kernels")) {
    const std::string name = fs::relative(file.path(), source).string();
    if (!name.ends_with(".h") || name.ends_with("_testlib.h")) continue;
    if (name == "kernels/anomaly/state_bytes.h") continue;  // how detectors are saved
    EXPECT_TRUE(named.contains(name)) << name;
  }
}

}  // namespace
}  // namespace trimtab::kernels
