// SPDX-License-Identifier: Apache-2.0
// A/A comparisons with a look after every second: both sides are AR(1) with 0.5 (and once independent
// values), a quarter of an hour long, blocks planned from 300 values before. How often is a difference told
// where there is none, and how soon where there is one? Beside it the same looks with a t-test at each of
// them.
#include <fmt/format.h>

#include <cmath>
#include <random>

#include "kernels/compare/sequential.h"
#include "kernels/compare/two_sample.h"
#include "quality/sets.h"

namespace trimtab::quality {
namespace {

constexpr int kReplays = 100'000;
constexpr int kSeconds = 900;
constexpr double kAlpha = 0.05;

// Normal values by Marsaglia's polar method over xorshift64: the standard library's would take most of the
// time.
class Normal {
 public:
  explicit Normal(std::uint64_t seed) : state_(seed) {}
  double operator()() {
    if (std::exchange(have_, false)) return spare_;
    double a = 0, b = 0, square = 0;
    do {
      a = 2 * uniform() - 1;
      b = 2 * uniform() - 1;
      square = a * a + b * b;
    } while (square >= 1 || square == 0);
    const double factor = std::sqrt(-2 * std::log(square) / square);
    spare_ = b * factor;
    have_ = true;
    return a * factor;
  }

 private:
  double uniform() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return static_cast<double>(state_ >> 11) * 0x1p-53;
  }
  std::uint64_t state_;
  double spare_ = 0;
  bool have_ = false;
};

struct Outcome {
  double told = 0;     // share of replays with a verdict
  double t_told = 0;   // the same of a z-test looked at every second
  double seconds = 0;  // mean time to the verdict or the end
};

// `shift` in standard deviations of one value.
Outcome replay(int replays, double phi, double shift, std::uint64_t seed) {
  Normal normal(seed);
  const double added = shift / std::sqrt(1 - phi * phi);
  Outcome out;
  std::vector<double> past(300);
  for (int i = 0; i < replays; ++i) {
    double x = normal() / std::sqrt(1 - phi * phi), y = normal() / std::sqrt(1 - phi * phi);
    for (double& value : past) value = x = phi * x + normal();
    kernels::SequentialComparison test(
        {.alpha = kAlpha, .blocks = kernels::plan_blocks(kernels::autocorrelation_time(past))});
    double n = 0, mean = 0, squares = 0;
    bool z_told = false;
    auto verdict = kernels::SequentialVerdict::kUndecided;
    int second = 0;
    for (; second < kSeconds; ++second) {
      x = phi * x + normal();
      y = phi * y + normal();
      const double difference = x + added - y;
      n += 1;
      const double delta = difference - mean;
      mean += delta / n;
      squares += delta * (difference - mean);
      z_told = z_told || (n >= 30 && mean * mean * n > 1.96 * 1.96 * squares / (n - 1));
      if (verdict == kernels::SequentialVerdict::kUndecided) {
        verdict = test.add(x + added, y);
        if (verdict != kernels::SequentialVerdict::kUndecided) out.seconds += second + 1;
      }
    }
    out.told += verdict != kernels::SequentialVerdict::kUndecided;
    if (verdict == kernels::SequentialVerdict::kUndecided) out.seconds += kSeconds;
    out.t_told += z_told;
  }
  for (double* part : {&out.told, &out.t_told, &out.seconds}) *part /= replays;
  return out;
}

}  // namespace

Result<std::vector<Row>> run_compare(const std::filesystem::path&) {
  std::vector<Row> rows;
  for (const double phi : {0.0, 0.5}) {
    const int replays = phi == 0 ? kReplays / 5 : kReplays;
    const Outcome null = replay(replays, phi, 0, 88172645463325252ull);
    rows.push_back({.set = "compare_aa",
                    .metric = fmt::format("false verdicts, a look each second, AR(1) {}", phi),
                    .ours = null.told,
                    .better = Better::kLower,
                    .goal = kAlpha,
                    .baselines = {{"t-test at every look", null.t_told}},
                    .note = fmt::format("{} replays of {} s", replays, kSeconds)});
  }
  for (const double shift : {0.2, 0.5, 1.0}) {
    const Outcome real = replay(2000, 0.5, shift, 1234567890123ull);
    rows.push_back({.set = "compare_aa",
                    .metric = fmt::format("found within a quarter of an hour, shift {} sd, AR(1) 0.5", shift),
                    .ours = real.told,
                    .note = fmt::format("mean {:.0f} s", real.seconds)});
  }
  return rows;
}

}  // namespace trimtab::quality
