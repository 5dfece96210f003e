// SPDX-License-Identifier: Apache-2.0
#include "base/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/format.h"

namespace trimtab {

struct Yaml::Document {
  std::string file_name;
};

namespace {

// yaml-cpp recurses on nesting: refuse what could exhaust the stack before it sees it. Counts open
// flow brackets and the deepest indentation, both bounds on nesting.
bool too_deep(std::string_view text, int depth_max) {
  int flow = 0;
  std::size_t indent = 0;
  bool line_start = true;
  int dashes = 0;
  for (const char c : text) {
    if (c == '\n') {
      line_start = true;
      indent = 0;
      dashes = 0;
      continue;
    }
    if (line_start && (c == ' ' || c == '-' || c == '?' || c == ':')) {
      ++indent;
      if (c != ' ') ++dashes;
      if (dashes > depth_max || indent > static_cast<std::size_t>(depth_max) * 8) return true;
      continue;
    }
    line_start = false;
    if (c == '[' || c == '{') ++flow;
    if (c == ']' || c == '}') flow = std::max(0, flow - 1);
    if (flow > depth_max) return true;
  }
  return false;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, fmt::format("cannot open {}", path));
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

Result<std::string> substitute_environment(std::string_view text, std::string_view file_name) {
  std::string out;
  int line = 1;
  bool comment = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      comment = false;
    }
    if (text[i] == '#' && (i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n')) comment = true;
    if (comment || text[i] != '$') {
      out += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '$') {
      out += '$';
      ++i;
    } else if (i + 2 < text.size() && text[i + 1] == '{' && text[i + 2] >= '0' && text[i + 2] <= '9') {
      out += '$';
    } else if (i + 1 < text.size() && text[i + 1] == '{') {
      const std::size_t end = text.find('}', i);
      if (end == std::string_view::npos) return invalid(fmt::format("{}:{}: \"${{\" without \"}}\"", file_name, line));
      const std::string_view inner = text.substr(i + 2, end - i - 2);
      const std::size_t colon = inner.find(":-");
      const std::string name(inner.substr(0, colon));
      if (const char* value = std::getenv(name.c_str())) {
        out += value;
      } else if (colon != std::string_view::npos) {
        out += inner.substr(colon + 2);
      } else {
        return invalid(fmt::format("{}:{}: environment variable {} is not set; set it or write ${{{}:-default}}",
                                   file_name, line, name, name));
      }
      i = end;
    } else {
      out += '$';
    }
  }
  return out;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

Result<Yaml> Yaml::parse(std::string_view text, std::string_view file_name) {
  if (text.size() > kBytesMax) {
    return fail(ErrorCode::kLimit, fmt::format("{}: {} bytes; at most {} are read", file_name, text.size(), kBytesMax));
  }
  if (too_deep(text, kDepthMax)) {
    return fail(ErrorCode::kLimit, fmt::format("{}: nested deeper than {} levels", file_name, kDepthMax));
  }
  try {
    auto node = std::make_shared<YAML::Node>(YAML::Load(std::string(text)));
    auto document = std::make_shared<const Document>(Document{std::string(file_name)});
    if (node->IsNull()) *node = YAML::Node(YAML::NodeType::Map);
    return Yaml(std::move(document), std::move(node), "");
  } catch (const YAML::Exception& e) {
    return invalid(fmt::format("{}:{}:{}: {}", file_name, e.mark.line + 1, e.mark.column + 1, e.msg));
  } catch (const std::exception& e) {
    return invalid(fmt::format("{}: {}", file_name, e.what()));
  }
}

Result<Yaml> Yaml::parse_file(const std::string& path) {
  const std::string text = TRY(read_file(path));
  return parse(text, path);
}

Result<Yaml> Yaml::parse_file_with_environment(const std::string& path) {
  const std::string text = TRY(read_file(path));
  const std::string full = TRY(substitute_environment(text, path));
  return parse(full, path);
}

bool Yaml::exists() const { return node_ && node_->IsDefined() && !node_->IsNull(); }
bool Yaml::is_map() const { return exists() && node_->IsMap(); }
bool Yaml::is_list() const { return exists() && node_->IsSequence(); }
bool Yaml::is_scalar() const { return exists() && node_->IsScalar(); }
int Yaml::line() const { return node_ && node_->IsDefined() ? node_->Mark().line + 1 : 0; }

Yaml Yaml::operator[](std::string_view key) const {
  std::string child = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
  if (!is_map()) return Yaml(document_, nullptr, std::move(child));
  const YAML::Node& constant = *node_;  // the const operator does not insert
  YAML::Node found = constant[std::string(key)];
  if (!found.IsDefined()) return Yaml(document_, nullptr, std::move(child));
  return Yaml(document_, std::make_shared<YAML::Node>(found), std::move(child));
}

std::vector<Yaml> Yaml::list() const {
  std::vector<Yaml> out;
  if (!exists()) return out;
  if (!node_->IsSequence()) {
    out.push_back(*this);
    return out;
  }
  for (std::size_t i = 0; i < node_->size(); ++i) {
    const YAML::Node& constant = *node_;
    out.push_back(Yaml(document_, std::make_shared<YAML::Node>(constant[i]), fmt::format("{}[{}]", path_, i)));
  }
  return out;
}

std::vector<std::pair<std::string, Yaml>> Yaml::map() const {
  std::vector<std::pair<std::string, Yaml>> out;
  if (!is_map()) return out;
  for (const auto& entry : *node_) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : std::string("?");
    out.emplace_back(key, Yaml(document_, std::make_shared<YAML::Node>(entry.second),
                               path_.empty() ? key : fmt::format("{}.{}", path_, key)));
  }
  return out;
}

std::unexpected<Error> Yaml::error(std::string_view what) const {
  const std::string place = line() > 0 ? fmt::format("{}:{}", document_->file_name, line()) : document_->file_name;
  return path_.empty() ? invalid(fmt::format("{}: {}", place, what))
                       : invalid(fmt::format("{}: {}: {}", place, path_, what));
}

Status Yaml::only_keys(std::initializer_list<std::string_view> known) const {
  return only_keys(std::span<const std::string_view>(known.begin(), known.size()));
}

Status Yaml::only_keys(std::span<const std::string_view> known) const {
  if (!exists()) return ok();
  if (!is_map()) return error("expected a map of settings");
  for (const auto& [key, value] : map()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    std::string_view nearest;
    std::size_t distance = 4;
    std::string all;
    for (const std::string_view candidate : known) {
      all += fmt::format("{}{}", all.empty() ? "" : ", ", candidate);
      if (const std::size_t d = edit_distance(key, candidate); d < distance) {
        distance = d;
        nearest = candidate;
      }
    }
    return value.error(nearest.empty() ? fmt::format("unknown setting; known here: {}", all)
                                       : fmt::format("unknown setting; did you mean \"{}\"?", nearest));
  }
  return ok();
}

Result<std::string> Yaml::string() const {
  if (!exists()) return error("a value is required");
  if (!node_->IsScalar()) return error("expected one value, found a list or map");
  return node_->Scalar();
}

Result<std::vector<std::string>> Yaml::strings() const {
  std::vector<std::string> out;
  for (const Yaml& item : list()) out.push_back(TRY(item.string()));
  return out;
}

Result<double> Yaml::number(double min, double max) const {
  const std::string text = TRY(string());
  double value = 0;
  const auto [end, parse_error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parse_error != std::errc() || end != text.data() + text.size()) {
    return error(fmt::format("\"{}\" is not a number", text));
  }
  if (!(value >= min && value <= max)) return error(fmt::format("{} is outside {} to {}", text, min, max));
  return value;
}

Result<std::int64_t> Yaml::integer(std::int64_t min, std::int64_t max) const {
  const std::string text = TRY(string());
  std::int64_t value = 0;
  const auto [end, parse_error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parse_error != std::errc() || end != text.data() + text.size()) {
    return error(fmt::format("\"{}\" is not a whole number", text));
  }
  if (value < min || value > max) return error(fmt::format("{} is outside {} to {}", text, min, max));
  return value;
}

Result<bool> Yaml::boolean() const {
  const std::string text = TRY(string());
  if (text == "true" || text == "yes" || text == "on") return true;
  if (text == "false" || text == "no" || text == "off") return false;
  return error(fmt::format("\"{}\" is neither true nor false", text));
}

Result<DurationMs> Yaml::duration(DurationMs min, DurationMs max) const {
  const std::string text = TRY(string());
  const auto value = parse_duration(text);
  if (!value) return error(value.error().message());
  if (*value < min || *value > max) {
    return error(fmt::format("{} is outside {} to {}", text, format_duration(min), format_duration(max)));
  }
  return *value;
}

Result<std::uint64_t> Yaml::bytes(std::uint64_t min, std::uint64_t max) const {
  const std::string text = TRY(string());
  const auto value = parse_bytes(text);
  if (!value) return error(value.error().message());
  if (*value < min || *value > max) {
    return error(fmt::format("{} is outside {} to {}", text, format_bytes(static_cast<double>(min)),
                             format_bytes(static_cast<double>(max))));
  }
  return *value;
}

Result<std::string> Yaml::string_or(std::string_view fallback) const {
  return exists() ? string() : Result<std::string>(std::string(fallback));
}
Result<double> Yaml::number_or(double fallback, double min, double max) const {
  return exists() ? number(min, max) : Result<double>(fallback);
}
Result<std::int64_t> Yaml::integer_or(std::int64_t fallback, std::int64_t min, std::int64_t max) const {
  return exists() ? integer(min, max) : Result<std::int64_t>(fallback);
}
Result<bool> Yaml::boolean_or(bool fallback) const { return exists() ? boolean() : Result<bool>(fallback); }
Result<DurationMs> Yaml::duration_or(DurationMs fallback, DurationMs min, DurationMs max) const {
  return exists() ? duration(min, max) : Result<DurationMs>(fallback);
}
Result<std::uint64_t> Yaml::bytes_or(std::uint64_t fallback, std::uint64_t min, std::uint64_t max) const {
  return exists() ? bytes(min, max) : Result<std::uint64_t>(fallback);
}

std::string Yaml::resolve_file(std::string_view file_name) const {
  const std::size_t slash = document_->file_name.rfind('/');
  if (file_name.empty() || file_name.front() == '/' || slash == std::string::npos) return std::string(file_name);
  return document_->file_name.substr(0, slash + 1) + std::string(file_name);
}

}  // namespace trimtab
