// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace YAML {
class Node;
}

namespace trimtab {

// A value inside a YAML document that knows where it stands, so that every error can say
//   trimtab.yaml:12: scrape_configs[0].scrape_interval: "5x" is not a duration; ...
// Reading is strict: a caller lists the keys it knows and any other key is an error that names the
// nearest known one. Cheap to copy; the document stays alive as long as any value of it.
class Yaml {
 public:
  // Errors: not YAML, deeper than depth_max, larger than bytes_max. An empty document is an empty map.
  static Result<Yaml> parse(std::string_view text, std::string_view file_name);
  static Result<Yaml> parse_file(const std::string& path);
  // Replaces ${NAME} by environment variables before parsing; ${NAME:-default} where unset. An unset
  // name without default is an error. "$$" is a dollar sign. "${1}" stays as it is: no variable's name
  // starts with a digit, and relabelling rules spell capture groups that way.
  static Result<Yaml> parse_file_with_environment(const std::string& path);

  bool exists() const;  // false for a key that is not there; null counts as not there
  bool is_map() const;
  bool is_list() const;
  bool is_scalar() const;

  Yaml operator[](std::string_view key) const;      // a missing key gives !exists()
  std::vector<Yaml> list() const;                   // empty when absent; a scalar is a list of one
  std::vector<std::pair<std::string, Yaml>> map() const;  // in document order

  Status only_keys(std::initializer_list<std::string_view> known) const;
  Status only_keys(std::span<const std::string_view> known) const;

  Result<std::string> string() const;
  Result<std::vector<std::string>> strings() const;
  Result<double> number(double min, double max) const;
  Result<std::int64_t> integer(std::int64_t min, std::int64_t max) const;
  Result<bool> boolean() const;
  Result<DurationMs> duration(DurationMs min, DurationMs max) const;
  Result<std::uint64_t> bytes(std::uint64_t min, std::uint64_t max) const;

  // The same with a value for an absent key.
  Result<std::string> string_or(std::string_view fallback) const;
  Result<double> number_or(double fallback, double min, double max) const;
  Result<std::int64_t> integer_or(std::int64_t fallback, std::int64_t min, std::int64_t max) const;
  Result<bool> boolean_or(bool fallback) const;
  Result<DurationMs> duration_or(DurationMs fallback, DurationMs min, DurationMs max) const;
  Result<std::uint64_t> bytes_or(std::uint64_t fallback, std::uint64_t min, std::uint64_t max) const;

  // An error that names this place.
  std::unexpected<Error> error(std::string_view what) const;
  // A file name that stands in the document, made relative to the document's own folder.
  std::string resolve_file(std::string_view file_name) const;
  const std::string& path() const { return path_; }  // "scrape_configs[0].job_name"
  int line() const;

  static constexpr std::size_t kBytesMax = 16 << 20;
  static constexpr int kDepthMax = 64;

 private:
  struct Document;
  Yaml(std::shared_ptr<const Document> document, std::shared_ptr<YAML::Node> node, std::string path)
      : document_(std::move(document)), node_(std::move(node)), path_(std::move(path)) {}

  std::shared_ptr<const Document> document_;
  std::shared_ptr<YAML::Node> node_;  // null when absent
  std::string path_;
};

}  // namespace trimtab
