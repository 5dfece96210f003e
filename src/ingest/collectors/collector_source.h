// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "ingest/collectors/query_texts.h"
#include "ingest/series_sink.h"
#include "targets/target.h"

namespace trimtab {

// One target, asked for its numbers. It connects when first asked and again after a failure; every wait has
// a bound and ends soon when `cancelled` is set. Externally locked.
class CollectorSource {
 public:
  virtual ~CollectorSource() = default;

  // 1 while the target answers: "pg_up".
  virtual std::string_view up_metric() const = 0;
  // What is worth asking every round. An error means that the target did not answer: the round then shows
  // nothing but that it is down. Parts that it refuses (a missing grant) go into problems() instead.
  virtual Status collect(SeriesSink& sink) = 0;
  // What costs more or moves slowly; asked at most every kCollectorSlowMs, after collect() went well.
  virtual Status collect_slow(SeriesSink&) { return ok(); }
  // Ends the connection; the next collect() makes a new one.
  virtual void disconnect() {}

  // For `trimtab check`: connects and gives one sentence for each thing that is missing, with its repair.
  virtual std::vector<std::string> check() { return {}; }

  // Part -> sentence that says what to do about it; of parts that could not be had in their last round.
  const std::map<std::string, std::string, std::less<>>& problems() const { return problems_; }

 protected:
  void set_problem(std::string_view part, const std::string& sentence) {
    problems_.insert_or_assign(std::string(part), sentence);
  }
  void clear_problem(std::string_view part) {
    if (const auto it = problems_.find(part); it != problems_.end()) problems_.erase(it);
  }

 private:
  std::map<std::string, std::string, std::less<>> problems_;
};

struct CollectorContext {
  const Clock& clock;
  QueryTexts& query_texts;
  const std::atomic<bool>* cancelled = nullptr;
};

inline constexpr DurationMs kCollectorSlowMs = 30 * kSecondMs;
inline constexpr DurationMs kCollectorTimeoutMs = 5 * kSecondMs;  // of one question to a target

std::unique_ptr<CollectorSource> create_collector_source(const Target& target,
                                                         const CollectorContext& context);

}  // namespace trimtab
