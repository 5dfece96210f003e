// SPDX-License-Identifier: Apache-2.0
#include "ingest/import_fuzz_testlib.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  trimtab::ImportOptions options;
  options.format = trimtab::ImportFormat::kJsonLines;
  options.line_bytes_max = 4096;
  return trimtab::import_test::fuzz_import(data, size, options);
}
