// SPDX-License-Identifier: Apache-2.0
// Any bytes as a query: an error with a place or a tree whose text reads back as the same tree.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "query/parser.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto expr = promql::parse(text);
  if (!expr) {
    CHECK(!expr.error().message().empty());
    return 0;
  }
  const std::string canonical = promql::to_text(**expr);
  const auto again = promql::parse(canonical);
  CHECK(again.has_value(), "{} does not read back: {}", canonical, again.error().message());
  CHECK(promql::to_text(**again) == canonical, "{} and {}", canonical, promql::to_text(**again));
  return 0;
}
