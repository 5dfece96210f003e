// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>

#include "store/index/label_index.h"

namespace trimtab::embedded {

// Candidates so far; `started` is false while every series is still one.
struct LabelIndex::Selection {
  bool started = false;
  std::vector<std::uint32_t> ids;
};

namespace {

// Intersection of sorted lists; gallops through the long one when lengths differ much.
std::vector<std::uint32_t> intersect(std::span<const std::uint32_t> a, std::span<const std::uint32_t> b) {
  if (a.size() > b.size()) std::swap(a, b);
  std::vector<std::uint32_t> out;
  out.reserve(a.size());
  if (b.size() / 16 < a.size()) {
    std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
    return out;
  }
  auto at = b.begin();
  for (const std::uint32_t id : a) {
    std::ptrdiff_t step = 1;
    while (b.end() - at > step && at[step] < id) step *= 2;
    at = std::lower_bound(at, at + std::min(step + 1, b.end() - at), id);
    if (at == b.end()) break;
    if (*at == id) out.push_back(id);
  }
  return out;
}

// Cheapest kinds first: exact pairs, short alternations, then what must look at values.
int order_of(const Matcher& matcher) {
  if (matcher.op() == MatchOp::kEqual) return matcher.value().empty() ? 3 : 0;
  if (matcher.op() == MatchOp::kRegex)
    return !matcher.literals().empty() ? 1 : matcher.matches_empty() ? 4 : 2;
  return 3;
}

}  // namespace

const PostingList* LabelIndex::posting(std::string_view name, std::string_view value) const {
  const auto name_symbol = symbols_.find(name);
  const auto value_symbol = symbols_.find(value);
  if (!name_symbol || !value_symbol) return nullptr;
  const auto found = by_pair_.find(pair_key(*name_symbol, *value_symbol));
  return found == by_pair_.end() ? nullptr : &postings_[found->second];
}

void LabelIndex::union_of(const std::vector<std::uint32_t>& postings, std::vector<std::uint32_t>& out) const {
  std::size_t total = 0;
  for (const std::uint32_t posting : postings) total += postings_[posting].size();
  out.clear();
  // A series has one value per name: the lists are disjoint. Few ids are sorted, many are marked.
  if (total < alive_.size() / 64) {
    out.reserve(total);
    for (const std::uint32_t posting : postings) {
      const auto ids = postings_[posting].ids();
      out.insert(out.end(), ids.begin(), ids.end());
    }
    if (postings.size() > 1) std::sort(out.begin(), out.end());
    return;
  }
  std::vector<std::uint64_t> bits((alive_.size() + 63) / 64, 0);
  for (const std::uint32_t posting : postings) {
    for (const std::uint32_t id : postings_[posting].ids()) bits[id / 64] |= std::uint64_t{1} << (id % 64);
  }
  out.reserve(total);
  for (std::size_t word = 0; word < bits.size(); ++word) {
    for (std::uint64_t rest = bits[word]; rest != 0; rest &= rest - 1) {
      out.push_back(static_cast<std::uint32_t>(word * 64) +
                    static_cast<std::uint32_t>(__builtin_ctzll(rest)));
    }
  }
}

// The first matcher that can be answered from postings alone.
void LabelIndex::start_with(const Matcher& matcher, Selection& selection) const {
  selection.started = true;
  const auto name = symbols_.find(matcher.name());
  const auto values = name ? names_.find(*name) : names_.end();
  if (values == names_.end()) return;
  std::vector<std::uint32_t> chosen;
  if (matcher.op() == MatchOp::kRegex && !matcher.literals().empty()) {
    for (const std::string& literal : matcher.literals()) {
      const auto symbol = symbols_.find(literal);
      if (!symbol) continue;
      const auto found = by_pair_.find(pair_key(*name, *symbol));
      if (found != by_pair_.end()) chosen.push_back(found->second);
    }
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  } else {
    for (const Value& value : values->second) {
      if (postings_[value.posting].size() != 0 && matcher.matches(symbols_.text(value.symbol))) {
        chosen.push_back(value.posting);
      }
    }
  }
  union_of(chosen, selection.ids);
}

// Keeps the candidates whose value matches. Each distinct value is judged once.
void LabelIndex::narrow(const Matcher& matcher, Selection& selection) const {
  const auto name = symbols_.find(matcher.name());
  const bool empty_matches = matcher.matches_empty();
  if (!name) {
    if (!empty_matches) selection.ids.clear();
    return;
  }
  boost::unordered_flat_map<std::uint32_t, bool> verdicts;
  std::erase_if(selection.ids, [&](std::uint32_t id) {
    const std::uint32_t value = value_of(id, *name);
    if (value == kNoSymbol) return !empty_matches;
    const auto [entry, is_new] = verdicts.try_emplace(value, false);
    if (is_new) entry->second = matcher.matches(symbols_.text(value));
    return !entry->second;
  });
}

std::vector<std::uint32_t> LabelIndex::select(const Matchers& matchers) const {
  std::vector<const Matcher*> ordered;
  for (const Matcher& matcher : matchers) ordered.push_back(&matcher);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Matcher* a, const Matcher* b) { return order_of(*a) < order_of(*b); });
  // Exact pairs, shortest posting first, so that intersections stay small.
  std::vector<const PostingList*> exact;
  std::size_t next = 0;
  for (; next < ordered.size() && order_of(*ordered[next]) == 0; ++next) {
    const PostingList* const list = posting(ordered[next]->name(), ordered[next]->value());
    if (list == nullptr || list->size() == 0) return {};
    exact.push_back(list);
  }
  std::sort(exact.begin(), exact.end(),
            [](const PostingList* a, const PostingList* b) { return a->size() < b->size(); });
  Selection selection;
  for (const PostingList* list : exact) {
    if (!selection.started) {
      selection.started = true;
      selection.ids.assign(list->ids().begin(), list->ids().end());
    } else {
      selection.ids = intersect(selection.ids, list->ids());
    }
  }
  for (; next < ordered.size(); ++next) {
    const Matcher& matcher = *ordered[next];
    if (selection.started) {
      if (selection.ids.empty()) return {};
      narrow(matcher, selection);
    } else if (matcher.op() == MatchOp::kRegex && !matcher.matches_empty()) {
      start_with(matcher, selection);
    } else {
      selection.started = true;
      selection.ids = all();
      narrow(matcher, selection);
    }
  }
  if (!selection.started) return all();
  return std::move(selection.ids);
}

}  // namespace trimtab::embedded
