// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <utility>

namespace trimtab::embedded {

// Sorted series numbers of one label pair, 16 bytes when it holds at most two of them (most pairs of
// a large index belong to one series). Grows by half. Externally locked.
class PostingList {
 public:
  PostingList() = default;
  ~PostingList() { release(); }
  PostingList(PostingList&& other) noexcept { swap(other); }
  PostingList& operator=(PostingList&& other) noexcept {
    swap(other);
    return *this;
  }

  std::span<const std::uint32_t> ids() const { return {data(), size_}; }
  std::size_t size() const { return size_; }
  std::size_t heap_bytes() const { return capacity_ > kInline ? capacity_ * sizeof(std::uint32_t) + 16 : 0; }

  // Requires: id is larger than all present ones (ids are given in rising order).
  void push_back(std::uint32_t id);
  // Drops every id for which `dead` is true.
  template <typename Dead>
  void erase_if(Dead dead) {
    std::uint32_t* const from = data();
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < size_; ++i) {
      if (!dead(from[i])) from[kept++] = from[i];
    }
    size_ = kept;
  }

 private:
  static constexpr std::uint32_t kInline = 2;

  void swap(PostingList& other) noexcept {
    std::swap(store_, other.store_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }
  void release();
  std::uint32_t* data() { return capacity_ > kInline ? store_.heap : store_.inlined; }
  const std::uint32_t* data() const { return capacity_ > kInline ? store_.heap : store_.inlined; }

  union Store {
    std::uint32_t* heap;
    std::uint32_t inlined[kInline];
  };
  Store store_{.inlined = {0, 0}};
  std::uint32_t size_ = 0;
  std::uint32_t capacity_ = kInline;
};
static_assert(sizeof(PostingList) == 16);

}  // namespace trimtab::embedded
