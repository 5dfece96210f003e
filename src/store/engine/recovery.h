// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "store/engine/core.h"

namespace trimtab::embedded {

struct RecoveryReport {
  std::uint64_t series = 0;
  std::uint64_t heads = 0;
  std::uint64_t journal_entries = 0;
  std::uint64_t journal_samples = 0;
};

// Fills index, heads and counters from an opened database: series, then the checkpointed heads, then
// every journal entry a head has not seen yet, in order. Changes nothing on disk. Run once, before
// any other thread sees the core. Errors: kCorrupt names the record; kIo.
Result<RecoveryReport> recover(Core& core);

}  // namespace trimtab::embedded
