// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <vector>

#include "base/result.h"
#include "estate/estate.h"
#include "ledger/records.h"
#include "query/querier.h"

namespace trimtab {

struct ObjectivesJudged {
  std::vector<ObjectiveStatus> statuses;  // one an objective, in the order of the estate
  std::vector<Finding> findings;          // of those that burn or are missed, worst harm first
};

inline constexpr std::size_t kObjectivesJudgedMax = 1000;  // in one pass; the others say so

// How every objective of the estate stands at one moment: what of its error budget is left in its window, how
// fast it goes, and when it is used up. The budget burns when in one of four pairs of windows (Google's SRE
// workbook, chapter 5: 1 h and 5 min at 14.4 times, 6 h and 30 min at 6, 1 d and 2 h at 3, 3 d and 6 h at 1
// for 30 days; other windows scale) both rates pass the pair's threshold and the count of bad events in the
// longer one is no chance: were the true share just at the threshold, fewer than 1 in 100 such windows would
// hold so many (exact binomial). So one failure among ten requests a night wakes nobody.
// Reads samples up to `at` only. An objective whose query fails is told as one without data, with the reason.
// Errors: kCancelled only. Deterministic.
Result<ObjectivesJudged> judge_objectives(promql::Querier& querier, const Estate& estate, TimestampMs at,
                                          const std::atomic<bool>* cancelled = nullptr);

}  // namespace trimtab
