// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ingest/receiver_testlib.h"

namespace trimtab::wire_test {

inline int fuzz_otlp(const std::uint8_t* data, std::size_t size, std::string_view content_type) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Rig rig(
      {.decoded_bytes_max = 1 << 20, .samples_max = 20'000, .series_max = 20'000, .delta_streams_max = 64});
  const auto outcome = rig.receiver.otlp_metrics(content_type, "", bytes);
  if (outcome) {
    CHECK(outcome->appended.taken >= rig.store.stats().samples);
    CHECK((outcome->samples_rejected == 0) == encode_otlp_response(*outcome, false).empty());
  } else {
    CHECK(outcome.error().code() == ErrorCode::kInvalid || outcome.error().code() == ErrorCode::kLimit);
    CHECK(rig.store.append_calls == 0);
    CHECK(!encode_otlp_error(outcome.error(), true).empty());
  }
  for (const std::string_view encoding : {"gzip", "deflate", "zstd"}) {
    (void)rig.receiver.otlp_metrics(content_type, encoding, bytes);
  }
  return 0;
}

}  // namespace trimtab::wire_test
