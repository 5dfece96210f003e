// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "analyze/learn.h"
#include "base/result.h"

namespace trimtab::analyze {

// What was learnt of each series, so that a pass, and the first pass after a restart, need not learn it
// again. A record holds a hash of the very samples it was learnt from: it is given only for the same samples,
// so findings are the same bytes with and without it. It saves time, nothing else.
//
// Bounded: at most kRecordsMax records; beyond, what is new is not remembered (refused() counts it). A record
// that no look asked for in kIdlePassesMax passes is forgotten. Thread-safe.
class Memory {
 public:
  // 64 bits of who (series and reading) and of what it was learnt from (samples, cells, method).
  std::optional<Learnt> find(std::uint64_t who, std::uint64_t from);
  void put(std::uint64_t who, std::uint64_t from, const Learnt& learnt);

  // Ends a pass over all series: ages the records.
  void end_pass();

  // The bytes of the whole memory, and back. The same records give the same bytes. Errors: kVersion for
  // bytes of another version, kCorrupt for damaged ones; the memory is then as it was.
  std::string save() const;
  Status restore(std::string_view bytes);

  std::size_t size() const;
  std::uint64_t hits() const;
  std::uint64_t misses() const;
  std::uint64_t refused() const;
  // Grows with every change of what save() gives but for ageing.
  std::uint64_t revision() const;

  static constexpr std::size_t kRecordsMax = 500'000;
  static constexpr std::uint32_t kIdlePassesMax = 60;
  // Of the bytes, and of how learn() learns: another way of learning must not take over old answers.
  static constexpr std::uint32_t kVersion = 2;

 private:
  struct Record {
    std::uint64_t from = 0;
    Learnt learnt;
    std::uint32_t idle = 0;
  };
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, Record> records_;
  std::uint64_t hits_ = 0;
  std::uint64_t misses_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t revision_ = 0;
};

}  // namespace trimtab::analyze
