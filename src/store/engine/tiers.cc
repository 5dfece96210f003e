// SPDX-License-Identifier: Apache-2.0
#include "store/engine/tiers.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "store/codec/tier_codec.h"
#include "store/engine/keys.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded {
namespace {

// A bucket that ends at t covers (t - length, t]: it belongs to the block (start, start + length].
TimestampMs block_start(TimestampMs bucket_end, DurationMs block_ms) {
  const TimestampMs before = bucket_end - 1;
  const TimestampMs quotient = before >= 0 ? before / block_ms : -((-before + block_ms - 1) / block_ms);
  return quotient * block_ms;
}

Status put_block(Core& core, rocksdb::WriteBatch& batch, std::uint32_t series, const Tier& tier,
                 const TierBuckets& fresh) {
  const TierKey key = tier_key(series, block_start(fresh.timestamps_ms.front(), tier.block_ms));
  const auto stored = core.database->get(tier.family, view(key));
  if (!stored && stored.error().code() != ErrorCode::kNotFound) return std::unexpected(stored.error());
  TierBuckets present;
  if (stored) TRY(decode_tier(*stored, present));
  std::string value;
  encode_tier(merge(present, fresh), value);
  batch.Put(core.database->family(tier.family), slice(view(key)), value);
  return ok();
}

Status read_tier(Core& core, std::uint32_t series, const Tier& tier, TimeRange range, TierBuckets& out) {
  const auto at = core.database->iterate(tier.family, rocksdb::ReadOptions());
  const TierKey from = tier_key(series, block_start(range.from, tier.block_ms));
  TierBuckets block;
  for (at->Seek(slice(view(from))); at->Valid(); at->Next()) {
    const auto place = parse_tier_key(view(at->key()));
    if (!place || place->series != series || place->start_ms > range.to) break;
    block.clear();
    TRY(decode_tier(view(at->value()), block));
    for (std::size_t i = 0; i < block.size(); ++i) {
      if (range.contains(block.timestamps_ms[i])) out.add(block.timestamps_ms[i], block[i]);
    }
  }
  return to_status(at->status(), "reading tiers");
}

}  // namespace

Status add_to_tiers(Core& core, rocksdb::WriteBatch& batch, std::uint32_t series,
                    const SampleBuffer& samples) {
  for (const Tier& tier : kTiers) {
    TierBuckets buckets;
    downsample(samples.timestamps_ms, samples.values, tier.bucket_ms, buckets);
    TierBuckets block;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      const TimestampMs end = buckets.timestamps_ms[i];
      if (block.size() != 0 &&
          block_start(end, tier.block_ms) != block_start(block.timestamps_ms.front(), tier.block_ms)) {
        TRY(put_block(core, batch, series, tier, block));
        block.clear();
      }
      block.add(end, buckets[i]);
    }
    if (block.size() != 0) TRY(put_block(core, batch, series, tier, block));
  }
  return ok();
}

Status expire_tiers(Core& core, rocksdb::WriteBatch& batch, std::uint32_t series) {
  if (core.options.retention_age_ms <= 0) return ok();
  for (const Tier& tier : kTiers) {
    const TimestampMs cutoff = core.clock.now_ms() - tier.ages_kept * core.options.retention_age_ms;
    const auto at = core.database->iterate(tier.family, rocksdb::ReadOptions());
    for (at->Seek(slice(view(series_key(series)))); at->Valid(); at->Next()) {
      const auto place = parse_tier_key(view(at->key()));
      if (!place || place->series != series || place->start_ms + tier.block_ms >= cutoff) break;
      batch.Delete(core.database->family(tier.family), at->key());
    }
    TRY(to_status(at->status(), "reading tiers"));
  }
  return ok();
}

Status cut_tiers(Core& core, rocksdb::WriteBatch& batch, std::uint32_t series, TimeRange range, bool& empty) {
  empty = true;
  for (const Tier& tier : kTiers) {
    const auto at = core.database->iterate(tier.family, rocksdb::ReadOptions());
    for (at->Seek(slice(view(series_key(series)))); at->Valid(); at->Next()) {
      const auto place = parse_tier_key(view(at->key()));
      if (!place || place->series != series) break;
      TierBuckets block;
      TierBuckets left;
      TRY(decode_tier(view(at->value()), block));
      for (std::size_t i = 0; i < block.size(); ++i) {
        const TimestampMs end = block.timestamps_ms[i];
        if (end < range.from || end - tier.bucket_ms >= range.to) left.add(end, block[i]);
      }
      empty = empty && left.size() == 0;
      if (left.size() == block.size()) continue;
      if (left.size() == 0) {
        batch.Delete(core.database->family(tier.family), at->key());
      } else {
        std::string value;
        encode_tier(left, value);
        batch.Put(core.database->family(tier.family), at->key(), value);
      }
    }
    TRY(to_status(at->status(), "reading tiers"));
  }
  return ok();
}

Status read_tiers(Core& core, std::uint32_t series, TimeRange range, TierBuckets& out) {
  out.clear();
  TierBuckets fine;
  TRY(read_tier(core, series, kTiers[0], range, fine));
  // Both tiers are fed together; the fine one is only forgotten earlier, by whole blocks.
  TimeRange older = range;
  if (fine.size() != 0) {
    older.to = std::min(range.to, block_start(fine.timestamps_ms.front(), kTiers[0].block_ms));
  }
  if (!older.empty()) TRY(read_tier(core, series, kTiers[1], older, out));
  for (std::size_t i = 0; i < fine.size(); ++i) out.add(fine.timestamps_ms[i], fine[i]);
  return ok();
}

void join_tiers(const TierBuckets& buckets, TimestampMs start, DurationMs step, Align align,
                const RawRow& raw, std::span<double> row) {
  if (align == Align::kIncrease) return;
  for (std::size_t i = 0; i < buckets.size();) {
    const auto column_of = [&](TimestampMs end) {
      return end <= start ? 0 : (end - start + step - 1) / step;
    };
    const auto column = static_cast<std::size_t>(column_of(buckets.timestamps_ms[i]));
    if (column >= row.size()) break;
    TierBucket cell = buckets[i];
    TierBucket last = cell;
    for (++i; i < buckets.size() && static_cast<std::size_t>(column_of(buckets.timestamps_ms[i])) == column;
         ++i) {
      last = buckets[i];
      cell = merge(cell, last);
    }
    double& out = row[column];
    const double count = raw.counts[column] + static_cast<double>(cell.count);
    const double sum = (raw.counts[column] > 0 ? raw.sums[column] : 0) + cell.sum;
    switch (align) {
      case Align::kLast: out = std::isnan(out) ? last.sum / static_cast<double>(last.count) : out; break;
      case Align::kMean: out = sum / count; break;
      case Align::kMin: out = std::isnan(out) ? cell.min : std::min(out, cell.min); break;
      case Align::kMax: out = std::isnan(out) ? cell.max : std::max(out, cell.max); break;
      case Align::kSum: out = sum; break;
      case Align::kCount: out = count; break;
      case Align::kIncrease: break;
    }
  }
}

}  // namespace trimtab::embedded
