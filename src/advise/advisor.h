// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "estate/estate.h"
#include "ledger/recommendation.h"
#include "ledger/records.h"
#include "query/querier.h"

namespace trimtab::advise {

// What every advisor may look at. Reading only.
struct Context {
  TimestampMs now_ms = 0;
  const Estate& estate;
  promql::Querier& querier;
  std::span<const Finding> findings;  // open and acknowledged
  Logger& logger;
  const std::atomic<bool>* cancelled = nullptr;
};

// Turns what is known about one target (or the estate) into recommendations. Plans only: nothing it does has
// an effect on a target beyond the load of its questions, which it bounds. Deterministic for the same
// answers of the target. Not thread-safe.
class Advisor {
 public:
  virtual ~Advisor() = default;
  // "postgresql.index"; Recommendation::advisor of what it says.
  virtual std::string name() const = 0;
  // Everything it would recommend now, "not enough data" included. An error means that nothing is known:
  // what it said before stands.
  virtual Result<std::vector<Recommendation>> advise(const Context& context) = 0;
};

}  // namespace trimtab::advise
