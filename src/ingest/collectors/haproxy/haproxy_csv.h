// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace trimtab {

// One row of HAProxy's statistics (management guide, "9.1. CSV format"). Views that last during the call
// only.
struct HaproxyRow {
  enum class Kind { kFrontend, kBackend, kServer };
  Kind kind = Kind::kFrontend;
  std::string_view proxy = {};
  std::string_view server = {};                    // "" unless kServer
  std::span<const std::string_view> columns = {};  // "pxname", "svname", ...; the same in all rows
  std::span<const std::string_view> cells = {};    // as many
};

struct HaproxyCsvTally {
  std::size_t rows = 0;       // told, rows of listeners left out
  std::size_t malformed = 0;  // lines that are no row: cut, quotes that do not fit, no name
};

inline constexpr std::size_t kHaproxyBytesMax = 16 << 20;  // of an answer
inline constexpr std::size_t kHaproxyRowsMax = 10'000;
inline constexpr std::size_t kHaproxyColumnsMax = 512;  // HAProxy 2.6 has 128

// Calls back for each row, in order. Errors: kInvalid (the first line is not HAProxy's header), kLimit
// (rows).
Result<HaproxyCsvTally> read_haproxy_csv(std::string_view csv,
                                         const std::function<void(const HaproxyRow&)>& row);

inline constexpr std::string_view kHaproxyCsvHeader = "# pxname,svname,";

}  // namespace trimtab
