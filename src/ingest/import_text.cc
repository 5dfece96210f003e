// SPDX-License-Identifier: Apache-2.0
#include "ingest/import_sink.h"

namespace trimtab {
namespace {

using Event = ExpositionParser::Event;

class TextReader final : public ImportReader {
 public:
  TextReader(ExpositionFormat format, const ImportOptions& options)
      : parser_(format, {.line_bytes_max = options.line_bytes_max}),
        missing_timestamp_(options.missing_timestamp_ms) {}

  Status read(const ImportRecord& record, ImportSink& sink) override {
    last_line_ = record.line;
    parser_.feed(record.text, false);
    for (Event event = parser_.next(); event != Event::kEnd; event = parser_.next()) {
      TRY(take(event, record, sink));
    }
    return ok();
  }

  Status finish(ImportSink& sink) override {
    parser_.feed({}, true);
    for (Event event = parser_.next(); event != Event::kEnd; event = parser_.next()) {
      sink.reject({last_line_, {}}, RejectReason::kMalformed, parser_.message());
    }
    return tell_metadata(sink);
  }

 private:
  Status take(Event event, const ImportRecord& record, ImportSink& sink) {
    switch (event) {
      case Event::kSample: take_sample(record, sink); return ok();
      case Event::kError:
        sink.reject(record, RejectReason::kMalformed,
                    "column " + std::to_string(parser_.column()) + ": " + parser_.message());
        return ok();
      case Event::kType:
        TRY(begin_family(sink));
        metadata_.type = parser_.type();
        return ok();
      case Event::kHelp:
        TRY(begin_family(sink));
        metadata_.help = parser_.text();
        return ok();
      case Event::kUnit:
        TRY(begin_family(sink));
        metadata_.unit = parser_.text();
        return ok();
      case Event::kEnd: return ok();
    }
    return ok();
  }

  void take_sample(const ImportRecord& record, ImportSink& sink) {
    const ExpositionSample& sample = parser_.sample();
    const auto time = sample.timestamp_ms ? sample.timestamp_ms : missing_timestamp_;
    if (!time) return sink.reject(record, RejectReason::kInvalidTimestamp, "the sample has no timestamp");
    sink.begin_series(record);
    sink.label(kMetricName, sample.name);
    for (const LabelView& label : sample.labels) sink.label(label.name, label.value);
    sink.end_labels();
    sink.sample(*time, sample.value);
  }

  // Type, help and unit of a family come on lines of their own and are told together.
  Status begin_family(ImportSink& sink) {
    if (parser_.family() == family_) return ok();
    const std::string next(parser_.family());
    TRY(tell_metadata(sink));
    family_ = next;
    return ok();
  }

  Status tell_metadata(ImportSink& sink) {
    if (family_.empty()) return ok();
    const Status status = sink.set_metadata(family_, metadata_);
    family_.clear();
    metadata_ = {};
    return status;
  }

  ExpositionParser parser_;
  std::optional<TimestampMs> missing_timestamp_;
  std::uint64_t last_line_ = 0;
  std::string family_;
  MetricMetadata metadata_;
};

}  // namespace

std::unique_ptr<ImportReader> create_text_reader(ExpositionFormat format, const ImportOptions& options) {
  return std::make_unique<TextReader>(format, options);
}

}  // namespace trimtab
