// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ingest/exposition.h"
#include "ingest/import.h"
#include "ingest/reject_tally.h"
#include "ingest/sample_batch.h"

namespace trimtab {

// One line or record on its way through a reader.
struct ImportRecord {
  std::uint64_t line = 0;
  std::string_view text;
};

// Where the readers of the import formats put what they find. Gathers samples until flush(), which
// the importer calls while the text of their lines is still there.
class ImportSink {
 public:
  ImportSink(Store& store, Rejects& rejects, const ImportOptions& options, ImportProgress& progress)
      : store_(store), rejects_(rejects), options_(options), progress_(progress) {}

  // Starts a series of the record; labels follow, then end_labels(), then samples.
  void begin_series(const ImportRecord& record);
  void label(std::string_view name, std::string_view value);
  void end_labels();
  void sample(TimestampMs timestamp_ms, double value);

  void reject(const ImportRecord& record, RejectReason reason, std::string_view detail);
  Status set_metadata(std::string_view metric, const MetricMetadata& metadata) {
    return store_.set_metadata(metric, metadata);
  }

  std::size_t samples() const { return batch_.samples.size(); }
  bool is_full() const {
    return batch_.samples.size() >= Importer::kBatchSamples || spans_.size() >= kSpanBytes;
  }
  Status flush();

 private:
  static constexpr std::size_t kSpanBytes = 32 << 20;

  Store& store_;
  Rejects& rejects_;
  const ImportOptions& options_;
  ImportProgress& progress_;
  SampleBatch batch_;
  std::string spans_;
  std::vector<std::size_t> span_ends_{0};
  std::vector<ImportRecord> records_;  // one per series of the batch
  std::vector<std::string> names_;     // labels of the series being built, for the options' labels
  std::uint32_t series_ = 0;
};

// Reads records of one format. Errors are the store's only; what is wrong with a record goes to
// ImportSink::reject.
class ImportReader {
 public:
  virtual ~ImportReader() = default;
  virtual Status read(const ImportRecord& record, ImportSink& sink) = 0;
  virtual Status finish(ImportSink&) { return ok(); }
  // A record that stands before the data and is read even when resuming behind it.
  virtual bool wants_header() const { return false; }
};

std::unique_ptr<ImportReader> create_json_reader();
std::unique_ptr<ImportReader> create_text_reader(ExpositionFormat format, const ImportOptions& options);
std::unique_ptr<ImportReader> create_csv_reader(const CsvMapping& mapping);

}  // namespace trimtab
