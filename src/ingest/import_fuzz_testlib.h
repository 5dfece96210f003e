// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "ingest/export.h"
#include "ingest/fake_store_testlib.h"
#include "ingest/import.h"

namespace trimtab::import_test {

inline std::string export_all(FakeStore& store) {
  std::string out;
  const auto set = store.select({}, {}, {});
  CHECK(export_json_lines(**set, {}, [&](std::string_view piece) {
          out += piece;
          return ok();
        }).has_value());
  return out;
}

// One import; pieces of `piece` bytes.
inline bool import_into(FakeStore& store, std::string_view bytes, ImportOptions options, std::size_t piece) {
  const FakeClock clock{0};
  Metrics metrics;
  Rejects rejects{metrics, clock};
  std::uint64_t told = 0;
  options.on_reject = [&](const ImportReject&) { ++told; };
  auto importer = Importer::create(store, rejects, options);
  CHECK(importer.has_value());
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    if (!(*importer)->feed(bytes.substr(0, piece))) return false;
  }
  if (!(*importer)->finish()) return false;
  CHECK((*importer)->progress().lines_rejected == told);
  CHECK((*importer)->progress().stored_lines == (*importer)->progress().lines);
  return true;
}

// Pieces must not matter, and what was taken must survive export and import unchanged.
inline int fuzz_import(const std::uint8_t* data, std::size_t size, const ImportOptions& options) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  FakeStore whole;
  FakeStore pieces;
  const bool first = import_into(whole, bytes, options, SIZE_MAX);
  const bool second = import_into(pieces, bytes, options, 3);
  CHECK(first == second);
  if (!first) return 0;
  const std::string text = export_all(whole);
  CHECK(text == export_all(pieces));
  FakeStore again;
  CHECK(import_into(
      again, text,
      {.format = ImportFormat::kJsonLines, .csv = {}, .compression = Compression::kNone, .labels = {}}, 100));
  CHECK(export_all(again) == text);
  return 0;
}

}  // namespace trimtab::import_test
