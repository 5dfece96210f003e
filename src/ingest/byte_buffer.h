// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

namespace trimtab {

// Bytes that are about to be written by a decompressor: grows without clearing, is reused from
// request to request. Not thread-safe.
class ByteBuffer {
 public:
  // Room for at least `size` bytes; what was there is lost.
  char* reserve(std::size_t size) {
    if (size > capacity_) {
      bytes_ = std::make_unique_for_overwrite<char[]>(size);
      capacity_ = size;
    }
    return bytes_.get();
  }
  // Room for at least `size` bytes; the first `keep` stay.
  char* grow(std::size_t size, std::size_t keep) {
    if (size > capacity_) {
      const std::size_t larger = std::max(size, capacity_ * 2);
      auto bytes = std::make_unique_for_overwrite<char[]>(larger);
      if (keep > 0) std::memcpy(bytes.get(), bytes_.get(), keep);
      bytes_ = std::move(bytes);
      capacity_ = larger;
    }
    return bytes_.get();
  }
  char* data() { return bytes_.get(); }
  std::size_t capacity() const { return capacity_; }
  // Gives memory back when it holds more than `bytes_max`.
  void shrink(std::size_t bytes_max) {
    if (capacity_ <= bytes_max) return;
    bytes_.reset();
    capacity_ = 0;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
};

}  // namespace trimtab
