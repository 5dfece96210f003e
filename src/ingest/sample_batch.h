// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "ingest/receiver.h"
#include "ingest/reject_tally.h"
#include "store/store.h"

namespace trimtab {

// The decoded samples of one request, before their series are known to the store: series are named
// by a key (a hash of the bytes that spell their labels) and samples by the series' index here.
// Reused from request to request; not thread-safe.
struct SampleBatch {
  std::vector<LabelsHash> keys;  // one per series; the same series may stand more than once
  std::vector<Sample> samples;   // .series is an index into keys until store_batch() replaces it
  std::vector<SeriesId> ids;     // filled by store_batch()

  std::uint32_t add_series(const LabelsHash& key) {
    keys.push_back(key);
    return static_cast<std::uint32_t>(keys.size() - 1);
  }
  void add_sample(std::uint32_t series, TimestampMs timestamp_ms, double value) {
    samples.push_back({SeriesId{series}, timestamp_ms, value});
  }
  void clear() {
    keys.clear();
    samples.clear();
    ids.clear();
  }
  std::size_t capacity_bytes() const {
    return keys.capacity() * sizeof(LabelsHash) + samples.capacity() * sizeof(Sample) +
           ids.capacity() * sizeof(SeriesId);
  }
};

// The labels of the batch's series at an index; asked for only where the store does not know the key.
// Errors: kInvalid and kLimit reject that series alone, kCorrupt refuses the whole request.
using DecodeLabels = std::function<Result<Labels>(std::size_t index)>;
// Told of each series that was not known by its key, after the store has it.
using OnNewKey = std::function<void(std::size_t index, const Labels& labels)>;

// Told of each series that was refused (its samples are dropped after that).
using OnRefused = std::function<void(std::size_t index, RejectReason reason, const Error& error)>;

// Resolves the batch's series, creating what is new, and appends the samples. What is refused is
// counted in `tally` and the outcome; samples of a refused series are dropped, the others kept.
// Errors: kInvalid (decode said kCorrupt; nothing was appended), and those of Store::ensure_series and
// Store::append that concern the store as a whole (kUnavailable, kIo, ...).
// Cost where all keys are known: one resolve() and one pass over the samples before append().
Status store_batch(Store& store, SampleBatch& batch, const DecodeLabels& decode, const OnNewKey& on_new_key,
                   RejectTally& tally, ReceiveOutcome& outcome, const OnRefused& on_refused = nullptr);

}  // namespace trimtab
