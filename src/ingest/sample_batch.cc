// SPDX-License-Identifier: Apache-2.0
#include "ingest/sample_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace trimtab {
namespace {

// Which series were refused and why; empty while there are none.
using RefusedSeries = std::vector<std::optional<RejectReason>>;

std::optional<RejectReason> decode_reason(const Error& error) {
  if (error.code() == ErrorCode::kInvalid) return RejectReason::kInvalidLabels;
  if (error.code() == ErrorCode::kLimit) return RejectReason::kLabelLimit;
  return std::nullopt;
}

std::optional<RejectReason> ensure_reason(const Error& error) {
  if (error.code() == ErrorCode::kInvalid) return RejectReason::kInvalidLabels;
  if (error.code() == ErrorCode::kLimit) return RejectReason::kSeriesLimit;
  return std::nullopt;
}

Status resolve_misses(Store& store, SampleBatch& batch, const DecodeLabels& decode,
                      const OnNewKey& on_new_key, RejectTally& tally, RefusedSeries& refused,
                      const OnRefused& on_refused) {
  const auto refuse = [&](std::size_t index, RejectReason reason, const Error& error) {
    if (refused.empty()) refused.resize(batch.keys.size());
    refused[index] = reason;
    tally.add(reason, error.message(), 0);
    if (on_refused) on_refused(index, reason, error);
  };
  for (std::size_t i = 0; i < batch.keys.size(); ++i) {
    if (batch.ids[i] != kNoSeries) continue;
    const Result<Labels> labels = decode(i);
    if (!labels) {
      const auto reason = decode_reason(labels.error());
      if (!reason) return invalid(labels.error().message());
      refuse(i, *reason, labels.error());
      continue;
    }
    const Result<SeriesId> id = store.ensure_series(*labels);
    if (!id) {
      const auto reason = ensure_reason(id.error());
      if (!reason) return std::unexpected(id.error());
      refuse(i, *reason, id.error());
      continue;
    }
    batch.ids[i] = *id;
    store.remember_key(batch.keys[i], *id);
    if (on_new_key) on_new_key(i, *labels);
  }
  return ok();
}

void name_series(SampleBatch& batch) {
  for (Sample& sample : batch.samples) sample.series = batch.ids[raw(sample.series)];
}

void name_series_and_drop_refused(SampleBatch& batch, const RefusedSeries& refused, RejectTally& tally,
                                  ReceiveOutcome& outcome) {
  std::size_t kept = 0;
  for (const Sample& sample : batch.samples) {
    const std::size_t index = raw(sample.series);
    if (refused[index]) {
      tally.add(*refused[index], "", 1);
      ++outcome.samples_rejected;
      continue;
    }
    batch.samples[kept++] = {batch.ids[index], sample.timestamp_ms, sample.value};
  }
  batch.samples.resize(kept);
}

void add(AppendOutcome& sum, const AppendOutcome& more) {
  sum.taken += more.taken;
  sum.duplicates += more.duplicates;
  sum.overwritten += more.overwritten;
  sum.out_of_order += more.out_of_order;
  sum.future_refused += more.future_refused;
  sum.too_old_refused += more.too_old_refused;
  sum.invalid_refused += more.invalid_refused;
}

void tally_refusals(const AppendOutcome& appended, RejectTally& tally, ReceiveOutcome& outcome) {
  const auto one = [&](RejectReason reason, std::uint64_t count, std::string_view what) {
    if (count == 0) return;
    tally.add(reason, fmt::format("{} samples of one batch {}", count, what), count);
    outcome.samples_rejected += count;
  };
  one(RejectReason::kFutureTimestamp, appended.future_refused,
      "lie further in the future than the clock-skew allowance");
  one(RejectReason::kTooOld, appended.too_old_refused, "are older than the store keeps or accepts");
  one(RejectReason::kInvalidTimestamp, appended.invalid_refused,
      "have a time outside the years 1 to 9999, or their series was deleted meanwhile");
}

}  // namespace

Status store_batch(Store& store, SampleBatch& batch, const DecodeLabels& decode, const OnNewKey& on_new_key,
                   RejectTally& tally, ReceiveOutcome& outcome, const OnRefused& on_refused) {
  if (batch.keys.empty()) return ok();
  batch.ids.resize(batch.keys.size());
  RefusedSeries refused;
  if (store.resolve(batch.keys, batch.ids) > 0) {
    TRY(resolve_misses(store, batch, decode, on_new_key, tally, refused, on_refused));
  }
  if (refused.empty()) {
    name_series(batch);
  } else {
    name_series_and_drop_refused(batch, refused, tally, outcome);
  }
  const std::size_t step = std::max<std::size_t>(1, store.limits().batch_samples_max);
  const std::span<const Sample> all(batch.samples);
  for (std::size_t at = 0; at < all.size(); at += step) {
    const AppendOutcome appended = TRY(store.append(all.subspan(at, std::min(step, all.size() - at))));
    add(outcome.appended, appended);
    tally_refusals(appended, tally, outcome);
  }
  return ok();
}

}  // namespace trimtab
