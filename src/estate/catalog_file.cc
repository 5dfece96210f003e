// SPDX-License-Identifier: Apache-2.0
#include "estate/catalog_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "estate/signal_words.h"
#include "query/parser.h"

namespace trimtab {

namespace {

Result<std::string> text_or(const Yaml& yaml, const std::string& fallback) {
  std::string text = TRY(yaml.string_or(fallback));
  if (text.size() > kCatalogTextBytesMax)
    return yaml.error(fmt::format("longer than {} bytes", kCatalogTextBytesMax));
  if (!is_valid_utf8(text)) return yaml.error("not UTF-8");
  return text;
}

Result<std::string> word_or(const Yaml& yaml, const std::string& fallback,
                            std::span<const std::string_view> known) {
  std::string word = TRY(yaml.string_or(fallback));
  if (!word.empty() && std::find(known.begin(), known.end(), word) == known.end()) {
    return yaml.error(
        fmt::format("\"{}\" is not known; known: {}", word.substr(0, 64), fmt::join(known, ", ")));
  }
  return word;
}

// `entity: {kind: host, labels: [instance]}`
Status read_entity(const Yaml& yaml, Signal& signal) {
  if (!yaml.exists()) return ok();
  TRY(yaml.only_keys({"kind", "labels"}));
  signal.entity_kind = TRY(yaml["kind"].string());
  signal.entity_labels = TRY(yaml["labels"].strings());
  if (signal.entity_kind.empty() || signal.entity_kind.find('/') != std::string::npos) {
    return yaml["kind"].error("expected a word without \"/\"");
  }
  if (signal.entity_labels.empty()) return yaml.error("labels: at least one is required");
  for (const std::string& label : signal.entity_labels) {
    if (label.empty()) return yaml["labels"].error("an empty label name");
  }
  return ok();
}

Status read_limit(const Yaml& yaml, Signal& signal) {
  if (!yaml.exists()) return ok();
  const std::string text = TRY(yaml.string());
  double number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number = problem == std::errc() && end == text.data() + text.size();
  if (is_number && !(number > 0 && number <= std::numeric_limits<double>::max())) {
    return yaml.error("expected a number above 0 or the name of a metric");
  }
  if (!is_number && (text.empty() || is_plain_metric_name(text) == false)) {
    return yaml.error(
        fmt::format("\"{}\" is neither a number nor the name of a metric", text.substr(0, 128)));
  }
  if (is_number) {
    signal.limit_value = number;
  } else {
    signal.limit_metric = text;
  }
  return ok();
}

// `where: {mode: idle, fstype: ["!tmpfs", "!overlay"], device: "sd*"}`
Status read_where(const Yaml& yaml, Signal& signal) {
  if (!yaml.exists()) return ok();
  if (!yaml.is_map()) return yaml.error("expected a map from label to value, or a list of values");
  for (const auto& [label, values] : yaml.map()) {
    LabelCondition condition;
    condition.label = label;
    const std::vector<std::string> texts = TRY(values.strings());
    for (const std::string& value : texts) {
      if (value.starts_with('!')) {
        condition.none.push_back(value.substr(1));
      } else {
        condition.any.push_back(value);
      }
    }
    if (label.empty() || (condition.any.empty() && condition.none.empty()))
      return values.error("no value to compare with");
    signal.where.push_back(std::move(condition));
  }
  if (signal.where.size() > kConditionsPerEntryMax) {
    return yaml.error(
        fmt::format("{} conditions; at most {} are allowed", signal.where.size(), kConditionsPerEntryMax));
  }
  return ok();
}

// PromQL that gives the entry's series: parsed here, so that a wrong one is found when the file is read.
Status read_expression(const Yaml& yaml, Signal& signal) {
  if (!yaml.exists()) return ok();
  signal.expression = TRY(text_or(yaml, ""));
  const auto expr = promql::parse(signal.expression);
  if (!expr) return yaml.error(expr.error().message());
  if ((*expr)->type != promql::ValueType::kVector) {
    return yaml.error(
        fmt::format("gives a {}; an instant vector is needed", promql::to_string((*expr)->type)));
  }
  return ok();
}

Status read_words(const Yaml& yaml, Signal& signal) {
  signal.title = TRY(text_or(yaml["title"], signal.title));
  signal.domain = TRY(word_or(yaml["domain"], signal.domain, known_domains()));
  signal.aspect = TRY(word_or(yaml["aspect"], signal.aspect, known_aspects()));
  signal.unit = TRY(text_or(yaml["unit"], signal.unit));
  TRY(read_expression(yaml["expression"], signal));
  if (yaml["kind"].exists()) {
    const std::string text = TRY(yaml["kind"].string());
    const auto kind = parse_signal_kind(text);
    if (!kind) return yaml["kind"].error(kind.error().message());
    signal.kind = *kind;
  }
  if (yaml["worse"].exists()) {
    const std::string text = TRY(yaml["worse"].string());
    const auto worse = parse_worse_direction(text);
    if (!worse) return yaml["worse"].error(worse.error().message());
    signal.worse = *worse;
  }
  signal.saturation_at = TRY(yaml["saturation_at"].number_or(signal.saturation_at, 0.01, 1));
  signal.watch = TRY(yaml["watch"].boolean_or(signal.watch));
  return ok();
}

Status check_whole(const Yaml& yaml, const Signal& signal) {
  if (signal.title.empty()) return yaml.error("title is required");
  if (signal.kind == SignalKind::kUnknown) return yaml.error("kind is required");
  if (signal.domain.empty()) return yaml.error("domain is required, here or under defaults");
  if (signal.aspect.empty()) return yaml.error("aspect is required, here or under defaults");
  const bool limited = signal.limit_value || !signal.limit_metric.empty();
  if (limited && signal.worse != WorseDirection::kUp && signal.worse != WorseDirection::kDown) {
    return yaml.error("a limit needs worse: up (used up at the limit) or worse: down (what is left of it)");
  }
  return ok();
}

Status read_entry(const Yaml& yaml, Signal signal, std::string_view file_name, std::vector<Signal>& out) {
  TRY(yaml.only_keys({"metric", "where", "title", "domain", "aspect", "unit", "kind", "worse", "entity",
                      "limit", "saturation_at", "expression", "watch"}));
  TRY(read_words(yaml, signal));
  TRY(read_entity(yaml["entity"], signal));
  TRY(read_limit(yaml["limit"], signal));
  TRY(read_where(yaml["where"], signal));
  TRY(check_whole(yaml, signal));
  const std::vector<std::string> metrics = TRY(yaml["metric"].strings());
  if (metrics.empty()) return yaml.error("metric is required");
  for (const std::string& metric : metrics) {
    if (metric.empty() || metric.size() > LabelLimits{}.value_bytes_max || !is_valid_utf8(metric)) {
      return yaml["metric"].error("expected a name or pattern of 1 to 4096 bytes UTF-8");
    }
    if (out.size() >= kEntriesPerFileMax) {
      return fail(ErrorCode::kLimit, fmt::format("{}: more than {} entries", file_name, kEntriesPerFileMax));
    }
    signal.metric = metric;
    signal.source_file = fmt::format("{}:{}", file_name, yaml.line());
    out.push_back(signal);
  }
  return ok();
}

}  // namespace

Result<std::vector<Signal>> read_catalog_file(const Yaml& file, std::string_view file_name) {
  TRY(file.only_keys({"defaults", "metrics"}));
  Signal defaults;
  TRY(file["defaults"].only_keys({"domain", "aspect", "unit", "kind", "worse", "entity", "watch"}));
  if (file["defaults"].exists()) {
    TRY(read_words(file["defaults"], defaults));
    TRY(read_entity(file["defaults"]["entity"], defaults));
  }
  std::vector<Signal> out;
  if (file["metrics"].exists() && !file["metrics"].is_list())
    return file["metrics"].error("expected a list of entries");
  for (const Yaml& entry : file["metrics"].list()) {
    if (!entry.is_map()) return entry.error("expected an entry with metric, title, kind, ...");
    TRY(read_entry(entry, defaults, file_name, out));
  }
  return out;
}

}  // namespace trimtab
