// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "store/engine/core.h"
#include "store/journal/journal_codec.h"

namespace trimtab::embedded {

// Applies decoded journal entries to heads on a few threads. Each worker owns the heads of its share
// of series and sees every entry in order, so a head meets its samples in the order they were written
// and no head is touched by two. At most kEntriesAhead entries wait; then add() blocks.
class ReplayCrew {
 public:
  // `seen[series]`: entries below it are in the head already. Outlives the crew.
  ReplayCrew(Core& core, const std::vector<std::uint64_t>& seen);
  ~ReplayCrew() { finish(); }

  void add(std::uint64_t sequence, std::unique_ptr<JournalEntry> entry);
  void finish();  // returns when everything is applied

 private:
  struct Work {
    std::uint64_t sequence;
    std::shared_ptr<const JournalEntry> entry;
  };
  struct Worker {
    std::deque<Work> queue;
    std::jthread thread;
  };
  void run(std::size_t index);
  void apply_samples(std::size_t index, const Work& work);
  void apply_sealed(std::size_t index, const Work& work);
  // Blocks of 64 series go together: one look at a run of neighbours decides for all of them.
  bool mine(std::size_t index, std::uint32_t series) const {
    return (series >> 6) % workers_.size() == index;
  }

  static constexpr std::size_t kEntriesAhead = 16;
  static constexpr std::size_t kWorkersMax = 4;

  Core& core_;
  const std::vector<std::uint64_t>& seen_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool finished_ = false;
  std::vector<Worker> workers_;
};

}  // namespace trimtab::embedded
