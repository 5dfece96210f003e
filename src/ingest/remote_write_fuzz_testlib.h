// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "ingest/receiver_testlib.h"
#include "ingest/remote_write_testlib.h"

namespace trimtab::wire_test {

// Corpus files hold the message before compression. It is sent compressed, and once more as it
// stands so that the decompressor meets it too.
inline int fuzz_remote_write(const std::uint8_t* data, std::size_t size, std::string_view content_type) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Rig rig({.decoded_bytes_max = 1 << 20, .samples_max = 10'000, .series_max = 10'000});
  const std::string body = snap(bytes);
  const auto first = rig.receiver.remote_write(content_type, "snappy", body);
  if (first) {
    const auto again = rig.receiver.remote_write(content_type, "snappy", body);
    CHECK(again.has_value());
    CHECK(again->samples_written() == first->samples_written());
    CHECK(again->samples_rejected == first->samples_rejected);
  } else {
    CHECK(first.error().code() == ErrorCode::kInvalid || first.error().code() == ErrorCode::kLimit);
    CHECK(rig.store.append_calls == 0);
  }
  (void)rig.receiver.remote_write(content_type, "snappy", bytes);
  return 0;
}

}  // namespace trimtab::wire_test
