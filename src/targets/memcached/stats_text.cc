// SPDX-License-Identifier: Apache-2.0
#include "targets/memcached/stats_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace trimtab::memcached {
namespace {

constexpr std::size_t kCitedBytesMax = 100;

std::unexpected<Error> refused(std::string_view line) {
  const bool login = line.starts_with("CLIENT_ERROR unauth") || line.starts_with("CLIENT_ERROR auth");
  const bool error = login || line.starts_with("ERROR") || line.starts_with("CLIENT_ERROR") ||
                     line.starts_with("SERVER_ERROR");
  const std::string_view cited = line.substr(0, kCitedBytesMax);
  return fail(login ? ErrorCode::kDenied : ErrorCode::kInvalid,
              error ? fmt::format("the server answers \"{}\"", cited)
                    : std::string("expected lines \"STAT name value\" and END; this is no memcached"));
}

}  // namespace

Result<std::optional<std::vector<Stat>>> decode_stats(std::string_view& bytes) {
  std::vector<Stat> stats;
  std::string_view rest = bytes;
  for (;;) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) {
      if (bytes.size() <= kStatsBytesMax) return std::optional<std::vector<Stat>>();
      return fail(ErrorCode::kLimit, fmt::format("stats: more than {} bytes without an END", kStatsBytesMax));
    }
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (line == "END") {
      bytes = rest;
      return stats;
    }
    if (!line.starts_with("STAT ")) return refused(line);
    if (stats.size() == kStatsLinesMax) {
      return fail(ErrorCode::kLimit, fmt::format("stats: more than {} lines", kStatsLinesMax));
    }
    const std::string_view words = line.substr(5);
    const std::size_t space = std::min(words.find(' '), words.size());
    stats.push_back({words.substr(0, space), words.substr(std::min(space + 1, words.size()))});
  }
}

std::optional<SlabStat> slab_stat(std::string_view name) {
  if (name.starts_with("items:")) name.remove_prefix(6);
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == name.size()) return std::nullopt;
  const std::string_view slab = name.substr(0, colon);
  if (!std::ranges::all_of(slab, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  return SlabStat{slab, name.substr(colon + 1)};
}

}  // namespace trimtab::memcached
