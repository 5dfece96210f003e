// SPDX-License-Identifier: Apache-2.0
#include "store/head/head_table.h"

#include "base/check.h"

namespace trimtab::embedded {

HeadTable::HeadTable()
    : blocks_(static_cast<std::atomic<Head*>*>(std::calloc(kBlocksMax, sizeof(std::atomic<Head*>)))) {
  static_assert(sizeof(std::atomic<Head*>) == sizeof(Head*));
  CHECK(blocks_ != nullptr, "no memory for the head table");
}

HeadTable::~HeadTable() {
  const std::uint32_t count = size();
  for (std::uint32_t id = 0; id < count; ++id) head_release(at(id), memory_);
  for (std::size_t block = 0; block * kBlockHeads < count; ++block) delete[] blocks_.get()[block].load();
}

void HeadTable::ensure(std::uint32_t count, std::uint8_t flags) {
  const std::uint32_t before = size();
  if (count <= before) return;
  const std::size_t used = (std::size_t{before} + kBlockHeads - 1) / kBlockHeads;
  const std::size_t wanted = (std::size_t{count} + kBlockHeads - 1) / kBlockHeads;
  for (std::size_t block = used; block < wanted; ++block) {
    blocks_.get()[block].store(new Head[kBlockHeads], std::memory_order_release);
  }
  at(count - 1).flags |= flags;
  size_.store(count, std::memory_order_release);
}

std::size_t HeadTable::memory_bytes() const {
  const std::size_t blocks = (std::size_t{size()} + kBlockHeads - 1) / kBlockHeads;
  return blocks * kBlockHeads * sizeof(Head) + memory_.bytes.load(std::memory_order_relaxed);
}

}  // namespace trimtab::embedded
