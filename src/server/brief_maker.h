// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "ledger/ledger.h"
#include "report/brief.h"
#include "server/analysis_schedule.h"
#include "server/knowledge.h"
#include "store/store.h"

namespace trimtab {

struct BriefQuestion {
  std::optional<TimestampMs> at_ms = std::nullopt;     // a past moment is judged anew; unset: the newest pass
  std::optional<TimestampMs> since_ms = std::nullopt;  // unset: 24 h before
  BriefFormat format = BriefFormat::kText;
  BriefStyle style{};
};

// Gathers what a brief speaks of, and has it rendered. Thread-safe.
class BriefMaker {
 public:
  BriefMaker(Store& store, Ledger& ledger, const KnowledgeKeeper& knowledge, AnalysisSchedule& analysis,
             const Clock& clock)
      : store_(store), ledger_(ledger), knowledge_(knowledge), analysis_(analysis), clock_(clock) {}

  // Errors: kInvalid (since after at, a moment in the future), those of ledger and analysis.
  Result<std::string> make(const BriefQuestion& question);

  static constexpr DurationMs kSinceDefaultMs = kDayMs;

 private:
  Result<BriefInput> gather_now(DurationMs since_ago, std::optional<TimestampMs> since_ms);
  Result<BriefInput> gather_past(TimestampMs at, std::optional<TimestampMs> since_ms);

  Store& store_;
  Ledger& ledger_;
  const KnowledgeKeeper& knowledge_;
  AnalysisSchedule& analysis_;
  const Clock& clock_;
};

}  // namespace trimtab
