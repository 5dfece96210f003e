// SPDX-License-Identifier: Apache-2.0
// Any bytes: a line is refused, or gives numbers within their ranges and views inside the line.
#include <cmath>
#include <cstdint>

#include "base/check.h"
#include "targets/nginx/access_line.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto line = trimtab::parse_access_line(text);
  if (!line) return 0;
  CHECK(line->status >= 100 && line->status <= 999);
  CHECK(std::isfinite(line->bytes) && line->bytes >= 0);
  CHECK(std::isfinite(line->request_seconds) && line->request_seconds >= -1);
  CHECK(std::isfinite(line->upstream_seconds) && line->upstream_seconds >= -1);
  CHECK(std::isfinite(line->upstream_connect_seconds) && line->upstream_connect_seconds >= -1);
  const auto check_inside = [&](std::string_view view) {
    CHECK(view.empty() || (view.data() >= text.data() && view.data() + view.size() <= text.data() + size));
  };
  for (const std::string_view view : {line->client, line->method, line->path, line->upstream_addresses,
                                      line->upstream_times, line->upstream_statuses}) {
    check_inside(view);
  }
  for (const trimtab::UpstreamTry& one : trimtab::upstream_tries(*line)) {
    check_inside(one.address);
    CHECK(one.status == 0 || (one.status >= 100 && one.status <= 999));
    CHECK(std::isfinite(one.seconds) && one.seconds >= -1);
  }
  return 0;
}
