// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "query/ast.h"

namespace trimtab::promql {

// Names every function the parser knows; the engine switches on it.
enum class FunctionId {
  kAbs, kAbsent, kAbsentOverTime, kAcos, kAcosh, kAsin, kAsinh, kAtan, kAtanh, kAvgOverTime, kCeil, kChanges,
  kClamp, kClampMax, kClampMin, kCos, kCosh, kCountOverTime, kDayOfMonth, kDayOfWeek, kDayOfYear, kDaysInMonth,
  kDeg, kDelta, kDeriv, kDoubleExponentialSmoothing, kExp, kFloor, kHistogramFraction, kHistogramQuantile, kHour,
  kIdelta, kIncrease, kIrate, kLabelJoin, kLabelReplace, kLastOverTime, kLn, kLog10, kLog2, kMadOverTime,
  kMaxOverTime, kMinOverTime, kMinute, kMonth, kPi, kPredictLinear, kPresentOverTime, kQuantileOverTime, kRad,
  kRate, kResets, kRound, kScalar, kSgn, kSin, kSinh, kSort, kSortByLabel, kSortByLabelDesc, kSortDesc, kSqrt,
  kStddevOverTime, kStdvarOverTime, kSumOverTime, kTan, kTanh, kTime, kTimestamp, kVector, kYear,
};

// What the parser checks and the documentation shows.
struct Function {
  std::string_view name;
  FunctionId id;
  std::vector<ValueType> arguments;  // types in order
  int optional = 0;    // how many of the last arguments may be left out
  bool variadic = false;  // the last argument may repeat
  ValueType result = ValueType::kVector;
};

// Null when there is no function of that name.
const Function* find_function(std::string_view name);
std::span<const Function> all_functions();

}  // namespace trimtab::promql
