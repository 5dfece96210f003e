// SPDX-License-Identifier: Apache-2.0
#include "ingest/remote_write_fuzz_testlib.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return trimtab::wire_test::fuzz_remote_write(data, size, trimtab::wire_test::kV2);
}
