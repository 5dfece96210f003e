// SPDX-License-Identifier: Apache-2.0
#include "query/functions.h"

#include <algorithm>

namespace trimtab::promql {
namespace {

constexpr ValueType kS = ValueType::kScalar;
constexpr ValueType kV = ValueType::kVector;
constexpr ValueType kM = ValueType::kMatrix;
constexpr ValueType kT = ValueType::kString;

// Sorted by name.
const std::vector<Function>& table() {
  using F = FunctionId;
  static const std::vector<Function> functions{
      {"abs", F::kAbs, {kV}},
      {"absent", F::kAbsent, {kV}},
      {"absent_over_time", F::kAbsentOverTime, {kM}},
      {"acos", F::kAcos, {kV}},
      {"acosh", F::kAcosh, {kV}},
      {"asin", F::kAsin, {kV}},
      {"asinh", F::kAsinh, {kV}},
      {"atan", F::kAtan, {kV}},
      {"atanh", F::kAtanh, {kV}},
      {"avg_over_time", F::kAvgOverTime, {kM}},
      {"ceil", F::kCeil, {kV}},
      {"changes", F::kChanges, {kM}},
      {"clamp", F::kClamp, {kV, kS, kS}},
      {"clamp_max", F::kClampMax, {kV, kS}},
      {"clamp_min", F::kClampMin, {kV, kS}},
      {"cos", F::kCos, {kV}},
      {"cosh", F::kCosh, {kV}},
      {"count_over_time", F::kCountOverTime, {kM}},
      {"day_of_month", F::kDayOfMonth, {kV}, 1},
      {"day_of_week", F::kDayOfWeek, {kV}, 1},
      {"day_of_year", F::kDayOfYear, {kV}, 1},
      {"days_in_month", F::kDaysInMonth, {kV}, 1},
      {"deg", F::kDeg, {kV}},
      {"delta", F::kDelta, {kM}},
      {"deriv", F::kDeriv, {kM}},
      {"double_exponential_smoothing", F::kDoubleExponentialSmoothing, {kM, kS, kS}},
      {"exp", F::kExp, {kV}},
      {"floor", F::kFloor, {kV}},
      {"histogram_fraction", F::kHistogramFraction, {kS, kS, kV}},
      {"histogram_quantile", F::kHistogramQuantile, {kS, kV}},
      {"holt_winters", F::kDoubleExponentialSmoothing, {kM, kS, kS}},
      {"hour", F::kHour, {kV}, 1},
      {"idelta", F::kIdelta, {kM}},
      {"increase", F::kIncrease, {kM}},
      {"irate", F::kIrate, {kM}},
      {"label_join", F::kLabelJoin, {kV, kT, kT, kT}, 1, true},
      {"label_replace", F::kLabelReplace, {kV, kT, kT, kT, kT}},
      {"last_over_time", F::kLastOverTime, {kM}},
      {"ln", F::kLn, {kV}},
      {"log10", F::kLog10, {kV}},
      {"log2", F::kLog2, {kV}},
      {"mad_over_time", F::kMadOverTime, {kM}},
      {"max_over_time", F::kMaxOverTime, {kM}},
      {"min_over_time", F::kMinOverTime, {kM}},
      {"minute", F::kMinute, {kV}, 1},
      {"month", F::kMonth, {kV}, 1},
      {"pi", F::kPi, {}, 0, false, kS},
      {"predict_linear", F::kPredictLinear, {kM, kS}},
      {"present_over_time", F::kPresentOverTime, {kM}},
      {"quantile_over_time", F::kQuantileOverTime, {kS, kM}},
      {"rad", F::kRad, {kV}},
      {"rate", F::kRate, {kM}},
      {"resets", F::kResets, {kM}},
      {"round", F::kRound, {kV, kS}, 1},
      {"scalar", F::kScalar, {kV}, 0, false, kS},
      {"sgn", F::kSgn, {kV}},
      {"sin", F::kSin, {kV}},
      {"sinh", F::kSinh, {kV}},
      {"sort", F::kSort, {kV}},
      {"sort_by_label", F::kSortByLabel, {kV, kT}, 1, true},
      {"sort_by_label_desc", F::kSortByLabelDesc, {kV, kT}, 1, true},
      {"sort_desc", F::kSortDesc, {kV}},
      {"sqrt", F::kSqrt, {kV}},
      {"stddev_over_time", F::kStddevOverTime, {kM}},
      {"stdvar_over_time", F::kStdvarOverTime, {kM}},
      {"sum_over_time", F::kSumOverTime, {kM}},
      {"tan", F::kTan, {kV}},
      {"tanh", F::kTanh, {kV}},
      {"time", F::kTime, {}, 0, false, kS},
      {"timestamp", F::kTimestamp, {kV}},
      {"vector", F::kVector, {kS}},
      {"year", F::kYear, {kV}, 1},
  };
  return functions;
}

}  // namespace

const Function* find_function(std::string_view name) {
  const auto& functions = table();
  const auto it = std::lower_bound(functions.begin(), functions.end(), name,
                                   [](const Function& f, std::string_view n) { return f.name < n; });
  return it != functions.end() && it->name == name ? &*it : nullptr;
}

std::span<const Function> all_functions() { return table(); }

}  // namespace trimtab::promql
