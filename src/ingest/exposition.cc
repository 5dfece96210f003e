// SPDX-License-Identifier: Apache-2.0
#include "ingest/exposition.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>

#include "ingest/number.h"

namespace trimtab {
namespace {

enum : std::uint8_t { kNameStart = 1, kNameRest = 2, kLabelStart = 4, kLabelRest = 8 };

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> table{};
  for (int c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    auto& bits = table[static_cast<std::size_t>(c)];
    if (letter) bits = kNameStart | kNameRest | kLabelStart | kLabelRest;
    if (digit) bits = kNameRest | kLabelRest;
    if (c == ':') bits = kNameStart | kNameRest;
  }
  return table;
}();

bool has_class(char c, std::uint8_t bits) { return (kClasses[static_cast<unsigned char>(c)] & bits) != 0; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

std::string_view take_word(const char*& at, const char* end) {
  const char* begin = at;
  while (at != end && !is_blank(*at)) ++at;
  return {begin, static_cast<std::size_t>(at - begin)};
}

std::string_view take_name(const char*& at, const char* end, std::uint8_t start, std::uint8_t rest) {
  const char* begin = at;
  if (at != end && has_class(*at, start)) {
    ++at;
    while (at != end && has_class(*at, rest)) ++at;
  }
  return {begin, static_cast<std::size_t>(at - begin)};
}

}  // namespace

ExpositionFormat exposition_format(std::string_view content_type) {
  const std::string_view media = content_type.substr(0, content_type.find(';'));
  return media.find("openmetrics-text") != std::string_view::npos ? ExpositionFormat::kOpenMetrics
                                                                  : ExpositionFormat::kPrometheusText;
}

Result<Labels> to_labels(const ExpositionSample& sample, const LabelLimits& limits) {
  std::vector<Label> labels;
  labels.reserve(sample.labels.size() + 1);
  labels.push_back({std::string(kMetricName), std::string(sample.name)});
  for (const LabelView& label : sample.labels) {
    labels.push_back({std::string(label.name), std::string(label.value)});
  }
  return Labels::create(std::move(labels), limits);
}

ExpositionParser::ExpositionParser(ExpositionFormat format, ExpositionLimits limits)
    : format_(format), limits_(limits) {
  // Views into these strings are handed out while the vector would otherwise grow.
  unescaped_.resize(limits_.labels_count_max * 2 + 4);
}

ExpositionParser::ExpositionParser(std::string_view text, ExpositionFormat format, ExpositionLimits limits)
    : ExpositionParser(format, limits) {
  feed(text, true);
}

void ExpositionParser::feed(std::string_view text, bool last) {
  input_ = text;
  last_ = last;
  offset_ = 0;
}

ExpositionParser::Event ExpositionParser::next() {
  while (offset_ < input_.size()) {
    const std::size_t newline = input_.find('\n', offset_);
    const std::size_t stop = newline == std::string_view::npos ? input_.size() : newline;
    line_text_ = input_.substr(offset_, stop - offset_);
    offset_ = newline == std::string_view::npos ? input_.size() : newline + 1;
    ++line_;
    at_ = line_text_.data();
    end_ = at_ + line_text_.size();
    if (line_text_.size() > limits_.line_bytes_max) {
      fail_here(fmt::format("the line has {} bytes; at most {} are allowed", line_text_.size(),
                            limits_.line_bytes_max));
      return Event::kError;
    }
    if (at_ != end_ && end_[-1] == '\r') --end_;
    skip_blanks();
    if (at_ == end_) continue;
    if (eof_seen_) {
      fail_here("text after # EOF");
      return Event::kError;
    }
    const Event event = parse_line();
    if (event != Event::kEnd) return event;
  }
  if (last_ && format_ == ExpositionFormat::kOpenMetrics && !eof_seen_ && !eof_missing_told_) {
    eof_missing_told_ = true;
    line_text_ = {};
    at_ = end_ = nullptr;
    fail_here("the text ends without # EOF, so it may be cut off");
    return Event::kError;
  }
  return Event::kEnd;
}

// kEnd means: nothing to report on this line.
ExpositionParser::Event ExpositionParser::parse_line() {
  unescaped_count_ = 0;
  return *at_ == '#' ? parse_comment() : parse_sample();
}

ExpositionParser::Event ExpositionParser::parse_comment() {
  ++at_;
  skip_blanks();
  const std::string_view word = take_word(at_, end_);
  if (word == "TYPE" || word == "HELP" || (word == "UNIT" && format_ == ExpositionFormat::kOpenMetrics)) {
    return parse_metadata(word);
  }
  if (word == "EOF" && format_ == ExpositionFormat::kOpenMetrics) {
    skip_blanks();
    if (at_ == end_) eof_seen_ = true;
  }
  return Event::kEnd;  // a free comment
}

ExpositionParser::Event ExpositionParser::parse_metadata(std::string_view word) {
  skip_blanks();
  if (at_ != end_ && *at_ == '"') {
    if (!parse_quoted(family_)) return Event::kError;
  } else {
    family_ = take_name(at_, end_, kNameStart, kNameRest);
  }
  if (family_.empty() || (at_ != end_ && !is_blank(*at_))) {
    fail_here("expected a metric name");
    return Event::kError;
  }
  skip_blanks();
  const std::string_view rest{at_, static_cast<std::size_t>(end_ - at_)};
  if (word == "HELP") {
    text_ = unescape(rest, format_ == ExpositionFormat::kOpenMetrics);
    return Event::kHelp;
  }
  const char* word_start = at_;
  const std::string_view value = take_word(at_, end_);
  skip_blanks();
  if (at_ != end_) {
    fail_here(word == "TYPE" ? "expected the end of the line after the type"
                             : "expected the end of the line after the unit");
    return Event::kError;
  }
  if (word == "UNIT") {
    text_ = value;
    return Event::kUnit;
  }
  type_ = parse_metric_type(value);
  if (type_ == MetricType::kUnknown && value != "untyped" && value != "unknown") {
    at_ = word_start;
    fail_here("expected a metric type");
    return Event::kError;
  }
  typed_family_ = family_;
  typed_type_ = type_;
  return Event::kType;
}

ExpositionParser::Event ExpositionParser::parse_sample() {
  labels_.clear();
  sample_ = {};
  const char* begin = at_;
  sample_.name = take_name(at_, end_, kNameStart, kNameRest);
  const bool name_outside = !sample_.name.empty();
  if (name_outside) skip_blanks();
  if (at_ != end_ && *at_ == '{') {
    if (!parse_braces(!name_outside)) return Event::kError;
  } else if (!name_outside) {
    fail_here("expected a metric name");
    return Event::kError;
  }
  if (sample_.name.empty()) {
    fail_here("the sample has no metric name");
    return Event::kError;
  }
  const char* series_end = at_;
  while (series_end != begin && is_blank(series_end[-1])) --series_end;
  sample_.series_text = {begin, static_cast<std::size_t>(series_end - begin)};
  sample_.labels = labels_;
  if (at_ != end_ && !is_blank(*at_) && at_[-1] != '}' && !is_blank(at_[-1])) {
    fail_here("this character may not stand in a metric name");
    return Event::kError;
  }
  skip_blanks();
  if (!parse_number(sample_.value, "a value")) return Event::kError;
  skip_blanks();
  if (at_ != end_ && *at_ != '#' && !parse_timestamp(sample_.timestamp_ms)) return Event::kError;
  skip_blanks();
  if (at_ != end_ && *at_ == '#' && format_ == ExpositionFormat::kOpenMetrics) {
    if (!parse_exemplar()) return Event::kError;
  }
  if (at_ != end_) {
    fail_here("expected the end of the line");
    return Event::kError;
  }
  sample_.created = format_ == ExpositionFormat::kOpenMetrics && is_created_line();
  return Event::kSample;
}

// Everything between { and }, both taken. With want_name a lone quoted string is the metric's name.
bool ExpositionParser::parse_braces(bool want_name) {
  ++at_;
  while (true) {
    skip_blanks();
    if (at_ == end_) return fail_here("expected a label or }");
    if (*at_ == '}') {
      ++at_;
      return true;
    }
    std::string_view name;
    const bool quoted = *at_ == '"';
    if (quoted) {
      if (!parse_quoted(name)) return false;
    } else {
      name = take_name(at_, end_, kLabelStart, kLabelRest);
    }
    if (name.empty()) return fail_here("expected a label name");
    skip_blanks();
    if (at_ != end_ && *at_ == '=') {
      ++at_;
      skip_blanks();
      std::string_view value;
      if (at_ == end_ || *at_ != '"') return fail_here("expected a quoted label value");
      if (!parse_quoted(value)) return false;
      if (labels_.size() >= limits_.labels_count_max) {
        return fail_here(fmt::format("more than {} labels on one line", limits_.labels_count_max));
      }
      labels_.push_back({name, value});
    } else if (quoted && want_name && sample_.name.empty()) {
      sample_.name = name;
    } else {
      return fail_here("expected = after the label name");
    }
    skip_blanks();
    if (at_ != end_ && *at_ == ',') {
      ++at_;
    } else if (at_ == end_ || *at_ != '}') {
      return fail_here("expected , or }");
    }
  }
}

// A string in double quotes; `out` has its escapes resolved.
bool ExpositionParser::parse_quoted(std::string_view& out) {
  const char* begin = ++at_;
  bool escaped = false;
  while (at_ != end_ && *at_ != '"') {
    if (*at_ == '\\') {
      escaped = true;
      if (++at_ == end_) break;
    }
    ++at_;
  }
  if (at_ == end_) return fail_here("expected a closing \"");
  out = {begin, static_cast<std::size_t>(at_ - begin)};
  if (escaped) out = unescape(out, true);
  ++at_;
  return true;
}

bool ExpositionParser::parse_number(double& out, std::string_view what) {
  const char* begin = at_;
  const std::string_view word = take_word(at_, end_);
  if (parse_double(word, out)) {
    if (std::isnan(out)) out = std::bit_cast<double>(kNormalNanBits);
    return true;
  }
  at_ = begin;
  return fail_here(fmt::format("expected {}", what));
}

bool ExpositionParser::parse_timestamp(std::optional<TimestampMs>& out) {
  const char* begin = at_;
  const std::string_view word = take_word(at_, end_);
  std::int64_t milliseconds = 0;
  if (format_ == ExpositionFormat::kPrometheusText) {
    if (parse_int64(word, milliseconds)) {
      out = milliseconds;
      return true;
    }
  } else if (parse_seconds_as_ms(word, milliseconds)) {
    out = milliseconds;
    return true;
  }
  at_ = begin;
  return fail_here(format_ == ExpositionFormat::kPrometheusText ? "expected a timestamp in milliseconds"
                                                                : "expected a timestamp in seconds");
}

// `# {labels} value [timestamp]`. The labels of the sample stay as they are.
bool ExpositionParser::parse_exemplar() {
  ++at_;
  skip_blanks();
  if (at_ == end_ || *at_ != '{') return fail_here("expected the labels of an exemplar");
  const std::size_t labels_before = labels_.size();
  const bool parsed = parse_braces(false);
  labels_.resize(labels_before);
  sample_.labels = labels_;
  if (!parsed) return false;
  skip_blanks();
  double value = 0;
  if (!parse_number(value, "the value of an exemplar")) return false;
  skip_blanks();
  std::optional<TimestampMs> timestamp;
  if (at_ != end_ && !parse_timestamp(timestamp)) return false;
  skip_blanks();
  sample_.exemplar = true;
  return true;
}

bool ExpositionParser::is_created_line() const {
  constexpr std::string_view kSuffix = "_created";
  const std::string_view name = sample_.name;
  return name.ends_with(kSuffix) && name.substr(0, name.size() - kSuffix.size()) == typed_family_ &&
         (typed_type_ == MetricType::kCounter || typed_type_ == MetricType::kHistogram ||
          typed_type_ == MetricType::kSummary);
}

void ExpositionParser::skip_blanks() {
  while (at_ != end_ && is_blank(*at_)) ++at_;
}

bool ExpositionParser::fail_here(std::string_view what) {
  column_ = static_cast<std::size_t>(at_ - line_text_.data()) + 1;
  if (line_text_.data() == nullptr) column_ = 1;
  message_ = what;
  if (at_ != end_ && line_text_.size() <= limits_.line_bytes_max) {
    const std::string_view found = std::string_view(at_, static_cast<std::size_t>(end_ - at_)).substr(0, 24);
    if (is_valid_utf8(found)) message_ += ", found " + quote_label_value(found);
  }
  return false;
}

std::string ExpositionParser::error() const {
  return fmt::format("line {}, column {}: {}", line_, column_, message_);
}

// \\ and \n everywhere, \" where `quotes`; any other backslash stands for itself.
std::string_view ExpositionParser::unescape(std::string_view raw, bool quotes) {
  if (raw.find('\\') == std::string_view::npos) return raw;
  if (unescaped_count_ == unescaped_.size()) return raw;  // more strings than a line within bounds can hold
  std::string& out = unescaped_[unescaped_count_++];
  out.clear();
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char next = i + 1 < raw.size() ? raw[i + 1] : '\0';
    if (raw[i] != '\\' || (next != '\\' && next != 'n' && !(quotes && next == '"'))) {
      out += raw[i];
      continue;
    }
    out += next == 'n' ? '\n' : next;
    ++i;
  }
  return out;
}

}  // namespace trimtab
