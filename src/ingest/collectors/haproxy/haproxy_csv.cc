// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/haproxy/haproxy_csv.h"

#include <fmt/format.h>

#include <algorithm>

#include "ingest/csv_cells.h"

namespace trimtab {
namespace {

// The first line of `rest`, without its end; `rest` moves past it.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

Result<HaproxyCsvTally> read_haproxy_csv(std::string_view csv,
                                         const std::function<void(const HaproxyRow&)>& row) {
  CsvCells header(',', kHaproxyColumnsMax);
  CsvCells cells(',', kHaproxyColumnsMax);
  std::string_view rest = csv;
  const std::string_view first = take_line(rest);
  if (!first.starts_with(kHaproxyCsvHeader) || !header.split(first.substr(2))) {
    return invalid(
        fmt::format("expected a first line \"{}...\"; this is no statistics of HAProxy", kHaproxyCsvHeader));
  }
  const auto& columns = header.cells();
  const auto type = static_cast<std::size_t>(std::ranges::find(columns, "type") - columns.begin());
  if (type == columns.size()) return invalid("the statistics have no column \"type\"");

  HaproxyCsvTally tally;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.empty()) continue;
    if (!cells.split(line) || cells.cells().size() != columns.size() || cells.cells()[0].empty() ||
        cells.cells()[1].empty()) {
      ++tally.malformed;
      continue;
    }
    // 0 frontend, 1 backend, 2 server, 3 listener (management guide, 9.1, column 32).
    const std::string_view kind = cells.cells()[type];
    if (kind == "3") continue;
    if (kind != "0" && kind != "1" && kind != "2") {
      ++tally.malformed;
      continue;
    }
    if (tally.rows == kHaproxyRowsMax) {
      return fail(ErrorCode::kLimit,
                  fmt::format("more than {} frontends, backends and servers", kHaproxyRowsMax));
    }
    ++tally.rows;
    HaproxyRow one{.columns = columns, .cells = cells.cells()};
    one.kind = kind == "0"   ? HaproxyRow::Kind::kFrontend
               : kind == "1" ? HaproxyRow::Kind::kBackend
                             : HaproxyRow::Kind::kServer;
    one.proxy = cells.cells()[0];
    if (one.kind == HaproxyRow::Kind::kServer) one.server = cells.cells()[1];
    row(one);
  }
  return tally;
}

}  // namespace trimtab
