// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_file.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/yaml.h"
#include "query/parser.h"

namespace trimtab {
namespace {

constexpr DurationMs kIntervalMin = 100;
constexpr DurationMs kDurationMax = 100 * kYearMs;

using Texts = std::vector<std::pair<std::string, Template>>;

bool is_label_name(std::string_view name) { return !name.empty() && is_valid_utf8(name); }

// A map of names to templates (of alerts) or plain texts (of recording rules).
Status read_texts(const Yaml& yaml, bool templates, bool labels, Texts& out) {
  if (!yaml.exists()) return ok();
  if (!yaml.is_map()) return yaml.error("expected a map of names to texts");
  for (const auto& [name, value] : yaml.map()) {
    if (!is_label_name(name)) return value.error(fmt::format("\"{:.100}\" is not a name", name));
    if (labels && name == kMetricName) return value.error("__name__ can not be set by a rule's labels");
    const std::string text = TRY(value.string());
    auto parsed = Template::parse(templates ? text : "");
    if (!parsed) return value.error(parsed.error().message());
    if (!templates) {
      if (text.find("{{") != std::string::npos)
        return value.error("recording rules have no templates in their labels");
      parsed = Template::parse(text);
    }
    const auto same =
        std::find_if(out.begin(), out.end(), [&](const auto& pair) { return pair.first == name; });
    if (same != out.end()) {
      same->second = std::move(*parsed);  // a rule's own label wins over the group's
    } else {
      out.emplace_back(name, std::move(*parsed));
    }
  }
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return ok();
}

Result<Rule> read_rule(const Yaml& yaml, const Yaml& group_labels) {
  if (!yaml.is_map()) return yaml.error("expected a map with record or alert, and expr");
  TRY(yaml.only_keys({"record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"}));
  const bool records = yaml["record"].exists();
  const bool alerts = yaml["alert"].exists();
  if (records == alerts)
    return yaml.error(records ? "only one of record and alert may be set"
                              : "one of record and alert must be set");
  Rule rule;
  rule.line = yaml.line();
  rule.kind = records ? Rule::Kind::kRecording : Rule::Kind::kAlerting;
  const Yaml name = yaml[records ? "record" : "alert"];
  rule.name = TRY(name.string());
  if (!is_label_name(rule.name)) return name.error("expected a name");
  if (!yaml["expr"].exists()) return yaml.error("expr is missing");
  rule.expression = TRY(yaml["expr"].string());
  const auto parsed = promql::parse(rule.expression);
  if (!parsed) return yaml["expr"].error(parsed.error().message());
  if ((*parsed)->type != promql::ValueType::kVector && (*parsed)->type != promql::ValueType::kScalar)
    return yaml["expr"].error(fmt::format("a rule needs a scalar or an instant vector, this is a {}",
                                          promql::to_string((*parsed)->type)));
  if (records) {
    for (const char* key : {"for", "keep_firing_for", "annotations"}) {
      if (yaml[key].exists()) return yaml[key].error("belongs to alerting rules; a recording rule has none");
    }
  }
  rule.for_ms = TRY(yaml["for"].duration_or(0, 0, kDurationMax));
  rule.keep_firing_for_ms = TRY(yaml["keep_firing_for"].duration_or(0, 0, kDurationMax));
  TRY(read_texts(group_labels, alerts, true, rule.labels));
  TRY(read_texts(yaml["labels"], alerts, true, rule.labels));
  TRY(read_texts(yaml["annotations"], true, false, rule.annotations));
  return rule;
}

// Two rules of one name and the same labels would write the same series or alerts.
void find_duplicates(const RuleGroup& group, const std::string& file, std::vector<Error>& problems) {
  std::map<std::string, int> seen;
  for (const Rule& rule : group.rules) {
    const auto [it, fresh] = seen.emplace(rule.name + "\n" + rule.label_text(), rule.line);
    if (fresh) continue;
    problems.emplace_back(
        ErrorCode::kInvalid,
        fmt::format("{}:{}: duplicate rule: {} with the same labels stands in line {} already", file,
                    rule.line, rule.name, it->second));
  }
}

Result<RuleGroup> read_group(const Yaml& yaml, const std::string& file, std::vector<Error>& problems) {
  if (!yaml.is_map()) return yaml.error("expected a map with name and rules");
  TRY(yaml.only_keys({"name", "interval", "query_offset", "limit", "labels", "rules"}));
  RuleGroup group;
  group.file = file;
  group.line = yaml.line();
  if (!yaml["name"].exists()) return yaml.error("name is missing");
  group.name = TRY(yaml["name"].string());
  if (group.name.empty()) return yaml["name"].error("a group needs a name");
  group.interval_ms = TRY(yaml["interval"].duration_or(0, 0, kYearMs));
  if (group.interval_ms != 0 && group.interval_ms < kIntervalMin)
    return yaml["interval"].error("is below the minimum of 100ms");
  group.query_offset_ms = TRY(yaml["query_offset"].duration_or(0, 0, kYearMs));
  group.limit = static_cast<std::uint64_t>(
      TRY(yaml["limit"].integer_or(0, 0, static_cast<std::int64_t>(kRuleOutputsMax))));
  const std::vector<Yaml> rules = yaml["rules"].list();
  if (rules.size() > kRulesPerGroupMax) {
    return yaml["rules"].error(
        fmt::format("{} rules in one group; at most {} are read", rules.size(), kRulesPerGroupMax));
  }
  for (const Yaml& one : rules) {
    auto rule = read_rule(one, yaml["labels"]);
    if (rule) {
      group.rules.push_back(std::move(*rule));
    } else {
      problems.push_back(rule.error());
    }
  }
  find_duplicates(group, file, problems);
  return group;
}

std::vector<RuleGroup> read_document(const Result<Yaml>& document, const std::string& file,
                                     std::vector<Error>& problems) {
  std::vector<RuleGroup> out;
  const auto note = [&](const auto& result) {
    if (!result) problems.push_back(result.error());
    return result.has_value();
  };
  if (!note(document)) return out;
  if (!document->is_map()) {
    note(Status(document->error("expected a map with groups")));
    return out;
  }
  note(document->only_keys({"groups"}));
  std::set<std::string> names;
  for (const Yaml& yaml : (*document)["groups"].list()) {
    auto group = read_group(yaml, file, problems);
    if (!note(group)) continue;
    if (!names.insert(group->name).second) {
      note(Status(yaml["name"].error(fmt::format("group \"{}\" stands twice in this file", group->name))));
      continue;
    }
    out.push_back(std::move(*group));
  }
  return out;
}

}  // namespace

std::string Rule::label_text() const {
  std::string out;
  for (const auto& [label, text] : labels)
    out += fmt::format("{}={}\n", quote_label_value(label), quote_label_value(text.text()));
  return out;
}

std::vector<RuleGroup> load_rule_file(const std::string& path, std::vector<Error>& problems) {
  return read_document(Yaml::parse_file(path), path, problems);
}

std::vector<RuleGroup> load_rule_text(std::string_view yaml, const std::string& file_name,
                                      std::vector<Error>& problems) {
  return read_document(Yaml::parse(yaml, file_name), file_name, problems);
}

Result<std::vector<std::string>> find_rule_files(const std::vector<std::string>& patterns,
                                                 const std::string& folder) {
  std::set<std::string> out;
  for (const std::string& pattern : patterns) {
    const std::string path = pattern.starts_with('/') || folder.empty() ? pattern : folder + "/" + pattern;
    if (path.find_first_of("*?[") == std::string::npos) {
      std::error_code ignored;
      if (!std::filesystem::exists(path, ignored))
        return fail(ErrorCode::kNotFound, fmt::format("rule file {} does not exist", path));
      out.insert(path);
      continue;
    }
    glob_t found{};
    if (::glob(path.c_str(), 0, nullptr, &found) == 0) {
      for (std::size_t i = 0; i < found.gl_pathc; ++i) out.insert(found.gl_pathv[i]);
    }
    ::globfree(&found);
  }
  if (out.size() > kRuleFilesMax) {
    return fail(ErrorCode::kLimit,
                fmt::format("{} rule files; at most {} are read", out.size(), kRuleFilesMax));
  }
  return std::vector<std::string>(out.begin(), out.end());
}

}  // namespace trimtab
