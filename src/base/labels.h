// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace trimtab {

inline constexpr std::string_view kMetricName = "__name__";

struct Label {
  std::string name;
  std::string value;
  friend auto operator<=>(const Label&, const Label&) = default;
};

// 128-bit hash of a label set's canonical bytes. Two different sets meet with probability 2^-64 at
// four billion series, so a match is taken as identity only where losing that bet is harmless or
// checked (the store compares the labels themselves before it creates a series).
struct LabelsHash {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend auto operator<=>(const LabelsHash&, const LabelsHash&) = default;
};

// XXH3-128 over any bytes; also used for spans of wire bytes that spell a label set.
LabelsHash hash_bytes(std::string_view bytes);

// Bounds of a label set, checked where samples enter. Settings may lower or raise them.
struct LabelLimits {
  std::size_t labels_count_max = 64;
  std::size_t name_bytes_max = 256;
  std::size_t value_bytes_max = 4096;
};

// An immutable set of labels, sorted by name, names unique, no empty values (an empty value is the
// same as an absent label, as in Prometheus). The metric's name is the label __name__.
// A plain value: copy it, compare it, share it between threads once built.
class Labels {
 public:
  Labels() = default;
  // Sorts; drops empty values; of equal names the last wins. For literals in code and tests.
  Labels(std::initializer_list<Label> labels);

  // From foreign input: sorts, drops empty values; equal names are an error, so are names or values
  // beyond the limits, empty names and bytes that are not UTF-8.
  static Result<Labels> create(std::vector<Label> labels, const LabelLimits& limits = {});

  // The value, or "" when absent. Cost: a scan over the (few) labels.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const { return !get(name).empty(); }
  std::string_view metric_name() const { return get(kMetricName); }

  std::span<const Label> items() const { return labels_; }
  bool empty() const { return labels_.empty(); }
  std::size_t size() const { return labels_.size(); }

  Labels with(std::string_view name, std::string_view value) const;  // "" removes
  Labels without(std::string_view name) const { return with(name, ""); }
  Labels keep(std::span<const std::string> names) const;

  LabelsHash hash() const;
  // name{a="b",c="d"}; names that are not [a-zA-Z_:][a-zA-Z0-9_:]* are quoted as in Prometheus 3.
  std::string to_string() const;

  friend auto operator<=>(const Labels&, const Labels&) = default;
  friend bool operator==(const Labels&, const Labels&) = default;

 private:
  std::vector<Label> labels_;
};

bool is_valid_utf8(std::string_view text);
// [a-zA-Z_][a-zA-Z0-9_]*: may stand unquoted as a label name. Metric names may also hold ':'.
bool is_plain_label_name(std::string_view name);
bool is_plain_metric_name(std::string_view name);
// Quotes with \\ \" \n escapes.
std::string quote_label_value(std::string_view value);

}  // namespace trimtab

template <>
struct std::hash<trimtab::LabelsHash> {
  std::size_t operator()(const trimtab::LabelsHash& h) const noexcept { return h.low; }
};
