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
  for (const std::string_view view : {line->method, line->path}) {
    CHECK(view.empty() || (view.data() >= text.data() && view.data() + view.size() <= text.data() + size));
  }
  return 0;
}
