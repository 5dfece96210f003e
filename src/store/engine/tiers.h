// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include "store/codec/downsample.h"
#include "store/engine/core.h"

namespace trimtab::embedded {

// What stays of samples that retention drops: buckets of min, max, sum and count. They are made when
// chunks go, in the same atomic write, so a sample is always in exactly one place: raw or in tiers.
// Raw samples are scanned faster than a screen can show them, so nothing is kept twice for speed.
struct Tier {
  Family family;
  DurationMs bucket_ms;
  DurationMs block_ms;     // buckets stored in one value
  std::int64_t ages_kept;  // kept for so many times the retention age
};
inline constexpr std::array<Tier, 2> kTiers{Tier{Family::kTier5m, 5 * kMinuteMs, 2 * kDayMs, 6},
                                            Tier{Family::kTier1h, kHourMs, 30 * kDayMs, 24}};

// Adds samples (sorted, times unique, not counted before) to the blocks of every tier.
Status add_to_tiers(Core& core, rocksdb::WriteBatch& batch, std::uint32_t series,
                    const SampleBuffer& samples);
// Deletes the blocks that end before their tier's age. Nothing without a retention age.
Status expire_tiers(Core& core, rocksdb::WriteBatch& batch, std::uint32_t series);
// Deletes the buckets that touch the range: what is asked to go is gone, with up to a bucket around it.
// Sets `empty` when no bucket of the series is left.
Status cut_tiers(Core& core, rocksdb::WriteBatch& batch, std::uint32_t series, TimeRange range, bool& empty);
// Buckets with their end in the range: 5 min ones, before those 1 h ones. Replaces `out`.
Status read_tiers(Core& core, std::uint32_t series, TimeRange range, TierBuckets& out);

// Joins buckets with a row of the aligned read. `raw_sums` and `raw_counts` are the same row as kSum and
// kCount. kLast takes a bucket's mean where no sample is left; an increase is not known from buckets.
struct RawRow {
  std::span<const double> sums;
  std::span<const double> counts;
};
void join_tiers(const TierBuckets& buckets, TimestampMs start, DurationMs step, Align align,
                const RawRow& raw, std::span<double> row);

}  // namespace trimtab::embedded
