// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "store/engine/core.h"
#include "store/store.h"

namespace rocksdb {
class WriteBatch;
}

namespace trimtab::embedded {

// `over` wins where times meet. Both are sorted with unique times; the result in `under` is, too.
void merge_over(SampleBuffer& under, const SampleBuffer& over);

// Runs lie one behind another in `samples`, each sorted with unique times and begun at one of `starts`;
// a later run wins over earlier ones where times meet. The result is one run. Costs nothing when the
// runs follow each other in time.
void merge_runs(SampleBuffer& samples, const std::vector<std::size_t>& starts);

// Encodes one sorted run as chunks of kSealSamplesMin to kSealSamplesMax samples (a shorter run is one
// chunk) and puts them, each with the next chunk sequence, or all with the given one when they replace
// chunks that were there. Returns the longest span in seconds, rounded up.
std::uint32_t put_chunks(Database& database, rocksdb::WriteBatch& batch, std::uint32_t series,
                         const SampleBuffer& samples, Totals& totals, std::uint64_t sequence = 0);

std::uint32_t span_seconds(TimestampMs from, TimestampMs to);

}  // namespace trimtab::embedded
