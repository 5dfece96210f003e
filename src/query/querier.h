// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "base/metrics.h"
#include "query/engine.h"
#include "store/remote_store.h"

namespace trimtab::promql {

// A query that was read and may be run any number of times, by any number of threads at once.
class PreparedQuery {
 public:
  virtual ~PreparedQuery() = default;
  // What it gives; kNone when only the engine that will run it knows.
  virtual ValueType type() const = 0;
  // Errors: as promql::run. kInvalid means that this expression has no answer, not that it does not parse.
  virtual Result<Answer> run(const QueryWindow& window, const QueryOptions& options) = 0;
  // Whether an error of run() is about the text itself, which only the engine that ran it could read.
  virtual bool is_about_text(const Error&) const { return false; }
};

// Who answers PromQL: our own engine over a store, or the remote engine the samples live in, which then gets
// the expression whole. Both honour the same limits. Thread-safe.
class Querier {
 public:
  virtual ~Querier() = default;
  // Errors: kInvalid with line:column, kLimit for a text too long or too deep.
  virtual Result<std::unique_ptr<PreparedQuery>> prepare(std::string_view text) = 0;

  // Parses and runs here. The store must outlive the querier and what it prepared.
  static std::unique_ptr<Querier> local(Store& store);
  // Sends the text to <url>/api/v1/query and query_range with the store's own authentication and tenant, and
  // reads the answer back through the limits. The text is not parsed here: the engine may know more than we
  // do. Look-back is the engine's own unless options ask for another; the engine's words come back in errors.
  static std::unique_ptr<Querier> remote(const RemoteStoreOptions& options, Metrics& metrics);
};

}  // namespace trimtab::promql
