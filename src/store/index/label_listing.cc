// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>

#include "store/index/label_index.h"

namespace trimtab::embedded {
namespace {

std::vector<std::string> sorted_texts(const SymbolTable& symbols,
                                      const boost::unordered_flat_set<std::uint32_t>& chosen) {
  std::vector<std::string> out;
  out.reserve(chosen.size());
  for (const std::uint32_t symbol : chosen) out.emplace_back(symbols.text(symbol));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::vector<std::string> LabelIndex::label_names() const {
  std::vector<std::string> out;
  for (const auto& [name, values] : names_) {
    const bool used = std::any_of(values.begin(), values.end(),
                                  [&](const Value& value) { return postings_[value.posting].size() != 0; });
    if (used) out.emplace_back(symbols_.text(name));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> LabelIndex::label_names(std::span<const std::uint32_t> ids) const {
  boost::unordered_flat_set<std::uint32_t> chosen;
  for (const std::uint32_t id : ids) {
    for (const Pair& pair : pairs(id)) chosen.insert(pair.name);
  }
  return sorted_texts(symbols_, chosen);
}

std::vector<std::string> LabelIndex::label_values(std::string_view name) const {
  std::vector<std::string> out;
  const auto symbol = symbols_.find(name);
  const auto values = symbol ? names_.find(*symbol) : names_.end();
  if (values == names_.end()) return out;
  for (const Value& value : values->second) {
    if (postings_[value.posting].size() != 0) out.emplace_back(symbols_.text(value.symbol));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> LabelIndex::label_values(std::string_view name,
                                                  std::span<const std::uint32_t> ids) const {
  boost::unordered_flat_set<std::uint32_t> chosen;
  if (const auto symbol = symbols_.find(name)) {
    for (const std::uint32_t id : ids) {
      if (const std::uint32_t value = value_of(id, *symbol); value != kNoSymbol) chosen.insert(value);
    }
  }
  return sorted_texts(symbols_, chosen);
}

std::vector<LabelIndex::Cardinality> LabelIndex::cardinalities() const {
  std::vector<Cardinality> out;
  for (const auto& [name, values] : names_) {
    Cardinality entry{std::string(symbols_.text(name)), 0, 0};
    for (const Value& value : values) {
      const std::size_t series = postings_[value.posting].size();
      entry.values += series != 0 ? 1 : 0;
      entry.series += series;
    }
    if (entry.series != 0) out.push_back(std::move(entry));
  }
  std::sort(out.begin(), out.end(), [](const Cardinality& a, const Cardinality& b) {
    return a.values != b.values ? a.values > b.values : a.name < b.name;
  });
  return out;
}

std::vector<std::pair<std::string, std::uint64_t>> LabelIndex::top_values(std::string_view name,
                                                                          std::size_t top) const {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  const auto symbol = symbols_.find(name);
  const auto values = symbol ? names_.find(*symbol) : names_.end();
  if (values == names_.end()) return out;
  for (const Value& value : values->second) {
    if (const std::size_t series = postings_[value.posting].size(); series != 0) {
      out.emplace_back(symbols_.text(value.symbol), series);
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (out.size() > top) out.resize(top);
  return out;
}

}  // namespace trimtab::embedded
