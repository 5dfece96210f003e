// SPDX-License-Identifier: Apache-2.0
#include "store/index/posting_list.h"

#include <cstring>

namespace trimtab::embedded {

void PostingList::push_back(std::uint32_t id) {
  if (size_ == capacity_) {
    const std::uint32_t capacity = capacity_ + capacity_ / 2 + 3;
    auto* const heap = new std::uint32_t[capacity];
    std::memcpy(heap, data(), size_ * sizeof(std::uint32_t));
    release();
    store_.heap = heap;
    capacity_ = capacity;
  }
  data()[size_++] = id;
}

void PostingList::release() {
  if (capacity_ > kInline) delete[] store_.heap;
  capacity_ = kInline;
}

}  // namespace trimtab::embedded
