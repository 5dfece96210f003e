// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "store/index/posting_list.h"
#include "store/index/symbol_table.h"
#include "store/store.h"

namespace trimtab::embedded {

// Series and their labels, found by labels or by matchers. All in memory: about 130 bytes per series
// of eight labels plus what its own distinct values take. Externally locked (many readers or one
// writer). Identity is decided by comparing labels; hashes only say where to look.
class LabelIndex {
 public:
  using HashFunction = std::uint64_t (*)(const Labels&);  // tests pass a bad one
  explicit LabelIndex(HashFunction hash = nullptr);

  std::optional<std::uint32_t> find(const Labels& labels) const;
  // Requires: find(labels) is empty; id is larger than every id added before.
  void add(std::uint32_t id, const Labels& labels);
  // The series is found no more. Its labels stay readable for answers given before.
  void remove(std::span<const std::uint32_t> ids);  // sorted

  Labels labels(std::uint32_t id) const;
  bool alive(std::uint32_t id) const { return id < alive_.size() && alive_[id]; }
  std::uint64_t alive_count() const { return alive_count_; }

  // Sorted ids of the series that satisfy all matchers; all series when there are none.
  std::vector<std::uint32_t> select(const Matchers& matchers) const;

  // Sorted. With ids: only names or values of those series.
  std::vector<std::string> label_names() const;
  std::vector<std::string> label_names(std::span<const std::uint32_t> ids) const;
  std::vector<std::string> label_values(std::string_view name) const;
  std::vector<std::string> label_values(std::string_view name, std::span<const std::uint32_t> ids) const;

  struct Cardinality {
    std::string name;
    std::uint64_t values = 0;
    std::uint64_t series = 0;
  };
  std::vector<Cardinality> cardinalities() const;  // every label name, most values first
  // Values of one label with their series counts, most series first, at most `top`.
  std::vector<std::pair<std::string, std::uint64_t>> top_values(std::string_view name, std::size_t top) const;

  std::size_t memory_bytes() const;

 private:
  struct Pair {
    std::uint32_t name;
    std::uint32_t value;
  };
  struct Value {
    std::uint32_t symbol;
    std::uint32_t posting;
  };
  using Names = boost::unordered_flat_map<std::uint32_t, std::vector<Value>>;

  static std::uint64_t pair_key(std::uint32_t name, std::uint32_t value) {
    return (std::uint64_t{name} << 32) | value;
  }
  std::span<const Pair> pairs(std::uint32_t id) const;
  std::uint32_t value_of(std::uint32_t id, std::uint32_t name) const;  // kNoSymbol when absent
  bool same(std::uint32_t id, const Labels& labels) const;
  const PostingList* posting(std::string_view name, std::string_view value) const;
  std::vector<std::uint32_t> all() const;

  struct Selection;
  void start_with(const Matcher& matcher, Selection& selection) const;
  void narrow(const Matcher& matcher, Selection& selection) const;
  void union_of(const std::vector<std::uint32_t>& postings, std::vector<std::uint32_t>& out) const;

  static constexpr std::uint32_t kNoSymbol = ~std::uint32_t{0};
  static constexpr std::size_t kPairBlock = 1 << 16;

  HashFunction hash_;
  SymbolTable symbols_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> by_hash_;  // the first series of that hash
  std::vector<std::pair<std::uint64_t, std::uint32_t>> collisions_;  // further ones; empty but for 2^-64
  std::vector<std::unique_ptr<Pair[]>> pair_blocks_;
  std::size_t pair_used_ = kPairBlock;            // of the last block
  std::vector<const Pair*> series_pairs_;         // by id
  std::vector<std::uint8_t> series_pair_counts_;  // by id
  std::vector<bool> alive_;
  std::uint64_t alive_count_ = 0;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> by_pair_;  // pair_key -> posting
  std::deque<PostingList> postings_;
  Names names_;  // by name symbol
};

}  // namespace trimtab::embedded
