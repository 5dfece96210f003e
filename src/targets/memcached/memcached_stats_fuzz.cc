// SPDX-License-Identifier: Apache-2.0
// Any bytes: an answer is whole, asks for more or is refused; its names and values lie inside the bytes, and
// it is the same when more follows it.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "targets/memcached/stats_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab::memcached;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view rest = text;
  const auto stats = decode_stats(rest);
  if (!stats || !*stats) {
    CHECK(rest.size() == size);
    return 0;
  }
  CHECK(rest.size() < size && (*stats)->size() <= kStatsLinesMax);
  for (const Stat& stat : **stats) {
    for (const std::string_view part : {stat.name, stat.value}) {
      CHECK(part.data() >= text.data() && part.data() + part.size() <= text.data() + size);
    }
    if (const auto slab = slab_stat(stat.name)) CHECK(!slab->slab.empty() && !slab->name.empty());
  }
  const std::string longer = std::string(text.substr(0, size - rest.size())) + "STAT x 1\r\n";
  std::string_view again = longer;
  const auto same = decode_stats(again);
  CHECK(same && *same && (*same)->size() == (*stats)->size() && again == "STAT x 1\r\n");
  return 0;
}
