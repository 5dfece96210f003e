// SPDX-License-Identifier: Apache-2.0
#include "analyze/memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>
#include <vector>

#include "base/labels.h"
#include "kernels/anomaly/state_bytes.h"

namespace trimtab::analyze {
namespace {

constexpr std::uint64_t kMagic = 0x3154'4e52'4145'4c54;  // "TLEARNT1" as bytes
constexpr std::size_t kWordBytes = 8;
constexpr std::size_t kHeadWords = 3;
constexpr std::size_t kRecordWords = 4 + Learnt::kSeasonsMax;
constexpr std::uint64_t kFirstDayBit = std::uint64_t{1} << 32;  // above the calendar's gain

}  // namespace

std::optional<Learnt> Memory::find(std::uint64_t who, std::uint64_t from) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(who);
  if (found == records_.end() || found->second.from != from) {
    ++misses_;
    return std::nullopt;
  }
  ++hits_;
  found->second.idle = 0;
  return found->second.learnt;
}

void Memory::put(std::uint64_t who, std::uint64_t from, const Learnt& learnt) {
  const std::lock_guard lock(mutex_);
  if (records_.size() >= kRecordsMax && !records_.contains(who)) {
    ++refused_;
    return;
  }
  records_[who] = {.from = from, .learnt = learnt, .idle = 0};
  ++revision_;
}

void Memory::end_pass() {
  const std::lock_guard lock(mutex_);
  const std::size_t before = records_.size();
  for (auto entry = records_.begin(); entry != records_.end();) {
    entry = ++entry->second.idle > kIdlePassesMax ? records_.erase(entry) : std::next(entry);
  }
  revision_ += records_.size() != before;
}

std::string Memory::save() const {
  std::vector<std::pair<std::uint64_t, Record>> sorted;
  {
    const std::lock_guard lock(mutex_);
    sorted.assign(records_.begin(), records_.end());
  }
  std::sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  kernels::StateWriter writer;
  writer.word(kMagic);
  writer.word(kVersion);
  writer.word(sorted.size());
  for (const auto& [who, record] : sorted) {
    writer.word(who);
    writer.word(record.from);
    for (const std::uint32_t season_ms : record.learnt.season_ms) writer.word(season_ms);
    writer.word(static_cast<std::uint64_t>(record.learnt.level_since_ms));
    writer.word(std::bit_cast<std::uint32_t>(record.learnt.calendar_gain) |
                (record.learnt.first_day ? kFirstDayBit : 0));
  }
  std::string out = writer.take();
  kernels::StateWriter sum;
  sum.word(hash_bytes(out).low);
  return out + sum.take();
}

Status Memory::restore(std::string_view bytes) {
  const auto damaged = [&](std::string_view what) {
    return fail(ErrorCode::kCorrupt, fmt::format("learnt state of {} bytes: {}", bytes.size(), what));
  };
  if (bytes.size() < (kHeadWords + 1) * kWordBytes) return damaged("cut short");
  kernels::StateReader reader(bytes);
  if (reader.word() != kMagic) return damaged("not such a state");
  const std::uint64_t version = reader.word();
  if (version != kVersion) {
    return fail(ErrorCode::kVersion,
                fmt::format("learnt state: version {}, this program reads {}", version, kVersion));
  }
  const std::uint64_t count = reader.word();
  if (count > kRecordsMax || bytes.size() != (kHeadWords + count * kRecordWords + 1) * kWordBytes)
    return damaged(fmt::format("does not hold the {} records it tells of", count));
  kernels::StateReader sum(bytes.substr(bytes.size() - kWordBytes));
  if (sum.word() != hash_bytes(bytes.substr(0, bytes.size() - kWordBytes)).low)
    return damaged("its checksum does not match");
  std::unordered_map<std::uint64_t, Record> records;
  records.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    Record& record = records[reader.word()];
    record.from = reader.word();
    for (std::uint32_t& season_ms : record.learnt.season_ms)
      season_ms = static_cast<std::uint32_t>(reader.word());
    record.learnt.level_since_ms = static_cast<TimestampMs>(reader.word());
    const std::uint64_t days = reader.word();
    record.learnt.calendar_gain = std::bit_cast<float>(static_cast<std::uint32_t>(days));
    record.learnt.first_day = (days & kFirstDayBit) != 0;
  }
  const std::lock_guard lock(mutex_);
  records_ = std::move(records);
  return ok();
}

std::size_t Memory::size() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}
std::uint64_t Memory::hits() const {
  const std::lock_guard lock(mutex_);
  return hits_;
}
std::uint64_t Memory::misses() const {
  const std::lock_guard lock(mutex_);
  return misses_;
}
std::uint64_t Memory::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}
std::uint64_t Memory::revision() const {
  const std::lock_guard lock(mutex_);
  return revision_;
}

}  // namespace trimtab::analyze
