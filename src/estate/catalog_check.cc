// SPDX-License-Identifier: Apache-2.0
#include "estate/catalog_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/matcher.h"
#include "base/yaml.h"
#include "estate/catalog_file.h"

namespace trimtab {

namespace {

void check_file(const std::string& path, std::vector<std::string>& problems) {
  const auto yaml = Yaml::parse_file(path);
  if (!yaml) return problems.push_back(yaml.error().message());
  const auto entries = read_catalog_file(*yaml, path);
  if (!entries) problems.push_back(entries.error().message());
}

std::string conditions_text(const Signal& signal) {
  std::string out;
  for (const LabelCondition& condition : signal.where) {
    std::vector<std::string> values = condition.any;
    for (const std::string& value : condition.none) values.push_back("!" + value);
    out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", condition.label, fmt::join(values, " | "));
  }
  return out;
}

std::string limit_text(const Signal& signal) {
  std::string limit = signal.limit_metric;
  if (signal.limit_value) limit = fmt::format("{}", *signal.limit_value);
  if (limit.empty()) return "";
  const char* sense = signal.worse == WorseDirection::kDown ? "what is left of it" : "used up there";
  return fmt::format("{} ({}); saturated from {} %", limit, sense, signal.saturation_at * 100);
}

}  // namespace

std::vector<std::string> check_catalog(const std::vector<std::string>& paths) {
  std::vector<std::string> problems;
  std::vector<std::string> directories;
  for (const std::string& path : paths) {
    std::error_code ignored;
    if (!std::filesystem::is_directory(path, ignored)) {
      check_file(path, problems);
      continue;
    }
    directories.push_back(path);
    std::vector<std::string> files;
    for (std::filesystem::directory_iterator at(path, ignored), end; !ignored && at != end;
         at.increment(ignored)) {
      const std::string extension = at->path().extension().string();
      if (extension == ".yaml" || extension == ".yml") files.push_back(at->path().string());
    }
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) check_file(file, problems);
  }
  if (!problems.empty()) return problems;
  const auto together = Catalog::load(directories);
  if (!together) problems.push_back(together.error().message());
  return problems;
}

std::vector<std::pair<std::string, std::string>> explain_signal(const Catalog& catalog,
                                                                const Labels& series) {
  const Signal signal = catalog.find(series);
  std::vector<std::pair<std::string, std::string>> out;
  const auto add = [&](const char* word, std::string text) {
    if (!text.empty()) out.emplace_back(word, std::move(text));
  };
  add("metric", std::string(series.metric_name()));
  add("entry", signal.inferred ? "none: inferred from its name and labels"
                               : fmt::format("{} ({})", signal.source_file, signal.metric));
  add("where", conditions_text(signal));
  add("title", signal.title);
  add("domain", signal.domain.empty() ? "not known" : signal.domain);
  add("aspect", signal.aspect.empty() ? "not known" : signal.aspect);
  add("kind", std::string(to_string(signal.kind)));
  add("unit", signal.unit);
  add("worse", std::string(to_string(signal.worse)));
  if (!signal.entity_kind.empty()) {
    add("entity", fmt::format("{}, named by {}", signal.entity_kind, fmt::join(signal.entity_labels, " / ")));
  } else {
    add("entity", "found from the usual labels");
  }
  add("limit", limit_text(signal));
  add("expression", signal.expression);
  add("watched", signal.watch ? "yes" : "no: a fact or a time, not a signal");
  return out;
}

Result<Labels> parse_series(std::string_view text) {
  if (text.find('{') == std::string_view::npos) {
    return Labels::create({{std::string(kMetricName), std::string(text)}});
  }
  const Matchers matchers = TRY(parse_selector(text));
  std::vector<Label> labels;
  for (const Matcher& matcher : matchers) {
    if (matcher.op() != MatchOp::kEqual) {
      return invalid(fmt::format("{}: expected plain labels, as in name{{a=\"b\"}}", matcher.to_string()));
    }
    labels.push_back({matcher.name(), matcher.value()});
  }
  return Labels::create(std::move(labels));
}

}  // namespace trimtab
