// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>

#include "query/ast.h"

namespace trimtab::promql {

// Arithmetic with the rules of IEEE 754; % is fmod. Comparisons give their truth.
template <BinaryOp kOp>
inline double arithmetic(double a, double b) {
  if constexpr (kOp == BinaryOp::kAdd) return a + b;
  if constexpr (kOp == BinaryOp::kSub) return a - b;
  if constexpr (kOp == BinaryOp::kMul) return a * b;
  if constexpr (kOp == BinaryOp::kDiv) return a / b;
  if constexpr (kOp == BinaryOp::kMod) return std::fmod(a, b);
  if constexpr (kOp == BinaryOp::kPow) return std::pow(a, b);
  if constexpr (kOp == BinaryOp::kAtan2) return std::atan2(a, b);
  return 0;
}
template <BinaryOp kOp>
inline bool comparison(double a, double b) {
  if constexpr (kOp == BinaryOp::kEqual) return a == b;
  if constexpr (kOp == BinaryOp::kNotEqual) return a != b;
  if constexpr (kOp == BinaryOp::kGreater) return a > b;
  if constexpr (kOp == BinaryOp::kLess) return a < b;
  if constexpr (kOp == BinaryOp::kGreaterEqual) return a >= b;
  if constexpr (kOp == BinaryOp::kLessEqual) return a <= b;
  return false;
}

// Calls visit.template operator()<op>() so that loops are compiled once an operator, without a branch inside.
template <typename Visit>
inline void with_operator(BinaryOp op, Visit&& visit) {
  using O = BinaryOp;
  switch (op) {
    case O::kAdd: return visit.template operator()<O::kAdd>();
    case O::kSub: return visit.template operator()<O::kSub>();
    case O::kMul: return visit.template operator()<O::kMul>();
    case O::kDiv: return visit.template operator()<O::kDiv>();
    case O::kMod: return visit.template operator()<O::kMod>();
    case O::kPow: return visit.template operator()<O::kPow>();
    case O::kAtan2: return visit.template operator()<O::kAtan2>();
    case O::kEqual: return visit.template operator()<O::kEqual>();
    case O::kNotEqual: return visit.template operator()<O::kNotEqual>();
    case O::kGreater: return visit.template operator()<O::kGreater>();
    case O::kLess: return visit.template operator()<O::kLess>();
    case O::kGreaterEqual: return visit.template operator()<O::kGreaterEqual>();
    case O::kLessEqual: return visit.template operator()<O::kLessEqual>();
    case O::kAnd:
    case O::kOr:
    case O::kUnless: return;
  }
}

constexpr bool compares(BinaryOp op) { return op >= BinaryOp::kEqual && op <= BinaryOp::kLessEqual; }

}  // namespace trimtab::promql
