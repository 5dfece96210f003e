// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"

namespace trimtab {

// What a template may speak of.
struct TemplateData {
  const Labels& labels;    // of the sample that made the alert
  const Labels& external;  // global.external_labels
  double value = 0;
};

// The text of an alert's label or annotation. Of Prometheus' templates these work:
//   {{ $value }} {{ .Value }} {{ $labels.NAME }} {{ .Labels.NAME }} {{ $externalLabels.NAME }}
//   "text", numbers, pipes and calls of humanize, humanize1024, humanizeDuration, humanizePercentage, title,
//   toUpper, toLower and printf with a constant format; {{- and -}} cut the blanks beside them.
// Everything else (if, range, query, ...) is refused when the template is read, never when an alert fires.
// Immutable and thread-safe.
class Template {
 public:
  // Errors: kInvalid with the column and what is possible there.
  static Result<Template> parse(std::string_view text);
  // A missing label is "". Errors: kInvalid when a text is humanized that is no number.
  Result<std::string> expand(const TemplateData& data) const;

  const std::string& text() const { return text_; }

  static constexpr std::size_t kBytesMax = 64 << 10;
  static constexpr int kStepsMax = 64;  // of one pipeline

 private:
  friend class TemplateReader;
  enum class Source { kText, kNumber, kValue, kLabel, kExternal, kPiped };
  struct Operand {
    Source source = Source::kText;
    std::string text;  // the literal, or the label's name
    double number = 0;
  };
  // One call of a pipeline. "" is no function: the operand itself.
  struct Step {
    std::string function;
    std::vector<Operand> arguments;
  };
  struct Part {
    std::string text;         // before the pipeline
    std::vector<Step> steps;  // empty at the end
  };
  std::string text_;
  std::vector<Part> parts_;
};

}  // namespace trimtab
