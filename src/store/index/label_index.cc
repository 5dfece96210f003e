// SPDX-License-Identifier: Apache-2.0
#include "store/index/label_index.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace trimtab::embedded {
namespace {

std::uint64_t default_hash(const Labels& labels) { return labels.hash().low; }

LabelLimits no_limits() {
  LabelLimits limits;
  limits.labels_count_max = limits.name_bytes_max = limits.value_bytes_max =
      std::numeric_limits<std::size_t>::max();
  return limits;
}

}  // namespace

LabelIndex::LabelIndex(HashFunction hash) : hash_(hash != nullptr ? hash : default_hash) {}

std::span<const LabelIndex::Pair> LabelIndex::pairs(std::uint32_t id) const {
  if (id >= series_pairs_.size() || series_pairs_[id] == nullptr) return {};
  return {series_pairs_[id], series_pair_counts_[id]};
}

std::uint32_t LabelIndex::value_of(std::uint32_t id, std::uint32_t name) const {
  for (const Pair& pair : pairs(id)) {
    if (pair.name == name) return pair.value;
  }
  return kNoSymbol;
}

bool LabelIndex::same(std::uint32_t id, const Labels& labels) const {
  const auto own = pairs(id);
  const auto items = labels.items();
  return std::equal(
      own.begin(), own.end(), items.begin(), items.end(), [&](const Pair& pair, const Label& label) {
        return symbols_.text(pair.name) == label.name && symbols_.text(pair.value) == label.value;
      });
}

std::optional<std::uint32_t> LabelIndex::find(const Labels& labels) const {
  const std::uint64_t hash = hash_(labels);
  const auto found = by_hash_.find(hash);
  if (found == by_hash_.end()) return std::nullopt;
  if (same(found->second, labels)) return found->second;
  for (const auto& [other_hash, id] : collisions_) {
    if (other_hash == hash && same(id, labels)) return id;
  }
  return std::nullopt;
}

void LabelIndex::add(std::uint32_t id, const Labels& labels) {
  CHECK(id >= series_pairs_.size(), "series {} after {}", id, series_pairs_.size());
  const auto items = labels.items();
  CHECK(items.size() <= std::numeric_limits<std::uint8_t>::max(), "{} labels", items.size());
  if (pair_used_ + items.size() > kPairBlock) {
    pair_blocks_.push_back(std::make_unique_for_overwrite<Pair[]>(kPairBlock));
    pair_used_ = 0;
  }
  Pair* const to = pair_blocks_.back().get() + pair_used_;
  pair_used_ += items.size();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Pair pair{symbols_.ensure(items[i].name), symbols_.ensure(items[i].value)};
    to[i] = pair;
    const auto [entry, is_new] = by_pair_.try_emplace(pair_key(pair.name, pair.value), postings_.size());
    if (is_new) {
      postings_.emplace_back();
      names_[pair.name].push_back({pair.value, entry->second});
    }
    postings_[entry->second].push_back(id);
  }
  series_pairs_.resize(id + 1, nullptr);
  series_pair_counts_.resize(id + 1, 0);
  alive_.resize(id + 1, false);
  series_pairs_[id] = to;
  series_pair_counts_[id] = static_cast<std::uint8_t>(items.size());
  alive_[id] = true;
  ++alive_count_;
  const std::uint64_t hash = hash_(labels);
  if (!by_hash_.try_emplace(hash, id).second) collisions_.emplace_back(hash, id);
}

void LabelIndex::remove(std::span<const std::uint32_t> ids) {
  std::vector<std::uint32_t> touched;
  for (const std::uint32_t id : ids) {
    if (!alive(id)) continue;
    const std::uint64_t hash = hash_(labels(id));
    if (const auto found = by_hash_.find(hash); found != by_hash_.end() && found->second == id) {
      const auto next = std::find_if(collisions_.begin(), collisions_.end(),
                                     [&](const auto& other) { return other.first == hash; });
      if (next == collisions_.end()) {
        by_hash_.erase(found);
      } else {
        found->second = next->second;
        collisions_.erase(next);
      }
    } else {
      std::erase(collisions_, std::pair{hash, id});
    }
    alive_[id] = false;
    --alive_count_;
    for (const Pair& pair : pairs(id))
      touched.push_back(by_pair_.find(pair_key(pair.name, pair.value))->second);
  }
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  for (const std::uint32_t posting : touched) {
    postings_[posting].erase_if([&](std::uint32_t id) { return !alive_[id]; });
  }
}

Labels LabelIndex::labels(std::uint32_t id) const {
  std::vector<Label> out;
  for (const Pair& pair : pairs(id)) {
    out.push_back({std::string(symbols_.text(pair.name)), std::string(symbols_.text(pair.value))});
  }
  static const LabelLimits limits = no_limits();
  auto labels = Labels::create(std::move(out), limits);
  CHECK(labels.has_value(), "labels of series {}: {}", id, labels.error().message());
  return *std::move(labels);
}

std::vector<std::uint32_t> LabelIndex::all() const {
  std::vector<std::uint32_t> out;
  out.reserve(alive_count_);
  for (std::uint32_t id = 0; id < alive_.size(); ++id) {
    if (alive_[id]) out.push_back(id);
  }
  return out;
}

std::size_t LabelIndex::memory_bytes() const {
  std::size_t bytes = symbols_.memory_bytes() + pair_blocks_.size() * kPairBlock * sizeof(Pair);
  bytes += series_pairs_.capacity() * (sizeof(Pair*) + 1) + alive_.capacity() / 8;
  bytes += (by_hash_.bucket_count() + by_pair_.bucket_count()) * 17;
  bytes += postings_.size() * sizeof(PostingList);
  for (const PostingList& posting : postings_) bytes += posting.heap_bytes();
  for (const auto& [name, values] : names_) bytes += values.capacity() * sizeof(Value);
  return bytes;
}

}  // namespace trimtab::embedded
