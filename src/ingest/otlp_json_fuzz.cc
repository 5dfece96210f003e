// SPDX-License-Identifier: Apache-2.0
#include "ingest/otlp_fuzz_testlib.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return trimtab::wire_test::fuzz_otlp(data, size, "application/json");
}
