// SPDX-License-Identifier: Apache-2.0
#include "rules/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <variant>

#include "rules/go_format.h"

namespace trimtab {
namespace {

using Value = std::variant<double, std::string>;

constexpr std::string_view kKnown =
    "known are $value, $labels.NAME, $externalLabels.NAME, humanize, humanize1024, humanizeDuration, "
    "humanizePercentage, title, toUpper, toLower and printf";

constexpr std::array<std::string_view, 7> kOneArgument{
    "humanize", "humanize1024", "humanizeDuration", "humanizePercentage", "title", "toUpper", "toLower"};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}
bool takes_number(std::string_view function) { return function.starts_with("humanize"); }

Result<double> as_number(const Value& value) {
  if (const double* number = std::get_if<double>(&value)) return *number;
  const std::string& text = std::get<std::string>(value);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    return invalid(fmt::format("\"{:.100}\" is not a number", text));
  return number;
}

std::string as_text(const Value& value) {
  if (const double* number = std::get_if<double>(&value)) return go_float(*number);
  return std::get<std::string>(value);
}

// "title case" of Go: the first letter of each word.
std::string title(std::string text) {
  bool start = true;
  for (char& c : text) {
    if (start && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    start = !is_name_char(c) && static_cast<unsigned char>(c) < 0x80;
  }
  return text;
}

std::string changed_case(std::string text, bool upper) {
  for (char& c : text) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

Result<Value> call_one(std::string_view function, const Value& argument) {
  if (takes_number(function)) {
    const auto number = as_number(argument);
    if (!number) return std::unexpected(number.error().within(function));
    if (function == "humanize") return Value(humanize(*number));
    if (function == "humanize1024") return Value(humanize_1024(*number));
    if (function == "humanizeDuration") return Value(humanize_duration(*number));
    return Value(humanize_percentage(*number));
  }
  if (function == "title") return Value(title(as_text(argument)));
  return Value(changed_case(as_text(argument), function == "toUpper"));
}

// The next verb of a printf format from `at` on, as [begin, end); begin == end at the end of the format.
std::pair<std::size_t, std::size_t> next_verb(std::string_view format, std::size_t at) {
  for (std::size_t begin = format.find('%', at); begin != std::string_view::npos;
       begin = format.find('%', begin + 2)) {
    if (begin + 1 < format.size() && format[begin + 1] == '%') continue;
    std::size_t end = begin + 1;
    while (end < format.size() &&
           std::string_view("-+ #0123456789.").find(format[end]) != std::string_view::npos)
      ++end;
    return {begin, std::min(end + 1, format.size())};
  }
  return {format.size(), format.size()};
}

void append_unescaped(std::string& out, std::string_view format) {
  for (std::size_t i = 0; i < format.size(); ++i) {
    out += format[i];
    if (format[i] == '%') ++i;  // "%%"
  }
}

std::string call_printf(std::string_view format, const std::vector<Value>& arguments) {
  std::string out;
  std::size_t at = 0;
  for (const Value& argument : arguments) {
    const auto [begin, end] = next_verb(format, at);
    append_unescaped(out, format.substr(at, begin - at));
    const std::string_view verb = format.substr(begin, end - begin);
    const double* number = std::get_if<double>(&argument);
    const bool text_verb = verb.back() == 's' || verb.back() == 'q';
    out += number != nullptr && !text_verb ? go_printf_number(verb, *number)
                                           : go_printf_text(verb, as_text(argument));
    at = end;
  }
  append_unescaped(out, format.substr(at));
  return out;
}

}  // namespace

// Reads the text between {{ and }}.
class TemplateReader {
 public:
  explicit TemplateReader(std::string_view text) : text_(text) {}

  Result<std::vector<Template::Part>> read() {
    std::vector<Template::Part> parts;
    bool trim_next = false;
    while (true) {
      const std::size_t open = std::min(text_.find("{{", at_), text_.size());
      Template::Part part;
      part.text = text_.substr(at_, open - at_);
      if (trim_next) part.text.erase(0, std::min(part.text.find_first_not_of(" \t\r\n"), part.text.size()));
      if (open == text_.size()) {
        parts.push_back(std::move(part));
        return parts;
      }
      at_ = open + 2;
      if (text_.substr(at_).size() > 1 && text_[at_] == '-' && is_blank(text_[at_ + 1])) {
        part.text.erase(part.text.find_last_not_of(" \t\r\n") + 1);
        ++at_;
      }
      part.steps = TRY(pipeline());
      parts.push_back(std::move(part));
      trim_next = TRY(close());
    }
  }

 private:
  Result<std::vector<Template::Step>> pipeline() {
    std::vector<Template::Step> steps;
    while (true) {
      if (steps.size() == Template::kStepsMax)
        return error(fmt::format("more than {} calls in one pipeline", Template::kStepsMax));
      steps.push_back(TRY(step(!steps.empty())));
      skip_blanks();
      if (at_ >= text_.size() || text_[at_] != '|') return steps;
      ++at_;
    }
  }

  // A value, or a function and its arguments; a piped value is the last argument.
  Result<Template::Step> step(bool piped) {
    skip_blanks();
    Template::Step out;
    const std::size_t start = at_;
    if (at_ < text_.size() && is_name_char(text_[at_]) && !(text_[at_] >= '0' && text_[at_] <= '9')) {
      out.function = word();
      const bool known = out.function == "printf" || std::find(kOneArgument.begin(), kOneArgument.end(),
                                                               out.function) != kOneArgument.end();
      if (!known) {
        at_ = start;
        return error(fmt::format("\"{:.40}\" is not supported; {}", out.function, kKnown));
      }
    }
    skip_blanks();
    while (at_ < text_.size() && text_[at_] != '|' && !at_end()) {
      out.arguments.push_back(TRY(operand()));
      skip_blanks();
    }
    if (piped) out.arguments.push_back({.source = Template::Source::kPiped, .text = {}, .number = 0});
    return check(std::move(out), start, piped);
  }

  Result<Template::Step> check(Template::Step step, std::size_t start, bool piped) {
    const auto refuse = [&](std::string what) {
      at_ = start;
      return error(what);
    };
    if (step.function.empty()) {
      if (piped) return refuse(fmt::format("expected a function behind \"|\"; {}", kKnown));
      if (step.arguments.size() != 1) return refuse(fmt::format("expected one value; {}", kKnown));
      return step;
    }
    if (step.function != "printf") {
      if (step.arguments.size() != 1) return refuse(fmt::format("{} takes one argument", step.function));
      return step;
    }
    if (step.arguments.empty() || step.arguments[0].source != Template::Source::kText)
      return refuse("printf takes a format in quotes first");
    const std::string& format = step.arguments[0].text;
    std::size_t verbs = 0;
    for (auto [begin, end] = next_verb(format, 0); begin < end;
         std::tie(begin, end) = next_verb(format, end)) {
      const std::string_view verb = std::string_view(format).substr(begin, end - begin);
      const char last = verb.back();
      const bool text_verb = last == 's' || last == 'q' || last == 'v';
      if (!text_verb && std::string_view("eEfFgG").find(last) == std::string_view::npos)
        return refuse(fmt::format("printf: \"{:.20}\" is not supported; %s %q %v %e %f and %g are", verb));
      if (verb.size() > 10) return refuse(fmt::format("printf: \"{:.20}\" is too long", verb));
      ++verbs;
      if (verbs >= step.arguments.size()) continue;
      const auto source = step.arguments[verbs].source;
      const bool text = source == Template::Source::kText || source == Template::Source::kLabel ||
                        source == Template::Source::kExternal;
      if (!text_verb && text) return refuse(fmt::format("printf: {} of a text; use %s", verb));
    }
    if (verbs + 1 != step.arguments.size()) {
      return refuse(fmt::format("printf: the format has {} verbs, but {} values follow", verbs,
                                step.arguments.size() - 1));
    }
    return step;
  }

  Result<Template::Operand> operand() {
    Template::Operand out;
    const char c = text_[at_];
    if (c == '"' || c == '`') {
      out.text = TRY(quoted());
      return out;
    }
    if (c == '$' || c == '.') return variable();
    if ((c >= '0' && c <= '9') || c == '-' || c == '+') {
      const char* begin = text_.data() + at_ + (c == '+' ? 1 : 0);
      const auto [end, failure] = std::from_chars(begin, text_.data() + text_.size(), out.number);
      if (failure != std::errc()) return error("not a number");
      at_ = static_cast<std::size_t>(end - text_.data());
      out.source = Template::Source::kNumber;
      return out;
    }
    return error(fmt::format("\"{:.20}\" is not supported; {}", text_.substr(at_, 20), kKnown));
  }

  Result<Template::Operand> variable() {
    const std::size_t start = at_;
    const bool dollar = text_[at_] == '$';
    ++at_;
    const std::string name = word();
    Template::Operand out;
    if (name == (dollar ? "value" : "Value")) {
      out.source = Template::Source::kValue;
      return out;
    }
    const bool labels = name == (dollar ? "labels" : "Labels");
    const bool external = name == (dollar ? "externalLabels" : "ExternalLabels");
    if ((labels || external) && at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      out.text = word();
      out.source = labels ? Template::Source::kLabel : Template::Source::kExternal;
      if (!out.text.empty()) return out;
    }
    const std::size_t end = std::max(at_, start + 1);
    at_ = start;
    return error(fmt::format("\"{:.40}\" is not supported; {}", text_.substr(start, end - start), kKnown));
  }

  Result<std::string> quoted() {
    const std::size_t start = at_;
    const char quote = text_[at_++];
    std::string out;
    for (; at_ < text_.size() && text_[at_] != quote; ++at_) {
      if (quote == '"' && text_[at_] == '\\') {
        if (++at_ == text_.size()) break;
        const char c = text_[at_];
        if (c != 'n' && c != 't' && c != '"' && c != '\\')
          return error(fmt::format("the escape \\{} is not supported", c));
        out += c == 'n' ? '\n' : c == 't' ? '\t' : c;
      } else {
        out += text_[at_];
      }
    }
    if (at_ >= text_.size()) {
      at_ = start;
      return error("a quote that does not end");
    }
    ++at_;
    return out;
  }

  // True when blanks behind it are cut.
  Result<bool> close() {
    skip_blanks();
    const bool trim = text_.substr(at_).starts_with("-}}");
    if (trim) ++at_;
    if (!text_.substr(at_).starts_with("}}")) return error("expected }}");
    at_ += 2;
    return trim;
  }

  bool at_end() const {
    const std::string_view rest = text_.substr(at_);
    return rest.starts_with("}}") || rest.starts_with("-}}");
  }
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }
  std::string word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_name_char(text_[at_])) ++at_;
    return std::string(text_.substr(start, at_ - start));
  }
  std::unexpected<Error> error(std::string_view what) const {
    return invalid(fmt::format("template: column {}: {}", at_ + 1, what));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

Result<Template> Template::parse(std::string_view text) {
  if (text.size() > kBytesMax)
    return invalid(fmt::format("template: {} bytes; at most {} are read", text.size(), kBytesMax));
  Template out;
  out.text_ = text;
  out.parts_ = TRY(TemplateReader(text).read());
  return out;
}

Result<std::string> Template::expand(const TemplateData& data) const {
  std::string out;
  for (const Part& part : parts_) {
    out += part.text;
    Value value;
    for (const Step& step : part.steps) {
      std::vector<Value> arguments;
      for (const Operand& operand : step.arguments) {
        switch (operand.source) {
          case Source::kText: arguments.emplace_back(operand.text); break;
          case Source::kNumber: arguments.emplace_back(operand.number); break;
          case Source::kValue: arguments.emplace_back(data.value); break;
          case Source::kLabel: arguments.emplace_back(std::string(data.labels.get(operand.text))); break;
          case Source::kExternal: arguments.emplace_back(std::string(data.external.get(operand.text))); break;
          case Source::kPiped: arguments.push_back(value); break;
        }
      }
      if (step.function.empty()) {
        value = arguments.front();
      } else if (step.function == "printf") {
        const std::vector<Value> rest(arguments.begin() + 1, arguments.end());
        value = call_printf(std::get<std::string>(arguments.front()), rest);
      } else {
        value = TRY(call_one(step.function, arguments.front()));
      }
    }
    if (!part.steps.empty()) out += as_text(value);
  }
  return out;
}

}  // namespace trimtab
