// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/matcher.h"
#include "store/store.h"

namespace trimtab {

// The series that match any of several selectors, each once. Owns the sets it reads from.
class SeriesUnion {
 public:
  static Result<std::shared_ptr<SeriesUnion>> select(Store& store, const std::vector<Matchers>& selectors,
                                                     TimeRange range);

  std::size_t size() const { return items_.size(); }
  Labels labels(std::size_t index) const { return items_[index].first->labels(items_[index].second); }
  Status read(std::size_t index, TimeRange range, SampleBuffer& out) const {
    return items_[index].first->read(items_[index].second, range, out);
  }

 private:
  std::vector<std::unique_ptr<SeriesSet>> sets_;
  std::vector<std::pair<const SeriesSet*, std::size_t>> items_;
};

}  // namespace trimtab
