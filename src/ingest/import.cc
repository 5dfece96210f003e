// SPDX-License-Identifier: Apache-2.0
#include "ingest/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ingest/import_sink.h"
#include "ingest/media_type.h"

namespace trimtab {
namespace {

class ImporterOfLines final : public Importer {
 public:
  ImporterOfLines(Store& store, Rejects& rejects, ImportOptions options)
      : options_(std::move(options)), sink_(store, rejects, options_, progress_) {
    switch (options_.format) {
      case ImportFormat::kJsonLines: reader_ = create_json_reader(); break;
      case ImportFormat::kPrometheusText:
        reader_ = create_text_reader(ExpositionFormat::kPrometheusText, options_);
        break;
      case ImportFormat::kOpenMetrics:
        reader_ = create_text_reader(ExpositionFormat::kOpenMetrics, options_);
        break;
      case ImportFormat::kCsv: reader_ = create_csv_reader(options_.csv); break;
    }
    line_bytes_max_ = options_.format == ImportFormat::kCsv
                          ? std::min(options_.line_bytes_max, kCsvRecordBytesMax)
                          : options_.line_bytes_max;
  }

  Status feed(std::string_view bytes) override {
    if (failed_) return std::unexpected(*failed_);
    progress_.bytes_in += bytes.size();
    return note(decompress_and_take(bytes));
  }

  Status finish() override {
    if (failed_) return std::unexpected(*failed_);
    return note(finish_stream());
  }

  const ImportProgress& progress() const override { return progress_; }

 private:
  static constexpr std::size_t kMagicBytes = 4;

  Status note(Status status) {
    if (!status) failed_ = status.error();
    return status;
  }

  StreamDecompressor::Sink text_sink() {
    return [this](std::string_view piece) { return take_text(piece); };
  }

  Status decompress_and_take(std::string_view bytes) {
    if (stream_ == nullptr) {
      first_bytes_ += bytes;
      if (first_bytes_.size() < kMagicBytes && !options_.compression) return ok();
      TRY(open_stream());
      return stream_->feed(std::exchange(first_bytes_, {}), text_sink());
    }
    return stream_->feed(bytes, text_sink());
  }

  Status open_stream() {
    stream_ = TRY(StreamDecompressor::create(options_.compression.value_or(sniff_compression(first_bytes_))));
    return ok();
  }

  Status finish_stream() {
    if (stream_ == nullptr) {
      TRY(open_stream());
      TRY(stream_->feed(std::exchange(first_bytes_, {}), text_sink()));
    }
    if (progress_.bytes_in > 0) TRY(stream_->finish());
    TRY(take_block(true));
    TRY(reader_->finish(sink_));
    return flush();
  }

  Status take_text(std::string_view text) {
    progress_.bytes_text += text.size();
    while (!text.empty()) {
      const std::string_view part = text.substr(0, kBlockBytes);
      text.remove_prefix(part.size());
      block_ += part;
      if (block_.size() >= block_bytes_wanted_) TRY(take_block(false));
    }
    return ok();
  }

  // Reads the whole lines of the block and keeps the rest for the next.
  Status take_block(bool last) {
    std::size_t at = 0;
    while (at < block_.size()) {
      const std::size_t end = record_end(at, last);
      if (end == std::string::npos) {
        if (block_.size() - at <= line_bytes_max_) break;
        // A line beyond its bound: told once, then passed over up to its end.
        if (!skipping_) {
          skipping_ = true;
          sink_.reject({progress_.lines + 1, std::string_view(block_).substr(at, 256)},
                       RejectReason::kTooLarge,
                       fmt::format("the line has more than {} bytes", line_bytes_max_));
        }
        at = block_.size();
        break;
      }
      TRY(take_record(std::string_view(block_).substr(at, end - at)));
      at = end + 1;
    }
    TRY(flush());
    block_.erase(0, std::min(at, block_.size()));
    block_bytes_wanted_ = block_.size() + kBlockBytes;  // so that a long line is not scanned over and over
    return ok();
  }

  // The index of the newline that ends the record at `at` (the block's size for a last line without
  // one), npos when it is not there yet.
  std::size_t record_end(std::size_t at, bool last) const {
    const std::size_t first = block_.find('\n', at);
    std::size_t newline = first;
    if (options_.format == ImportFormat::kCsv && !skipping_) {
      std::size_t scanned = at;
      bool quoted = false;
      while (true) {
        const std::size_t stop = std::min(newline, block_.size());
        quoted ^= std::count(block_.begin() + static_cast<std::ptrdiff_t>(scanned),
                             block_.begin() + static_cast<std::ptrdiff_t>(stop), '"') %
                      2 !=
                  0;
        if (!quoted || newline == std::string::npos) break;
        scanned = newline;
        newline = block_.find('\n', newline + 1);
      }
      // Quotes that never close: the first line alone is taken, and refused.
      if (quoted && first != std::string::npos && (last || block_.size() - at > line_bytes_max_))
        return first;
      if (quoted && !last) return std::string::npos;
    }
    if (newline == std::string::npos && last) return block_.size();
    return newline;
  }

  Status take_record(std::string_view text) {
    const std::uint64_t line = progress_.lines + 1;
    progress_.lines += 1 + static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
    if (std::exchange(skipping_, false)) return ok();
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    if (trim_blanks(text).empty()) return ok();
    if (line <= options_.resume_after_line && !reader_->wants_header()) return ok();
    const ImportRecord record{line, text};
    if (text.size() > line_bytes_max_) {
      sink_.reject(
          {line, text.substr(0, 256)}, RejectReason::kTooLarge,
          fmt::format("the line has {} bytes; at most {} are allowed", text.size(), line_bytes_max_));
      return ok();
    }
    TRY(reader_->read(record, sink_));
    return sink_.is_full() ? flush() : ok();
  }

  Status flush() {
    TRY(sink_.flush());
    progress_.stored_lines = progress_.lines;
    return ok();
  }

  ImportOptions options_;
  ImportProgress progress_;
  ImportSink sink_;
  std::unique_ptr<ImportReader> reader_;
  std::unique_ptr<StreamDecompressor> stream_;
  std::string first_bytes_;  // until the compression is known
  std::string block_;
  std::size_t block_bytes_wanted_ = kBlockBytes;
  std::size_t line_bytes_max_ = 0;
  bool skipping_ = false;  // the rest of a line beyond its bound
  std::optional<Error> failed_;
};

}  // namespace

Result<ImportFormat> parse_import_format(std::string_view word) {
  if (word == "json") return ImportFormat::kJsonLines;
  if (word == "prometheus") return ImportFormat::kPrometheusText;
  if (word == "openmetrics") return ImportFormat::kOpenMetrics;
  if (word == "csv") return ImportFormat::kCsv;
  return invalid(
      fmt::format("\"{}\" is not an import format; json, prometheus, openmetrics and csv are", word));
}

std::optional<ImportFormat> import_format_of_file(std::string_view file_name) {
  const std::string name = to_lower(file_name);
  std::string_view rest = name;
  for (const std::string_view ending : {".gz", ".zst", ".zstd"}) {
    if (rest.ends_with(ending)) rest.remove_suffix(ending.size());
  }
  constexpr std::array<std::pair<std::string_view, ImportFormat>, 9> kEndings{
      {{".json", ImportFormat::kJsonLines},
       {".jsonl", ImportFormat::kJsonLines},
       {".ndjson", ImportFormat::kJsonLines},
       {".prom", ImportFormat::kPrometheusText},
       {".txt", ImportFormat::kPrometheusText},
       {".om", ImportFormat::kOpenMetrics},
       {".openmetrics", ImportFormat::kOpenMetrics},
       {".csv", ImportFormat::kCsv},
       {".tsv", ImportFormat::kCsv}}};
  for (const auto& [ending, format] : kEndings) {
    if (rest.ends_with(ending)) return format;
  }
  return std::nullopt;
}

Result<std::unique_ptr<Importer>> Importer::create(Store& store, Rejects& rejects, ImportOptions options) {
  if (options.format == ImportFormat::kCsv && (options.csv.time.name.empty() || options.csv.values.empty())) {
    return invalid("CSV needs a time column and at least one value column");
  }
  if (options.line_bytes_max == 0) return invalid("a line needs at least one byte");
  TRY(Labels::create(options.labels, store.limits().labels));
  return std::make_unique<ImporterOfLines>(store, rejects, std::move(options));
}

}  // namespace trimtab
