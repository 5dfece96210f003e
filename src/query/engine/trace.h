// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "query/ast.h"
#include "query/engine/rows.h"

namespace trimtab::promql {

// What each node of a query did, when the query is traced; else nothing. Rows that stream are counted and
// timed by whoever asks for them, so the time of a stage is the time spent in it and below it, on all
// threads.
class Tracer {
 public:
  struct Stage {
    int depth = 0;
    std::string text;
    std::int64_t begun_ns = 0;
    std::atomic<std::int64_t> spent_ns{0};
    std::atomic<std::uint64_t> series{0};
    std::atomic<std::uint64_t> samples{0};
  };

  explicit Tracer(bool on) : on_(on) {}
  std::shared_ptr<Stage> begin(const Expr& expr);
  // Gives the rows back, with a counter around them where they stream.
  Rows end(const std::shared_ptr<Stage>& stage, Rows rows);
  std::vector<TraceStage> stages() const;

  static constexpr std::size_t kTextBytesMax = 200;

 private:
  const bool on_;
  SystemClock clock_;
  int depth_ = 0;
  std::vector<std::shared_ptr<Stage>> stages_;
};

}  // namespace trimtab::promql
