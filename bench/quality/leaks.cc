// SPDX-License-Identifier: Apache-2.0
// Simulated memory of processes, 7 days at 5 minutes, one seed per case: half of them leak so that they would
// reach their limit within a week of the leak's start, half do not: caches that fill, red noise, garbage
// collection, daily load, steps, restarts.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "kernels/leak/leak.h"
#include "kernels/trend.h"
#include "quality/sets.h"

namespace trimtab::quality {
namespace {

constexpr std::size_t kDay = 288;
constexpr std::size_t kCells = 7 * kDay;
constexpr int kCasesPerKind = 300;

struct Noise {
  std::mt19937_64 random;
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> uniform;
  double red = 0;
  double next(double phi) { return red = phi * red + std::sqrt(1 - phi * phi) * normal(random); }
};

// What every process has: load by day, garbage collection, noise. In share of the limit.
std::vector<double> base(Noise& noise, bool collected) {
  std::vector<double> out(kCells);
  const double level = 0.2 + 0.2 * noise.uniform(noise.random);
  const double swing = 0.06 * noise.uniform(noise.random);
  const double saw = collected ? 0.02 + 0.1 * noise.uniform(noise.random) : 0;
  const auto saw_cells = static_cast<std::size_t>(4 + 20 * noise.uniform(noise.random));
  const double phi = 0.9 * noise.uniform(noise.random);
  for (std::size_t i = 0; i < kCells; ++i) {
    const double day = 2 * std::numbers::pi * static_cast<double>(i % kDay) / kDay;
    out[i] = level + swing * (1 + std::sin(day)) +
             saw * static_cast<double>(i % saw_cells) / static_cast<double>(saw_cells) +
             0.01 * noise.next(phi);
  }
  return out;
}

constexpr std::array<const char*, 4> kLeaks{"steady leak", "leak under garbage collection",
                                            "leak after a restart", "leak from the third day on"};
std::vector<double> leaking(std::size_t kind, Noise& noise) {
  auto out = base(noise, kind == 1);
  const double days = 1.5 + 5.5 * noise.uniform(noise.random);  // to the limit
  const double slope = 0.6 / (days * kDay);
  const std::size_t start = kind == 2 ? 2 * kDay : kind == 3 ? 3 * kDay : 0;
  for (std::size_t i = 0; i < kCells; ++i) {
    const std::size_t age = i >= start ? i - start : kind == 2 ? i : 0;
    out[i] += std::min(0.75, slope * static_cast<double>(age));
  }
  // A process that reached its limit ends there.
  const auto full = std::find_if(out.begin(), out.end(), [](double v) { return v >= 1; });
  out.erase(full, out.end());
  return out;
}

constexpr std::array<const char*, 7> kQuiet{"plain",       "garbage collection", "cache that fills",
                                            "one step",    "strongly red noise", "restarts without leak",
                                            "slow warm-up"};
std::vector<double> quiet(std::size_t kind, Noise& noise) {
  auto out = base(noise, kind == 1);
  const double fill = kDay * (0.2 + (kind == 6 ? 1.2 : 0.5) * noise.uniform(noise.random));
  const auto at = static_cast<std::size_t>(kCells * (0.2 + 0.6 * noise.uniform(noise.random)));
  Noise slow{std::mt19937_64(noise.random()), {}, {}};
  for (std::size_t i = 0; i < kCells; ++i) {
    const double age = static_cast<double>(kind == 5 ? i % (2 * kDay) : i);
    if (kind == 2 || kind == 6) out[i] += 0.3 * -std::expm1(-age / fill);
    if (kind == 3) out[i] += i >= at ? 0.2 : 0;
    if (kind == 4) out[i] += 0.03 * slow.next(0.98);
    if (kind == 5) out[i] += 0.15 * -std::expm1(-age / (0.1 * kDay));
  }
  return out;
}

}  // namespace

Result<std::vector<Row>> run_leaks(const std::filesystem::path&) {
  kernels::LeakScratch scratch;
  kernels::TrendScratch trend;
  double found = 0, leaks = 0, wrong = 0, calm = 0, base_found = 0, base_wrong = 0, caches = 0,
         caches_told = 0;
  std::string missed, false_ones;
  const auto says_trend = [&](std::span<const double> values) {
    const kernels::Trend fit = kernels::fit_trend(values, trend);
    return fit.slope > 0 && fit.probability < 1e-3;
  };
  std::uint64_t seed = 1;
  for (std::size_t kind = 0; kind < kLeaks.size(); ++kind) {
    int here = 0;
    for (int i = 0; i < kCasesPerKind; ++i) {
      Noise noise{std::mt19937_64(seed++), {}, {}};
      const auto values = leaking(kind, noise);
      const bool told = kernels::find_leak(values, {}, scratch).kind == kernels::LeakKind::kLeak;
      here += told;
      base_found += says_trend(values);
    }
    found += here;
    leaks += kCasesPerKind;
    missed +=
        fmt::format("{}{} {:.3f}", missed.empty() ? "" : ", ", kLeaks[kind], here / double(kCasesPerKind));
  }
  for (std::size_t kind = 0; kind < kQuiet.size(); ++kind) {
    int here = 0;
    for (int i = 0; i < kCasesPerKind; ++i) {
      Noise noise{std::mt19937_64(seed++), {}, {}};
      const auto values = quiet(kind, noise);
      here += kernels::find_leak(values, {}, scratch).kind == kernels::LeakKind::kLeak;
      base_wrong += says_trend(values);
    }
    wrong += here;
    calm += kCasesPerKind;
    if (kind == 2 || kind == 6) caches += kCasesPerKind, caches_told += here;
    false_ones += fmt::format("{}{} {:.3f}", false_ones.empty() ? "" : ", ", kQuiet[kind],
                              here / double(kCasesPerKind));
  }
  // Precision as if half of all processes leaked.
  const auto precision = [&](double told, double false_told) {
    const double t = told / leaks, f = false_told / calm;
    return t + f > 0 ? t / (t + f) : 0;
  };
  return std::vector<Row>{
      {.set = "leaks",
       .metric = "precision",
       .ours = precision(found, wrong),
       .goal = 0.95,
       .baselines = {{"corrected Mann-Kendall alone", precision(base_found, base_wrong)}},
       .note = fmt::format("{:.0f} quiet processes; told wrongly: {}", calm, false_ones)},
      {.set = "leaks",
       .metric = "recall",
       .ours = found / leaks,
       .goal = 0.95,
       .baselines = {{"corrected Mann-Kendall alone", base_found / leaks}},
       .note = fmt::format("{:.0f} leaking ones; found: {}", leaks, missed)},
      {.set = "leaks", .metric = "caches left in peace", .ours = 1 - caches_told / caches, .goal = 0.98}};
}

}  // namespace trimtab::quality
