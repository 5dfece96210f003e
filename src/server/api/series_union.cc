// SPDX-License-Identifier: Apache-2.0
#include "server/api/series_union.h"

#include <unordered_set>

namespace trimtab {

Result<std::shared_ptr<SeriesUnion>> SeriesUnion::select(Store& store, const std::vector<Matchers>& selectors,
                                                         TimeRange range) {
  auto out = std::make_shared<SeriesUnion>();
  std::unordered_set<std::uint32_t> seen;
  for (const Matchers& matchers : selectors) {
    auto set = TRY(store.select(matchers, range));
    for (std::size_t i = 0; i < set->size(); ++i) {
      if (selectors.size() == 1 || seen.insert(raw(set->id(i))).second)
        out->items_.emplace_back(set.get(), i);
    }
    out->sets_.push_back(std::move(set));
  }
  return out;
}

}  // namespace trimtab
