// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace trimtab::embedded {

// What an append did to its series.
enum class Applied : std::uint8_t {
  kTaken,        // newer than everything before
  kLate,         // older than the newest, and new
  kOverwritten,  // the time was there with another value
  kDuplicate,    // the time was there with this value
};

struct LateSample {
  TimestampMs timestamp_ms;
  double value;
};

// Head bytes on the heap, all heads together. Written under the append lock, read by anyone.
struct HeadMemory {
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<std::uint64_t> late_samples{0};
};

// Where the newest samples of one series wait to become a chunk: one cache line, plus on the heap
//
//   packed  [block][block]...   older samples, encoded in blocks of about 64
//   raw     [u32 offset, f64]*  the newest, times as offsets from base_ms
//   late    [t, v]*             sorted; older than raw, newer in writing than packed and the chunks
//
// so that the cost per series stays near a kilobyte with 480 open samples. Invariants: raw times rise
// and are newer than packed ones; a late time is never inside raw's range.
// Guarded by its own spin lock (HeadLock): the one appender against readers.
struct alignas(64) Head {
  struct Packed;

  char* raw = nullptr;
  Packed* packed = nullptr;
  std::vector<LateSample>* late = nullptr;
  TimestampMs base_ms = 0;
  TimestampMs newest_ms = std::numeric_limits<TimestampMs>::min();  // of the series, sealed ones included
  double newest_value = 0;                                          // at newest_ms
  TimestampMs oldest_ms = std::numeric_limits<TimestampMs>::max();  // of the series
  std::uint32_t chunk_span_s = 0;                                   // length of the longest chunk, rounded up
  std::uint8_t raw_count = 0;
  std::uint8_t raw_capacity = 0;
  std::uint8_t flags = 0;
  std::atomic<std::uint8_t> lock{0};

  static constexpr std::uint8_t kAlive = 1;    // the series exists
  static constexpr std::uint8_t kDirty = 2;    // differs from its record in `heads`
  static constexpr std::uint8_t kTouched = 4;  // written since the last look for idle heads
  static constexpr std::uint8_t kOverlap = 8;  // chunks of this series may overlap
  static constexpr std::uint8_t kIdle = 16;    // was untouched at the last look
  static constexpr std::uint8_t kTiered = 32;    // some of its samples live on in tiers only
  static constexpr std::uint8_t kKeptFlags = kOverlap | kTiered;

  bool alive() const { return (flags & kAlive) != 0; }
  bool has_samples() const { return newest_ms != std::numeric_limits<TimestampMs>::min(); }
  bool has_open() const { return raw_count != 0 || packed != nullptr; }
};
static_assert(sizeof(Head) == 64);

class HeadLock {
 public:
  explicit HeadLock(Head& head) : head_(head) {
    while (head_.lock.exchange(1, std::memory_order_acquire) != 0) [[unlikely]] {
      while (head_.lock.load(std::memory_order_relaxed) != 0) std::this_thread::yield();
    }
  }
  ~HeadLock() { head_.lock.store(0, std::memory_order_release); }
  HeadLock(const HeadLock&) = delete;
  HeadLock& operator=(const HeadLock&) = delete;

 private:
  Head& head_;
};

inline constexpr unsigned kRawEntryBytes = 12;
inline constexpr unsigned kRawSamplesMax = 64;
inline constexpr unsigned kSealSamplesMin =
    480;  // bytes per sample flatten there: DEPENDENCIES.md, table in 3
inline constexpr unsigned kSealSamplesMax = 1920;  // constant series wait until here
inline constexpr unsigned kSealBytesMin = 384;

enum class Full : std::uint8_t { kNo, kOpen, kLate };

// What happened, and which part of the head the caller should seal soon.
struct AppendResult {
  Applied applied = Applied::kTaken;
  Full full = Full::kNo;
};

// All functions below: the caller holds the append lock and the head's own lock.

// `id` only spreads packing and sealing of series that started together over time.
AppendResult head_append(Head& head, std::uint32_t id, TimestampMs t, double value, HeadMemory& memory);
// Moves raw samples into packed form and gives their buffer back.
void head_pack(Head& head, HeadMemory& memory);
// First time of packed and raw samples. Requires: has_open().
TimestampMs head_start(const Head& head);
std::uint32_t head_open_samples(const Head& head);
// Appends the open samples (packed, then raw) in rising order; late ones are apart.
Status head_copy(const Head& head, SampleBuffer& out);
// Drops packed and raw samples, and late ones from `late_from` on.
void head_clear_open(Head& head, HeadMemory& memory);
void head_clear_late(Head& head, TimestampMs late_from, HeadMemory& memory);
void head_release(Head& head, HeadMemory& memory);  // everything; the series is gone or the store closes

// The record in `heads` (docs/formats/store.md), without its sequence.
void head_save(const Head& head, std::string& out);
Status head_load(Head& head, std::string_view bytes, HeadMemory& memory);

}  // namespace trimtab::embedded
