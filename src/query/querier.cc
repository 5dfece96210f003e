// SPDX-License-Identifier: Apache-2.0
#include "query/querier.h"

#include "query/parser.h"

namespace trimtab::promql {
namespace {

class LocalQuery final : public PreparedQuery {
 public:
  LocalQuery(Store& store, ExprPtr expr) : store_(store), expr_(std::move(expr)) {}
  ValueType type() const override { return expr_->type; }
  Result<Answer> run(const QueryWindow& window, const QueryOptions& options) override {
    return promql::run(store_, *expr_, window, options);
  }

 private:
  Store& store_;
  const ExprPtr expr_;
};

class LocalQuerier final : public Querier {
 public:
  explicit LocalQuerier(Store& store) : store_(store) {}
  Result<std::unique_ptr<PreparedQuery>> prepare(std::string_view text) override {
    ExprPtr expr = TRY(parse(text));
    return std::make_unique<LocalQuery>(store_, std::move(expr));
  }

 private:
  Store& store_;
};

}  // namespace

std::unique_ptr<Querier> Querier::local(Store& store) { return std::make_unique<LocalQuerier>(store); }

}  // namespace trimtab::promql
