// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "store/head/head.h"

namespace trimtab::embedded {

// Heads by series number, in blocks that never move, so that readers need no lock to find one.
// ensure() and the destructor: the appender alone. at(): anyone, for ids below size().
class HeadTable {
 public:
  HeadTable();
  ~HeadTable();
  HeadTable(const HeadTable&) = delete;
  HeadTable& operator=(const HeadTable&) = delete;

  Head& at(std::uint32_t id) const {
    return blocks_.get()[id / kBlockHeads].load(std::memory_order_acquire)[id % kBlockHeads];
  }
  // Heads 0 .. count - 1 exist afterwards; the last one carries these flags before anyone sees it.
  void ensure(std::uint32_t count, std::uint8_t flags);
  std::uint32_t size() const { return size_.load(std::memory_order_acquire); }
  std::size_t memory_bytes() const;

  HeadMemory& memory() { return memory_; }
  const HeadMemory& memory() const { return memory_; }

 private:
  static constexpr std::uint32_t kBlockHeads = 4096;
  static constexpr std::size_t kBlocksMax = (std::size_t{1} << 32) / kBlockHeads;
  struct Free {
    void operator()(std::atomic<Head*>* blocks) const { std::free(static_cast<void*>(blocks)); }
  };

  std::unique_ptr<std::atomic<Head*>, Free> blocks_;  // 8 MiB of zero pages, touched as the table grows
  std::atomic<std::uint32_t> size_{0};
  HeadMemory memory_;
};

}  // namespace trimtab::embedded
