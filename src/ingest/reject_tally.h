// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/rejects.h"

namespace trimtab {

// The rejects of one request, summed by reason and handed to Rejects once, so that a request of a
// million bad samples costs a handful of locks. The first detail of each reason is kept. Not
// thread-safe.
class RejectTally {
 public:
  void add(RejectReason reason, std::string_view detail, std::uint64_t count = 1) {
    Entry& entry = entries_[static_cast<std::size_t>(reason)];
    if (entry.detail.empty()) entry.detail = detail.substr(0, Rejects::kDetailBytesMax);
    entry.count += count;
    if (first_.empty() && count > 0) {
      first_ = std::string(reject_name(reason)) + ": " + entry.detail;
    }
  }

  std::uint64_t count(RejectReason reason) const { return entries_[static_cast<std::size_t>(reason)].count; }
  // "reason: detail" of the first one; "" when there is none.
  const std::string& first() const { return first_; }

  void report(Rejects& rejects, std::string_view source) const {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const Entry& entry = entries_[i];
      if (entry.count > 0) rejects.add(static_cast<RejectReason>(i), source, entry.detail, entry.count);
    }
  }

 private:
  struct Entry {
    std::uint64_t count = 0;
    std::string detail;
  };
  std::array<Entry, kRejectReasonsCount> entries_;
  std::string first_;
};

}  // namespace trimtab
