// SPDX-License-Identifier: Apache-2.0
#include "store/index/symbol_table.h"

#include <xxhash.h>

#include <algorithm>
#include <cstring>

namespace trimtab::embedded {

std::size_t SymbolTable::Hash::operator()(std::string_view text) const {
  return XXH3_64bits(text.data(), text.size());
}

std::uint32_t SymbolTable::ensure(std::string_view text) {
  if (const auto found = ids_.find(text); found != ids_.end()) return *found;
  if (text.size() > block_left_) {
    const std::size_t bytes = std::max(kBlockBytes, text.size());
    blocks_.push_back(std::make_unique_for_overwrite<char[]>(bytes));
    block_at_ = blocks_.back().get();
    block_left_ = bytes;
    block_bytes_ += bytes;
  }
  if (!text.empty()) std::memcpy(block_at_, text.data(), text.size());
  const auto symbol = static_cast<std::uint32_t>(texts_.size());
  texts_.emplace_back(block_at_, text.size());
  block_at_ += text.size();
  block_left_ -= text.size();
  ids_.insert(symbol);
  return symbol;
}

std::optional<std::uint32_t> SymbolTable::find(std::string_view text) const {
  const auto found = ids_.find(text);
  if (found == ids_.end()) return std::nullopt;
  return *found;
}

std::size_t SymbolTable::memory_bytes() const {
  return block_bytes_ + texts_.capacity() * sizeof(std::string_view) + ids_.bucket_count() * 5;
}

}  // namespace trimtab::embedded
