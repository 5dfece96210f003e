// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/rejects.h"
#include "base/result.h"
#include "ingest/csv_mapping.h"
#include "ingest/decompress.h"
#include "store/store.h"

namespace trimtab {

enum class ImportFormat { kJsonLines, kPrometheusText, kOpenMetrics, kCsv };

// "json", "prometheus", "openmetrics", "csv". Errors: kInvalid.
Result<ImportFormat> parse_import_format(std::string_view word);
// By the name's ending, compression endings passed over: .json .jsonl .ndjson, .prom .txt,
// .om .openmetrics, .csv .tsv. Nothing when it says nothing.
std::optional<ImportFormat> import_format_of_file(std::string_view file_name);

// A line (or CSV record) or part of it that was refused.
struct ImportReject {
  std::uint64_t line = 0;  // counted from 1; 0 when only the batch is known
  RejectReason reason{};
  std::string detail;
  std::string_view text;  // the refused line without its end; valid during the call
};

struct ImportOptions {
  ImportFormat format = ImportFormat::kJsonLines;
  CsvMapping csv = {};  // for kCsv
  std::optional<Compression> compression =
      std::nullopt;  // not set: gzip and zstd are told by the first bytes
  // Set on every series that does not have a label of that name.
  std::vector<Label> labels = {};
  // For text lines without a time of their own; when not set they are refused.
  std::optional<TimestampMs> missing_timestamp_ms = std::nullopt;
  // Lines up to this one were imported before and are passed over: ImportProgress::stored_lines of
  // the run that stopped.
  std::uint64_t resume_after_line = 0;
  std::size_t line_bytes_max = 16 << 20;  // longer lines are refused
  std::string source = "import";          // named in the rejects
  std::function<void(const ImportReject&)> on_reject = nullptr;
};

struct ImportProgress {
  std::uint64_t bytes_in = 0;      // as fed, compressed or not
  std::uint64_t bytes_text = 0;    // after decompression
  std::uint64_t lines = 0;         // read, blank ones included
  std::uint64_t stored_lines = 0;  // up to here everything is in the store or rejected
  std::uint64_t samples = 0;       // found in the lines
  AppendOutcome appended;
  std::uint64_t lines_rejected = 0;
  std::uint64_t samples_rejected = 0;  // refused by the store, one by one or with their series
  std::string first_reject;
};

// Imports a text in pieces of any size, from a file or a request body, in bounded memory: a block of
// 1 MiB (or the longest line) and the samples of one block. What does not fit is rejected line by
// line and the rest goes on. Running the same import again is harmless: the store knows the samples.
// Confined to one thread.
//
//   auto importer = TRY(Importer::create(store, rejects, options));
//   while (more) TRY(importer->feed(bytes));
//   TRY(importer->finish());
//
// Errors: kInvalid (broken compression), and those of the store as a whole (kUnavailable, ...). After
// an error progress().stored_lines tells where to go on; the importer takes no more.
class Importer {
 public:
  // Errors: kInvalid for options that contradict each other.
  static Result<std::unique_ptr<Importer>> create(Store& store, Rejects& rejects, ImportOptions options);
  virtual ~Importer() = default;

  virtual Status feed(std::string_view bytes) = 0;
  virtual Status finish() = 0;
  virtual const ImportProgress& progress() const = 0;

  static constexpr std::size_t kBlockBytes = 1 << 20;
  static constexpr std::size_t kBatchSamples = 100'000;
  static constexpr std::size_t kCsvRecordBytesMax = 1 << 20;
  static constexpr std::size_t kCsvColumnsMax = 4096;
};

}  // namespace trimtab
