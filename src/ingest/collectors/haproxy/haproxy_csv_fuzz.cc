// SPDX-License-Identifier: Apache-2.0
// Any bytes: statistics are refused, or every row told has a name and as many cells as there are columns, and
// all of its bytes can be read.
#include <cstdint>

#include "base/check.h"
#include "ingest/collectors/haproxy/haproxy_csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using trimtab::HaproxyRow;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::size_t rows = 0;
  std::size_t bytes = 0;
  const auto tally = trimtab::read_haproxy_csv(text, [&](const HaproxyRow& row) {
    ++rows;
    CHECK(!row.proxy.empty() && row.cells.size() == row.columns.size());
    CHECK(row.server.empty() == (row.kind != HaproxyRow::Kind::kServer));
    for (const std::string_view cell : row.cells) {
      for (const char c : cell) bytes += c == '"' ? 2 : 1;
    }
  });
  // Cells are never longer than what they were read from.
  CHECK(bytes <= 2 * size);
  if (tally) CHECK(tally->rows == rows);
  return 0;
}
