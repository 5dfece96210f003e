// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "query/engine/evaluator.h"

namespace trimtab::promql {
namespace {

struct Invariant {
  bool operator()(const NumberLiteral&) const { return true; }
  bool operator()(const StringLiteral&) const { return true; }
  bool operator()(const VectorSelector& v) const { return v.shift.anchor != TimeShift::Anchor::kNone; }
  bool operator()(const MatrixSelector& m) const { return m.vector.shift.anchor != TimeShift::Anchor::kNone; }
  // With an anchor its inner steps are fixed too.
  bool operator()(const Subquery& s) const { return s.shift.anchor != TimeShift::Anchor::kNone; }
  bool operator()(const Call& c) const {
    switch (c.function->id) {
      case FunctionId::kTime: return false;
      case FunctionId::kTimestamp: {
        // Of anything but a selector it is the step's own time.
        return std::holds_alternative<VectorSelector>(unwrap(*c.arguments[0]).node) &&
               step_invariant(*c.arguments[0]);
      }
      case FunctionId::kPredictLinear: return false;  // counts from the step's time
      default: break;
    }
    const bool date_of_now = c.arguments.empty() && c.function->optional == 1;
    return !date_of_now && std::all_of(c.arguments.begin(), c.arguments.end(),
                                       [](const ExprPtr& a) { return step_invariant(*a); });
  }
  bool operator()(const Aggregate& a) const {
    return step_invariant(*a.expr) && (a.parameter == nullptr || step_invariant(*a.parameter));
  }
  bool operator()(const Binary& b) const { return step_invariant(*b.left) && step_invariant(*b.right); }
  bool operator()(const Unary& u) const { return step_invariant(*u.expr); }
  bool operator()(const Paren& p) const { return step_invariant(*p.expr); }
};

class RepeatedRows final : public RowSource {
 public:
  explicit RepeatedRows(Rows rows) : rows_(std::move(rows)) {}
  std::size_t size() const override { return rows_->size(); }
  Labels labels(std::size_t row) const override { return rows_->labels(row); }
  bool unique() const override { return rows_->unique(); }
  bool unique_without_name() const override { return rows_->unique_without_name(); }
  Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const override {
    TRY(rows_->compute(row, scratch, out.first(1)));
    std::fill(out.begin() + 1, out.end(), out[0]);
    return ok();
  }

 private:
  Rows rows_;
};

}  // namespace

const Expr& unwrap(const Expr& expr) {
  const Expr* at = &expr;
  while (const auto* paren = std::get_if<Paren>(&at->node)) at = paren->expr.get();
  return *at;
}

bool step_invariant(const Expr& expr) { return std::visit(Invariant{}, expr.node); }

Rows repeat_rows(Rows rows) { return std::make_shared<RepeatedRows>(std::move(rows)); }

Rows rows_of_scalar(const Scalars& scalars) {
  auto table = std::make_shared<Table>(scalars.size());
  const auto to = table->add({});
  std::copy(scalars.begin(), scalars.end(), to.begin());
  table->set_unique();
  return table;
}

}  // namespace trimtab::promql
