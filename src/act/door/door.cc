// SPDX-License-Identifier: Apache-2.0
#include "act/door/door.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

namespace trimtab::act {

namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A name in action types, file names and records.
bool is_door_name(std::string_view name) {
  return !name.empty() && name.size() <= Door::kNameBytesMax && (is_letter(name[0]) || is_digit(name[0])) &&
         std::ranges::all_of(name,
                             [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= Door::kNameBytesMax && !is_digit(name[0]) &&
         std::ranges::all_of(name, [](char c) { return is_letter(c) || is_digit(c) || c == '_'; });
}

// Reads the steps of one door; knows which place-holders there are and which were used.
class StepReader {
 public:
  explicit StepReader(const std::map<std::string, Matcher>& parameters) : parameters_(parameters) {}

  bool before_allowed = false;

  Result<Template> text(const Yaml& yaml, Quoting quoting) {
    const std::string words = TRY(yaml.string());
    if (words.size() > Door::kTemplateBytesMax || words.contains('\0')) {
      return yaml.error(fmt::format("expected at most {} bytes, none of them NUL", Door::kTemplateBytesMax));
    }
    Template out(words, quoting);
    for (const std::string& name : out.names()) {
      if (name == "before") {
        if (!before_allowed) return yaml.error("{{before}} is known to apply and undo only");
      } else if (!parameters_.contains(name)) {
        return yaml.error(fmt::format("{{{{{}}}}} is not among parameters", name));
      }
      used_.insert(name);
    }
    return out;
  }

  Result<DoorStep> step(const Yaml& yaml, std::string_view default_method) {
    if (!yaml.is_map() || yaml["run"].exists() == yaml["url"].exists()) {
      return yaml.error("expected run (a program and its arguments) or url (an HTTP request)");
    }
    if (yaml["run"].exists()) return command(yaml);
    return request(yaml, default_method);
  }

  bool was_used(const std::string& name) const { return used_.contains(name); }

 private:
  Result<DoorStep> command(const Yaml& yaml) {
    TRY(yaml.only_keys({"run", "input"}));
    DoorCommand out;
    if (!yaml["run"].is_list()) return yaml["run"].error("expected a list: the program, then each argument");
    const std::vector<Yaml> words = yaml["run"].list();
    if (words.empty() || words.size() > Door::kArgumentsMax) {
      return yaml["run"].error(fmt::format("expected 1 to {} words", Door::kArgumentsMax));
    }
    for (const Yaml& word : words) out.run.push_back(TRY(text(word, Quoting::kArgument)));
    const Template& program = out.run[0];
    if (!program.text().starts_with('/') || !program.names().empty()) {
      return words[0].error("the program: expected an absolute path without place-holders");
    }
    if (yaml["input"].exists()) out.input = TRY(text(yaml["input"], Quoting::kNone));
    return DoorStep(std::move(out));
  }

  Result<DoorStep> request(const Yaml& yaml, std::string_view default_method) {
    TRY(yaml.only_keys({"method", "url", "headers", "body", "body_type", "accept", "value"}));
    DoorRequest out;
    out.method = TRY(yaml["method"].string_or(default_method));
    constexpr std::array<std::string_view, 5> kMethods{"GET", "POST", "PUT", "PATCH", "DELETE"};
    if (std::ranges::find(kMethods, out.method) == kMethods.end()) {
      return yaml["method"].error(fmt::format("expected one of {}", fmt::join(kMethods, ", ")));
    }
    out.url = TRY(url(yaml["url"]));
    TRY(body(yaml, out));
    for (const auto& [name, value] : yaml["headers"].map()) {
      std::string lower = name;
      std::ranges::transform(lower, lower.begin(),
                             [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
      if (lower == "authorization")
        return value.error("use authorization or basic_auth of the door: they keep secrets");
      std::erase_if(out.headers,
                    [&](const auto& one) { return one.first == "Content-Type" && lower == "content-type"; });
      out.headers.emplace_back(name, TRY(text(value, Quoting::kNone)));
    }
    for (const Yaml& status : yaml["accept"].list())
      out.accept.push_back(static_cast<int>(TRY(status.integer(100, 599))));
    out.value = TRY(yaml["value"].string_or(""));
    if (!out.value.empty() && out.value[0] != '/')
      return yaml["value"].error("expected a JSON pointer, as in /spec/replicas");
    return DoorStep(std::move(out));
  }

  Result<Template> url(const Yaml& yaml) {
    Template out = TRY(text(yaml, Quoting::kUrl));
    const std::string_view words = out.text();
    const std::size_t scheme = words.find("://");
    const bool http = words.starts_with("http://") || words.starts_with("https://");
    const std::size_t path = http ? words.find_first_of("/?#", scheme + 3) : std::string_view::npos;
    const std::string_view host = words.substr(0, path);
    if (!http || host.contains("{{"))
      return yaml.error("expected http:// or https://, and no place-holder in the host");
    if (host.contains('@')) return yaml.error("user and password do not belong into a URL; use basic_auth");
    return out;
  }

  Status body(const Yaml& yaml, DoorRequest& out) {
    const std::string type = TRY(yaml["body_type"].string_or("json"));
    struct Kind {
      std::string_view name;
      Quoting quoting;
      const char* content_type;
    };
    constexpr std::array<Kind, 3> kKinds{{{"json", Quoting::kJson, "application/json"},
                                          {"form", Quoting::kUrl, "application/x-www-form-urlencoded"},
                                          {"text", Quoting::kNone, "text/plain; charset=utf-8"}}};
    const auto kind = std::ranges::find(kKinds, type, &Kind::name);
    if (kind == kKinds.end()) return yaml["body_type"].error("expected json, form or text");
    if (!yaml["body"].exists()) return ok();
    out.body = TRY(text(yaml["body"], kind->quoting));
    out.headers.emplace_back("Content-Type", Template(kind->content_type, Quoting::kNone));
    return ok();
  }

  const std::map<std::string, Matcher>& parameters_;
  std::set<std::string> used_;
};

Status read_parameters(const Yaml& yaml, Door& door) {
  if (!yaml.exists()) return ok();
  if (!yaml.is_map())
    return yaml.error("expected a map: name of the parameter, regular expression of its values");
  for (const auto& [name, value] : yaml.map()) {
    if (!is_variable_name(name) || name == "before") {
      return value.error("a parameter's name: letters, digits and _, no digit first, and not \"before\"");
    }
    auto matcher = Matcher::create(MatchOp::kRegex, name, TRY(value.string()));
    if (!matcher) return value.error(matcher.error().message());
    door.parameters.emplace(name, *std::move(matcher));
  }
  if (door.parameters.size() > Door::kParametersMax) {
    return yaml.error(fmt::format("at most {} parameters", Door::kParametersMax));
  }
  return ok();
}

Status read_environment(const Yaml& yaml, Door& door) {
  for (const auto& [name, value] : yaml["environment"].map()) {
    if (!is_variable_name(name)) return value.error("expected the name of an environment variable");
    door.environment.push_back(name + "=" + TRY(value.string()));
  }
  for (const auto& [name, value] : yaml["secrets"].map()) {
    if (!is_variable_name(name)) return value.error("expected the name of an environment variable");
    door.secrets.emplace_back(name, value.resolve_file(TRY(value.string())));
  }
  return ok();
}

Status read_steps(const Yaml& yaml, Door& door) {
  for (const std::string_view key : {"read", "apply", "undo", "expect"}) {
    if (yaml[key].exists()) continue;
    return yaml.error(
        fmt::format("{} is missing: a door needs read, apply, undo and expect (what read gives once apply "
                    "has worked), or "
                    "nobody could tell after a crash whether the change was made",
                    key));
  }
  StepReader reader(door.parameters);
  if (yaml["check"].exists()) door.check = TRY(reader.step(yaml["check"], "GET"));
  door.read = TRY(reader.step(yaml["read"], "GET"));
  door.expect = TRY(reader.text(yaml["expect"], Quoting::kNone));
  reader.before_allowed = true;
  door.apply = TRY(reader.step(yaml["apply"], "POST"));
  door.undo = TRY(reader.step(yaml["undo"], "POST"));
  for (const auto& [name, matcher] : door.parameters) {
    if (!reader.was_used(name))
      return yaml["parameters"][name].error("the parameter is not used by any step");
  }
  return ok();
}

Result<Door> read_door(const Yaml& yaml) {
  if (!yaml.is_map()) return yaml.error("expected a door: name, read, apply, undo, expect");
  TRY(yaml.only_keys({"name", "parameters", "check", "read", "apply", "undo", "expect", "timeout",
                      "environment", "secrets", TRIMTAB_HTTP_AUTH_KEYS}));
  Door door;
  door.name = TRY(yaml["name"].string_or(""));
  if (!is_door_name(door.name)) {
    return yaml.error(fmt::format("name: expected 1 to {} letters, digits, - and _, a letter or digit first",
                                  Door::kNameBytesMax));
  }
  TRY(read_parameters(yaml["parameters"], door));
  TRY(read_environment(yaml, door));
  TRY(read_steps(yaml, door));
  if (yaml["timeout"].exists()) door.timeout_ms = TRY(yaml["timeout"].duration(kSecondMs, Door::kTimeoutMax));
  door.auth = TRY(HttpAuth::from_yaml(yaml));
  return door;
}

}  // namespace

Result<std::vector<Door>> read_doors(const Yaml& section) {
  std::vector<Door> out;
  if (!section.exists()) return out;
  if (!section.is_list()) return section.error("expected a list of doors");
  const std::vector<Yaml> items = section.list();
  if (items.size() > Door::kDoorsMax) return section.error(fmt::format("at most {} doors", Door::kDoorsMax));
  std::set<std::string> names;
  for (const Yaml& item : items) {
    out.push_back(TRY(read_door(item)));
    if (!names.insert(out.back().name).second) {
      return item.error(fmt::format("the name \"{}\" stands twice", out.back().name));
    }
  }
  return out;
}

}  // namespace trimtab::act
