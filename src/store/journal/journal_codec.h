// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace trimtab::embedded {

// Values of the journal column family (docs/formats/store.md). One entry is one accepted batch, or a
// note that heads were sealed. Order of entries = order in which the heads saw them.
enum class JournalKind : std::uint8_t { kSamples = 1, kSealed = 2 };

// What left a head: its open samples with the late ones from late_from on, or late ones only.
struct SealedHead {
  std::uint32_t series = 0;
  bool open = false;
  bool overlap = false;       // late samples became a chunk of their own
  std::uint32_t span_s = 0;   // longest chunk written
  TimestampMs late_from = 0;  // late samples at or after this time left too
};

// About 10 bytes per sample: deltas of series and time as varints, then the values as they are.
// The result lies in `buffer`, which only ever grows: a fresh string would be zeroed for every batch.
std::string_view encode_journal_samples(std::span<const Sample> batch, std::string& buffer);
void encode_journal_sealed(std::span<const SealedHead> sealed, std::string& out);

// One decoded entry; vectors are reused between calls.
struct JournalEntry {
  JournalKind kind = JournalKind::kSamples;
  std::vector<Sample> samples;
  std::vector<SealedHead> sealed;
};
// Errors: kCorrupt.
Status decode_journal_entry(std::string_view bytes, JournalEntry& entry);

}  // namespace trimtab::embedded
