// SPDX-License-Identifier: Apache-2.0
#include "store/head/head.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

#include "base/check.h"
#include "store/codec/chunk_codec.h"
#include "store/engine/bytes.h"
#include "store/head/packed.h"

namespace trimtab::embedded {
namespace {

constexpr unsigned kFirstRawCapacity = 8;
constexpr std::size_t kMallocBytes = 16;  // what an allocation costs beside its own bytes

char* raw_entry(const Head& head, unsigned index) { return head.raw + index * kRawEntryBytes; }

TimestampMs raw_time(const Head& head, unsigned index) {
  std::uint32_t offset;
  std::memcpy(&offset, raw_entry(head, index), sizeof offset);
  return head.base_ms + offset;
}
double raw_value(const Head& head, unsigned index) {
  double value;
  std::memcpy(&value, raw_entry(head, index) + 4, sizeof value);
  return value;
}
void set_raw(Head& head, unsigned index, TimestampMs t, double value) {
  const auto offset = static_cast<std::uint32_t>(t - head.base_ms);
  char* const at = raw_entry(head, index);
  std::memcpy(at, &offset, sizeof offset);
  std::memcpy(at + 4, &value, sizeof value);
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// Series that started together reach their limits in different rounds.
unsigned raw_limit(std::uint32_t id) { return kRawSamplesMax - ((id * 2654435769U) >> 28); }

void grow_raw(Head& head, HeadMemory& memory) {
  const unsigned capacity =
      head.raw_capacity == 0 ? kFirstRawCapacity : std::min(head.raw_capacity * 2U, kRawSamplesMax);
  auto* const raw = static_cast<char*>(std::realloc(head.raw, capacity * kRawEntryBytes));
  CHECK(raw != nullptr, "no memory for {} samples", capacity);
  const std::size_t before = head.raw == nullptr ? 0 : head.raw_capacity * kRawEntryBytes + kMallocBytes;
  memory.bytes.fetch_add(capacity * kRawEntryBytes + kMallocBytes - before, std::memory_order_relaxed);
  head.raw = raw;
  head.raw_capacity = static_cast<std::uint8_t>(capacity);
}

void pack_raw(Head& head, HeadMemory& memory) {
  if (head.raw_count == 0) return;
  TimestampMs times[kRawSamplesMax];
  double values[kRawSamplesMax];
  for (unsigned i = 0; i < head.raw_count; ++i) {
    times[i] = raw_time(head, i);
    values[i] = raw_value(head, i);
  }
  packed_add(head, {times, head.raw_count}, {values, head.raw_count}, memory);
  head.raw_count = 0;
}

Full wants_seal(const Head& head) {
  if (head.packed == nullptr) return Full::kNo;
  const auto samples = head.packed->samples;
  const bool full =
      samples >= kSealSamplesMax || (samples >= kSealSamplesMin && head.packed->bytes >= kSealBytesMin);
  return full ? Full::kOpen : Full::kNo;
}

AppendResult append_newest(Head& head, std::uint32_t id, TimestampMs t, double value, HeadMemory& memory) {
  Full full = Full::kNo;
  if (head.raw_count != 0 &&
      (head.raw_count >= raw_limit(id) || t - head.base_ms > std::numeric_limits<std::uint32_t>::max())) {
    pack_raw(head, memory);
    full = wants_seal(head);
  }
  if (head.raw_count == head.raw_capacity) grow_raw(head, memory);
  if (head.raw_count == 0) head.base_ms = t;
  set_raw(head, head.raw_count, t, value);
  ++head.raw_count;
  if (t < head.oldest_ms) head.oldest_ms = t;  // the first one
  head.newest_ms = t;
  head.newest_value = value;
  return {Applied::kTaken, full};
}

// A time inside raw's range: there already, or put in its place.
AppendResult insert_raw(Head& head, TimestampMs t, double value, HeadMemory& memory) {
  unsigned at = head.raw_count;
  while (at > 0 && raw_time(head, at - 1) > t) --at;
  if (at > 0 && raw_time(head, at - 1) == t) {
    if (same_bits(raw_value(head, at - 1), value)) return {Applied::kDuplicate, Full::kNo};
    set_raw(head, at - 1, t, value);
    if (t == head.newest_ms) head.newest_value = value;
    return {Applied::kOverwritten, Full::kNo};
  }
  if (head.raw_count == kRawSamplesMax) {  // makes room by packing the older half
    SampleBuffer all;
    for (unsigned i = 0; i < head.raw_count; ++i) {
      all.timestamps_ms.push_back(raw_time(head, i));
      all.values.push_back(raw_value(head, i));
    }
    all.timestamps_ms.insert(all.timestamps_ms.begin() + at, t);
    all.values.insert(all.values.begin() + at, value);
    const std::size_t half = all.size() / 2;
    packed_add(head, {all.timestamps_ms.data(), half}, {all.values.data(), half}, memory);
    head.base_ms = all.timestamps_ms[half];
    head.raw_count = static_cast<std::uint8_t>(all.size() - half);
    for (unsigned i = 0; i < head.raw_count; ++i)
      set_raw(head, i, all.timestamps_ms[half + i], all.values[half + i]);
    return {Applied::kLate, wants_seal(head)};
  }
  if (head.raw_count == head.raw_capacity) grow_raw(head, memory);
  std::memmove(raw_entry(head, at + 1), raw_entry(head, at), (head.raw_count - at) * kRawEntryBytes);
  ++head.raw_count;
  set_raw(head, at, t, value);
  return {Applied::kLate, Full::kNo};
}

// A time older than raw: a late sample, unless packed or late hold it with this value.
AppendResult insert_late(Head& head, TimestampMs t, double value, HeadMemory& memory) {
  Applied applied = Applied::kLate;
  if (head.late == nullptr) {
    head.late = new std::vector<LateSample>();
    memory.bytes.fetch_add(sizeof *head.late + kMallocBytes, std::memory_order_relaxed);
  }
  auto& late = *head.late;
  auto at = late.end();
  if (!late.empty() && late.back().timestamp_ms >= t) {
    at = std::lower_bound(late.begin(), late.end(), t, [](const LateSample& sample, TimestampMs time) {
      return sample.timestamp_ms < time;
    });
  }
  if (at != late.end() && at->timestamp_ms == t) {
    if (same_bits(at->value, value)) return {Applied::kDuplicate, Full::kNo};
    at->value = value;
    return {Applied::kOverwritten, Full::kNo};
  }
  double present;
  if (head.packed != nullptr && packed_find(*head.packed, t, present)) {
    if (same_bits(present, value)) return {Applied::kDuplicate, Full::kNo};
    applied = Applied::kOverwritten;
  }
  const std::size_t capacity = late.capacity();
  late.insert(at, {t, value});
  memory.bytes.fetch_add((late.capacity() - capacity) * sizeof(LateSample), std::memory_order_relaxed);
  memory.late_samples.fetch_add(1, std::memory_order_relaxed);
  if (t < head.oldest_ms) head.oldest_ms = t;
  return {applied, late.size() >= kSealSamplesMin ? Full::kLate : Full::kNo};
}

}  // namespace

AppendResult head_append(Head& head, std::uint32_t id, TimestampMs t, double value, HeadMemory& memory) {
  if (t > head.newest_ms) [[likely]] {
    head.flags |= Head::kDirty | Head::kTouched;
    return append_newest(head, id, t, value, memory);
  }
  // A repeated delivery of the newest sample; it may be sealed already.
  if (t == head.newest_ms && same_bits(value, head.newest_value)) return {Applied::kDuplicate, Full::kNo};
  head.flags |= Head::kDirty | Head::kTouched;
  if (head.raw_count != 0 && t >= head.base_ms) return insert_raw(head, t, value, memory);
  AppendResult result = insert_late(head, t, value, memory);
  if (t == head.newest_ms && result.applied != Applied::kDuplicate) {
    head.newest_value = value;
    result.applied = Applied::kOverwritten;  // the newest one is sealed; this one is over it when read
  }
  return result;
}

void head_pack(Head& head, HeadMemory& memory) {
  pack_raw(head, memory);
  if (head.raw != nullptr) {
    memory.bytes.fetch_sub(head.raw_capacity * kRawEntryBytes + kMallocBytes, std::memory_order_relaxed);
    std::free(head.raw);
    head.raw = nullptr;
    head.raw_capacity = 0;
  }
}

TimestampMs head_start(const Head& head) {
  return head.packed != nullptr ? head.packed->first_ms : head.base_ms;
}

std::uint32_t head_open_samples(const Head& head) {
  return (head.packed != nullptr ? head.packed->samples : 0) + head.raw_count;
}

Status head_copy(const Head& head, SampleBuffer& out) {
  if (head.packed != nullptr) TRY(packed_copy(*head.packed, out));
  for (unsigned i = 0; i < head.raw_count; ++i) {
    out.timestamps_ms.push_back(raw_time(head, i));
    out.values.push_back(raw_value(head, i));
  }
  return ok();
}

void head_clear_open(Head& head, HeadMemory& memory) {
  packed_release(head, memory);
  head.raw_count = 0;
}

void head_clear_late(Head& head, TimestampMs late_from, HeadMemory& memory) {
  if (head.late == nullptr) return;
  auto& late = *head.late;
  const auto from =
      std::lower_bound(late.begin(), late.end(), late_from,
                       [](const LateSample& sample, TimestampMs time) { return sample.timestamp_ms < time; });
  memory.late_samples.fetch_sub(static_cast<std::uint64_t>(late.end() - from), std::memory_order_relaxed);
  late.erase(from, late.end());
  if (late.empty()) {
    memory.bytes.fetch_sub(sizeof late + kMallocBytes + late.capacity() * sizeof(LateSample),
                           std::memory_order_relaxed);
    delete head.late;
    head.late = nullptr;
  }
}

void head_release(Head& head, HeadMemory& memory) {
  head_clear_open(head, memory);
  head_pack(head, memory);
  head_clear_late(head, std::numeric_limits<TimestampMs>::min(), memory);
}

}  // namespace trimtab::embedded
