// SPDX-License-Identifier: Apache-2.0
// Any bytes as a remote engine's answer: an error, or an answer within the limits that is written and read
// back to the same document.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "query/answer_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab;
  using namespace trimtab::promql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  QueryLimits limits;
  limits.series_max = 100;
  limits.cells_max = 1'000;
  for (const QueryWindow& window : {QueryWindow::at(1'000), QueryWindow::over(0, 10'000, 1'000)}) {
    const auto answer = read_answer_json(text, window, limits);
    if (!answer) {
      CHECK(!answer.error().message().empty());
      continue;
    }
    CHECK(answer->rows() <= limits.series_max && answer->values.size() <= limits.cells_max);
    const std::string written = answer_json(*answer);
    const auto again = read_answer_json(written, window, limits);
    CHECK(again.has_value(), "{}", written);
    CHECK(answer_json(*again) == written, "{}", written);
  }
  return 0;
}
