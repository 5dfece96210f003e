// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include "ingest/csv_cells.h"
#include "ingest/import_sink.h"
#include "ingest/media_type.h"
#include "ingest/number.h"

namespace trimtab {
namespace {

bool is_missing(std::string_view cell) {
  return cell.empty() || cell == "null" || cell == "NULL" || cell == "NA" || cell == "N/A";
}

class CsvReader final : public ImportReader {
 public:
  explicit CsvReader(const CsvMapping& mapping)
      : mapping_(mapping), splitter_(mapping.delimiter, Importer::kCsvColumnsMax) {
    if (!mapping_.header) find_columns({});
  }

  bool wants_header() const override { return mapping_.header && !header_seen_; }

  Status read(const ImportRecord& record, ImportSink& sink) override {
    if (!splitter_.split(record.text)) {
      sink.reject(record, RejectReason::kMalformed, splitter_.why());
      return ok();
    }
    if (wants_header()) {
      header_seen_ = true;
      find_columns(splitter_.cells());
      return missing_.empty() ? ok()
                              : Status(invalid(fmt::format("the CSV file has no column \"{}\"", missing_)));
    }
    if (!missing_.empty())
      return invalid(fmt::format("column \"{}\" is not a number, and there is no header", missing_));
    read_row(record, sink);
    return ok();
  }

 private:
  void find_columns(const std::vector<std::string_view>& header) {
    const auto find = [&](const CsvColumn& column) -> std::size_t {
      for (std::size_t i = 0; i < header.size(); ++i) {
        std::string_view name = header[i];
        if (i == 0 && name.starts_with("\xef\xbb\xbf")) name.remove_prefix(3);  // a byte order mark
        if (trim_blanks(name) == column.name) return i;
      }
      std::uint64_t number = 0;
      if (parse_uint64(column.name, number) && number >= 1 && number <= Importer::kCsvColumnsMax)
        return number - 1;
      if (missing_.empty()) missing_ = column.name;
      return 0;
    };
    time_ = find(mapping_.time);
    if (!mapping_.metric.name.empty()) metric_ = find(mapping_.metric);
    for (const auto& value : mapping_.values) values_.push_back(find(value.column));
    for (const auto& label : mapping_.labels) labels_.push_back(find(label.column));
  }

  void read_row(const ImportRecord& record, ImportSink& sink) {
    const auto& cells = splitter_.cells();
    const auto cell = [&](std::size_t index) {
      return index < cells.size() ? trim_blanks(cells[index]) : std::string_view{};
    };
    if (time_ >= cells.size()) {
      return sink.reject(record, RejectReason::kMalformed,
                         fmt::format("{} columns; no time column", cells.size()));
    }
    const auto time = mapping_.time_format.read(cells[time_]);
    if (!time) return sink.reject(record, RejectReason::kInvalidTimestamp, time.error().message());
    for (std::size_t i = 0; i < values_.size(); ++i) {
      const std::string_view text = cell(values_[i]);
      if (is_missing(text)) continue;
      double value = 0;
      if (!parse_double(text, value)) {
        sink.reject(record, RejectReason::kInvalidValue,
                    fmt::format("column \"{}\" is not a number", mapping_.values[i].column.name));
        continue;
      }
      if (std::isnan(value)) value = std::bit_cast<double>(kNormalNanBits);
      const std::string& own = mapping_.values[i].metric;
      sink.begin_series(record);
      sink.label(kMetricName, own.empty() && metric_ ? cell(*metric_) : std::string_view(own));
      for (std::size_t j = 0; j < labels_.size(); ++j) sink.label(mapping_.labels[j].label, cell(labels_[j]));
      sink.end_labels();
      sink.sample(*time, value);
    }
  }

  CsvMapping mapping_;
  CsvCells splitter_;
  bool header_seen_ = false;
  std::string missing_;  // a column that is not there
  std::size_t time_ = 0;
  std::optional<std::size_t> metric_;
  std::vector<std::size_t> values_;
  std::vector<std::size_t> labels_;
};

}  // namespace

std::unique_ptr<ImportReader> create_csv_reader(const CsvMapping& mapping) {
  return std::make_unique<CsvReader>(mapping);
}

}  // namespace trimtab
