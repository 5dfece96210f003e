// SPDX-License-Identifier: Apache-2.0
#include "ingest/import_sink.h"

#include <fmt/format.h>

#include <algorithm>

#include "ingest/label_span.h"

namespace trimtab {

void ImportSink::begin_series(const ImportRecord& record) {
  records_.push_back(record);
  names_.clear();
}

void ImportSink::label(std::string_view name, std::string_view value) {
  append_label(spans_, name, value);
  if (!options_.labels.empty()) names_.emplace_back(name);
}

void ImportSink::end_labels() {
  for (const Label& extra : options_.labels) {
    if (std::find(names_.begin(), names_.end(), extra.name) == names_.end()) {
      append_label(spans_, extra.name, extra.value);
    }
  }
  const std::size_t begin = span_ends_.back();
  span_ends_.push_back(spans_.size());
  series_ = batch_.add_series(hash_bytes(std::string_view(spans_).substr(begin)));
}

void ImportSink::sample(TimestampMs timestamp_ms, double value) {
  batch_.add_sample(series_, timestamp_ms, value);
  ++progress_.samples;
}

void ImportSink::reject(const ImportRecord& record, RejectReason reason, std::string_view detail) {
  std::string where = fmt::format("line {}: {}", record.line, detail);
  rejects_.add(reason, options_.source, where);
  ++progress_.lines_rejected;
  if (progress_.first_reject.empty()) progress_.first_reject = std::move(where);
  if (options_.on_reject) options_.on_reject({record.line, reason, std::string(detail), record.text});
}

Status ImportSink::flush() {
  RejectTally tally;
  ReceiveOutcome outcome;
  outcome.appended = progress_.appended;
  const auto decode = [&](std::size_t index) {
    const std::string_view span =
        std::string_view(spans_).substr(span_ends_[index], span_ends_[index + 1] - span_ends_[index]);
    return decode_label_span(span, store_.limits().labels);
  };
  const auto refused = [&](std::size_t index, RejectReason reason, const Error& error) {
    ++progress_.lines_rejected;
    const ImportRecord& record = records_[index];
    if (options_.on_reject) options_.on_reject({record.line, reason, error.message(), record.text});
  };
  const Status status = store_batch(store_, batch_, decode, nullptr, tally, outcome, refused);
  if (status) {
    tally.report(rejects_, options_.source);
    progress_.appended = outcome.appended;
    progress_.samples_rejected += outcome.samples_rejected;
    if (progress_.first_reject.empty()) progress_.first_reject = tally.first();
  }
  batch_.clear();
  spans_.clear();
  span_ends_.assign(1, 0);
  records_.clear();
  return status;
}

}  // namespace trimtab
