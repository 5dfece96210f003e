// SPDX-License-Identifier: Apache-2.0
#include "targets/postgresql/index_statement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "targets/postgresql/connection.h"

namespace trimtab::postgresql {

namespace {

constexpr std::size_t kNameBytesMax = 63;  // NAMEDATALEN - 1
constexpr std::array<std::string_view, 6> kMethods = {"btree", "hash", "gin", "gist", "brin", "spgist"};
constexpr std::array<std::string_view, 8> kParameters = {"schema",  "table",  "name",  "keys",
                                                         "include", "method", "where", "unique"};

// FNV-1a: the name must be the same on every machine and in every version.
std::uint32_t name_hash(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

std::string cut_utf8(std::string text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  while (bytes_max > 0 && (static_cast<unsigned char>(text[bytes_max]) & 0xC0) == 0x80) --bytes_max;
  text.resize(bytes_max);
  return text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

Status check_name(std::string_view what, std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax || name.find('\0') != std::string_view::npos) {
    return invalid(fmt::format("index: {}: expected a name of 1 to {} bytes", what, kNameBytesMax));
  }
  return ok();
}

}  // namespace

std::string IndexSpec::default_name() const {
  std::string words = "trimtab_" + table;
  std::string all = schema + '\n' + table + '\n' + method + '\n' + where + '\n';
  for (const Key& key : keys) {
    words += "_" + key.column;
    all += key.column + (key.descending ? "-" : "+") + '\n';
  }
  all += "include\n";
  for (const std::string& column : include) all += column + '\n';
  return fmt::format("{}_{:08x}", cut_utf8(std::move(words), kNameBytesMax - 9), name_hash(all));
}

std::map<std::string, std::string> IndexSpec::to_parameters() const {
  std::map<std::string, std::string> out{{"schema", schema}, {"table", table}, {"method", method}};
  out["name"] = name.empty() ? default_name() : name;
  std::string& lines = out["keys"];
  for (const Key& key : keys) lines += (key.descending ? "-" : "+") + key.column + "\n";
  if (!include.empty()) out["include"] = fmt::format("{}\n", fmt::join(include, "\n"));
  if (!where.empty()) out["where"] = where;
  if (unique) out["unique"] = "true";
  return out;
}

Result<IndexSpec> IndexSpec::from_parameters(const std::map<std::string, std::string>& parameters) {
  for (const auto& [key, value] : parameters) {
    if (std::ranges::find(kParameters, key) == kParameters.end()) {
      return invalid(
          fmt::format("index: unknown parameter \"{}\"; known: {}", key, fmt::join(kParameters, ", ")));
    }
  }
  const auto text = [&](const char* key) {
    const auto found = parameters.find(key);
    return found == parameters.end() ? std::string() : found->second;
  };
  IndexSpec spec;
  spec.schema = text("schema");
  spec.table = text("table");
  spec.name = text("name");
  spec.where = text("where");
  spec.unique = text("unique") == "true";
  if (const std::string method = text("method"); !method.empty()) spec.method = method;
  for (const std::string& line : lines_of(text("keys"))) {
    if (line[0] != '+' && line[0] != '-') return invalid("index: keys: each line starts with + or -");
    spec.keys.push_back({line.substr(1), line[0] == '-'});
    TRY(check_name("keys", spec.keys.back().column));
  }
  for (std::string& line : lines_of(text("include"))) {
    TRY(check_name("include", line));
    spec.include.push_back(std::move(line));
  }
  TRY(check_name("schema", spec.schema));
  TRY(check_name("table", spec.table));
  if (spec.name.empty()) spec.name = spec.default_name();
  TRY(check_name("name", spec.name));
  if (spec.keys.empty()) return invalid("index: keys: at least one column");
  if (std::ranges::find(kMethods, spec.method) == kMethods.end()) {
    return invalid(fmt::format("index: method \"{}\"; known: {}", spec.method, fmt::join(kMethods, ", ")));
  }
  return spec;
}

std::string create_index_statement(const IndexSpec& spec, bool concurrently) {
  std::string keys;
  for (const IndexSpec::Key& key : spec.keys) {
    if (!keys.empty()) keys += ", ";
    keys += quote_name(key.column);
    if (key.descending) keys += " DESC";
  }
  std::string out = fmt::format("CREATE {}INDEX {}{} ON {} USING {} ({})", spec.unique ? "UNIQUE " : "",
                                concurrently ? "CONCURRENTLY " : "",
                                quote_name(spec.name.empty() ? spec.default_name() : spec.name),
                                quote_name(spec.schema, spec.table), spec.method, keys);
  std::string include;
  for (const std::string& column : spec.include) {
    if (!include.empty()) include += ", ";
    include += quote_name(column);
  }
  if (!include.empty()) out += fmt::format(" INCLUDE ({})", include);
  if (!spec.where.empty()) out += fmt::format(" WHERE {}", spec.where);
  return out;
}

std::string drop_index_statement(std::string_view schema, std::string_view name) {
  return "DROP INDEX CONCURRENTLY IF EXISTS " + quote_name(schema, name);
}

}  // namespace trimtab::postgresql
