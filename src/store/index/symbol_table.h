// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace trimtab::embedded {

// Every distinct label name and value once, as a dense number. Symbols are never dropped while the
// process lives: views stay valid. Externally locked.
class SymbolTable {
 public:
  SymbolTable() : ids_(0, Hash{this}, Equal{this}) {}
  SymbolTable(const SymbolTable&) = delete;
  SymbolTable& operator=(const SymbolTable&) = delete;

  std::uint32_t ensure(std::string_view text);
  std::optional<std::uint32_t> find(std::string_view text) const;
  std::string_view text(std::uint32_t symbol) const { return texts_[symbol]; }
  std::size_t size() const { return texts_.size(); }
  std::size_t memory_bytes() const;

 private:
  struct Hash {
    using is_transparent = void;
    const SymbolTable* table;
    std::size_t operator()(std::string_view text) const;
    std::size_t operator()(std::uint32_t symbol) const { return (*this)(table->texts_[symbol]); }
  };
  struct Equal {
    using is_transparent = void;
    const SymbolTable* table;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(std::string_view a, std::uint32_t b) const { return a == table->texts_[b]; }
    bool operator()(std::uint32_t a, std::string_view b) const { return table->texts_[a] == b; }
  };

  static constexpr std::size_t kBlockBytes = 1 << 16;

  std::vector<std::string_view> texts_;
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::size_t block_left_ = 0;
  char* block_at_ = nullptr;
  std::size_t block_bytes_ = 0;
  boost::unordered_flat_set<std::uint32_t, Hash, Equal> ids_;
};

}  // namespace trimtab::embedded
