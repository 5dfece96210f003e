// SPDX-License-Identifier: Apache-2.0
#include "ingest/import_fuzz_testlib.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto mapping =
      trimtab::parse_csv_mapping({.time = "t", .values = {"v=m", "3"}, .labels = {"host"}, .metric = "4"});
  CHECK(mapping.has_value());
  trimtab::ImportOptions options;
  options.format = trimtab::ImportFormat::kCsv;
  options.csv = *mapping;
  options.line_bytes_max = 4096;
  return trimtab::import_test::fuzz_import(data, size, options);
}
