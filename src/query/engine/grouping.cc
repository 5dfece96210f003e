// SPDX-License-Identifier: Apache-2.0
#include <boost/unordered/unordered_flat_map.hpp>

#include "query/engine/aggregate.h"

namespace trimtab::promql {
namespace {

Labels group_labels(const Labels& labels, std::span<const std::string> names, bool without) {
  if (!without) return labels.keep(names);
  Labels out = labels.without(kMetricName);
  for (const std::string& name : names) out = out.without(name);
  return out;
}

}  // namespace

Grouping group_rows(const RowSource& rows, std::span<const std::string> names, bool without) {
  Grouping out;
  out.group.resize(rows.size());
  if (rows.size() == 0) return out;
  if (names.empty() && !without) {
    out.labels.emplace_back();
    return out;
  }
  boost::unordered_flat_map<std::string, std::uint32_t> seen;
  std::string key;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const Labels labels = rows.labels(row);
    key.clear();
    if (without) {
      for (const Label& label : labels.items()) {
        if (label.name == kMetricName || std::find(names.begin(), names.end(), label.name) != names.end())
          continue;
        key.append(label.name).push_back('\xff');
        key.append(label.value).push_back('\xff');
      }
    } else {
      for (const std::string& name : names) key.append(labels.get(name)).push_back('\xff');
    }
    const auto [it, added] = seen.emplace(key, static_cast<std::uint32_t>(out.labels.size()));
    if (added) out.labels.push_back(group_labels(labels, names, without));
    out.group[row] = it->second;
  }
  return out;
}

}  // namespace trimtab::promql
