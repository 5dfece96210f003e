// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

// Every kernel as one call from a series to its figures, and what each figure must do when the series is
// moved and scaled: the list that the property tests and the comparison of scalar and vector code go through.
namespace trimtab::testing {

// How a figure of a * x + b, a > 0, follows from that of x.
enum class Carries {
  kMoves,   // a * figure + b: levels, medians, forecasts
  kScales,  // a * figure: spreads, slopes, differences
  kStays,   // figure: probabilities, counts, places, ratios
};

struct Figure {
  double value = 0;
  Carries carries = Carries::kStays;
};
using Figures = std::vector<Figure>;

enum class Gaps {
  kInvisible,  // a NaN anywhere changes nothing
  kTakeTime,   // a NaN is a cell without value; figures stay figures
  kForbidden,  // values must be free of NaN
};

struct KernelCase {
  std::string_view name{};
  Gaps gaps = Gaps::kForbidden;
  std::size_t values_min = 0;  // fewer are a caller's bug
  // Why a moved or scaled series need not give moved or scaled figures; empty: it must.
  std::string_view not_moved{}, not_scaled{};
  double tolerance = 1e-9;  // of the figure and of the values; single precision inside has a larger one
  // Between scalar and vector code, where a library with vector code of its own adds up in another order;
  // else they give the same bits.
  double vector_tolerance = 0;
  std::function<Figures(std::span<const double>)> run{};
};

inline Figure moves(double value) { return {value, Carries::kMoves}; }
inline Figure scales(double value) { return {value, Carries::kScales}; }
template <typename Number>
Figure stays(Number value) {
  return {static_cast<double>(value), Carries::kStays};
}
template <typename Range>
Figures all_of(const Range& values, Carries carries) {
  Figures out;
  for (const auto& value : values) out.push_back({static_cast<double>(value), carries});
  return out;
}
inline void append(Figures& to, const Figures& more) { to.insert(to.end(), more.begin(), more.end()); }

}  // namespace trimtab::testing

namespace trimtab::kernels {

std::vector<testing::KernelCase> plain_kernels();
std::vector<testing::KernelCase> season_kernels();
std::vector<testing::KernelCase> stream_kernels();
std::vector<testing::KernelCase> change_kernels();
std::vector<testing::KernelCase> compare_kernels();
std::vector<testing::KernelCase> correlate_kernels();
std::vector<testing::KernelCase> forecast_kernels();

// All of them.
std::vector<testing::KernelCase> kernel_table();

}  // namespace trimtab::kernels
