// SPDX-License-Identifier: Apache-2.0
#include "ingest/otlp_naming.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "ingest/media_type.h"

namespace trimtab {
namespace {

using Word = std::pair<std::string_view, std::string_view>;

// UCUM codes and the words Prometheus uses, as the specification lists them.
constexpr std::array<Word, 25> kUnits{
    {{"d", "days"},          {"h", "hours"},         {"min", "minutes"},    {"s", "seconds"},
     {"ms", "milliseconds"}, {"us", "microseconds"}, {"ns", "nanoseconds"}, {"By", "bytes"},
     {"KiBy", "kibibytes"},  {"MiBy", "mebibytes"},  {"GiBy", "gibibytes"}, {"TiBy", "tibibytes"},
     {"KBy", "kilobytes"},   {"MBy", "megabytes"},   {"GBy", "gigabytes"},  {"TBy", "terabytes"},
     {"m", "meters"},        {"V", "volts"},         {"A", "amperes"},      {"J", "joules"},
     {"W", "watts"},         {"g", "grams"},         {"Cel", "celsius"},    {"Hz", "hertz"},
     {"%", "percent"}}};
constexpr std::array<Word, 7> kPerUnits{{{"s", "second"},
                                         {"m", "minute"},
                                         {"h", "hour"},
                                         {"d", "day"},
                                         {"w", "week"},
                                         {"mo", "month"},
                                         {"y", "year"}}};

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == ':';
}

std::vector<std::string> split_tokens(std::string_view text) {
  std::vector<std::string> out;
  std::string token;
  for (const char c : text) {
    if (is_name_char(c)) {
      token += c;
    } else if (!token.empty()) {
      out.push_back(std::exchange(token, {}));
    }
  }
  if (!token.empty()) out.push_back(token);
  return out;
}

std::string join(const std::vector<std::string>& tokens) {
  std::string out;
  for (const std::string& token : tokens) {
    if (!out.empty()) out += '_';
    out += token;
  }
  return out;
}

template <std::size_t N>
std::string unit_word(std::string_view code, const std::array<Word, N>& words) {
  code = trim_blanks(code);
  if (code.find_first_of("{}") != std::string_view::npos) return {};  // an annotation, not a unit
  for (const auto& [unit, word] : words) {
    if (unit == code) return std::string(word);
  }
  return join(split_tokens(code));
}

struct UnitWords {
  std::string main;
  std::string per;
};

UnitWords unit_words(std::string_view unit) {
  const std::size_t slash = unit.find('/');
  UnitWords out;
  const std::string_view main = trim_blanks(unit.substr(0, slash));
  if (main != "1") out.main = unit_word(main, kUnits);
  if (slash != std::string_view::npos) out.per = unit_word(unit.substr(slash + 1), kPerUnits);
  if (!out.per.empty()) out.per = std::string("per_").append(out.per);
  return out;
}

void move_to_end(std::vector<std::string>& tokens, std::string_view word) {
  std::erase(tokens, word);
  tokens.emplace_back(word);
}

}  // namespace

std::string otlp_unit_name(std::string_view unit) {
  const auto [main, per] = unit_words(unit);
  return main + (main.empty() || per.empty() ? "" : "_") + per;
}

std::string otlp_metric_name(std::string_view name, std::string_view unit, OtlpNameKind kind) {
  std::vector<std::string> tokens = split_tokens(name);
  if (tokens.empty()) return {};
  const auto has = [&](const std::string& word) {
    return std::find(tokens.begin(), tokens.end(), word) != tokens.end();
  };
  const auto [main, per] = unit_words(unit);
  const bool add_main = !main.empty() && !has(main);
  const bool add_per = !per.empty() && !has(per);
  if (add_main) tokens.push_back(main);
  if (add_per) tokens.push_back(per);
  if (kind == OtlpNameKind::kCounter) move_to_end(tokens, "total");
  if (kind == OtlpNameKind::kGauge && unit == "1") move_to_end(tokens, "ratio");
  std::string out = join(tokens);
  if (out[0] >= '0' && out[0] <= '9') out = std::string("_").append(out);
  return out;
}

std::string otlp_label_name(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    if (!is_name_char(c) || c == ':') c = '_';
  }
  if (out.empty()) return out;
  if (out[0] >= '0' && out[0] <= '9') return std::string("key_").append(out);
  if (out[0] == '_' && !out.starts_with("__")) return std::string("key").append(out);
  return out;
}

}  // namespace trimtab
