// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace trimtab {

enum class ExpositionFormat {
  kPrometheusText,  // text/plain; version=0.0.4 (and 1.0.0): timestamps in milliseconds
  kOpenMetrics,     // application/openmetrics-text: timestamps in seconds, `# EOF` at the end, exemplars
};

// By the media type alone; anything that is not OpenMetrics is read as Prometheus text.
ExpositionFormat exposition_format(std::string_view content_type);

struct ExpositionLimits {
  std::size_t line_bytes_max = 256 << 10;
  std::size_t labels_count_max = 512;  // the parser's own bound; LabelLimits are checked by to_labels()
};

struct LabelView {
  std::string_view name;
  std::string_view value;  // escapes already resolved
};

// One sample line. The views live until the parser's next call.
struct ExpositionSample {
  // The bytes that spell name and labels on the line, as they stand: the same series of the same
  // target spells them alike on every scrape, so hash_bytes(series_text) is a good cache key.
  std::string_view series_text;
  std::string_view name;
  std::span<const LabelView> labels;  // without __name__, in the line's order, not checked for repeats
  double value = 0;                   // "NaN" becomes Prometheus' normal NaN, bits kNormalNanBits
  std::optional<TimestampMs> timestamp_ms;
  bool exemplar = false;  // the line carried one (checked for form, not kept)
  bool created = false;   // OpenMetrics `_created` line of a counter, histogram or summary family
};

inline constexpr std::uint64_t kNormalNanBits = 0x7ff8000000000001;

// Sorted and checked labels of a sample, __name__ included. Errors as Labels::create.
Result<Labels> to_labels(const ExpositionSample& sample, const LabelLimits& limits = {});

// Pull parser over the text exposition format 0.0.4 and OpenMetrics 1.0, with the quoted UTF-8 names
// of Prometheus 3 ({"metric.name", "label.name"="x"} 1). Tolerant where Prometheus is (blank lines,
// free comments, runs of blanks, CRLF), strict about everything else. Not thread-safe; no allocation
// per line once warm; 1 core reads several million lines/s.
//
//   ExpositionParser parser(text, format);
//   for (auto event = parser.next(); event != ExpositionParser::Event::kEnd; event = parser.next()) ...
//
// An error concerns one line; next() after it goes on with the following line. A scrape gives up at
// the first error, an import counts it and goes on.
class ExpositionParser {
 public:
  enum class Event {
    kSample,  // sample()
    kType,    // family(), type()
    kHelp,    // family(), text()
    kUnit,    // family(), text()
    kError,   // error(), line(), column()
    kEnd,
  };

  explicit ExpositionParser(ExpositionFormat format, ExpositionLimits limits = {});
  // The whole text at once.
  ExpositionParser(std::string_view text, ExpositionFormat format, ExpositionLimits limits = {});

  // The next piece of a long text: whole lines, except that the last piece may lack the last newline.
  // Line numbers go on. Requires: the piece before was read to kEnd. The text must outlive the reading.
  void feed(std::string_view text, bool last);

  Event next();

  const ExpositionSample& sample() const { return sample_; }
  std::string_view family() const { return family_; }
  MetricType type() const { return type_; }
  std::string_view text() const { return text_; }

  // "line 12, column 7: expected a value, found \"abc\"".
  std::string error() const;
  const std::string& message() const { return message_; }  // the same without its place
  std::size_t line() const { return line_; }               // of the last event, counted from 1
  std::size_t column() const { return column_; }           // of the last error, in bytes counted from 1
  std::string_view line_text() const { return line_text_; }
  std::size_t offset() const { return offset_; }  // bytes of this piece read so far

 private:
  Event parse_line();
  Event parse_comment();
  Event parse_metadata(std::string_view word);
  Event parse_sample();
  bool parse_braces(bool want_name);
  bool parse_quoted(std::string_view& out);
  bool parse_number(double& out, std::string_view what);
  bool parse_timestamp(std::optional<TimestampMs>& out);
  bool parse_exemplar();
  bool is_created_line() const;
  void skip_blanks();
  bool fail_here(std::string_view what);
  std::string_view unescape(std::string_view raw, bool quotes);

  ExpositionFormat format_;
  ExpositionLimits limits_;
  std::string_view input_;
  bool last_ = true;
  bool eof_seen_ = false;
  bool eof_missing_told_ = false;
  std::size_t offset_ = 0;
  std::size_t line_ = 0;
  std::size_t column_ = 0;
  std::string_view line_text_;
  const char* at_ = nullptr;   // within the line
  const char* end_ = nullptr;  // of the line
  std::string message_;

  ExpositionSample sample_;
  std::vector<LabelView> labels_;
  std::vector<std::string> unescaped_;  // owners of values that had escapes; reused
  std::size_t unescaped_count_ = 0;
  std::string_view family_;
  std::string_view text_;
  MetricType type_ = MetricType::kUnknown;
  std::string typed_family_;  // the family the last TYPE line named, for `_created`
  MetricType typed_type_ = MetricType::kUnknown;
};

}  // namespace trimtab
