// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

#include "query/engine/binary.h"

namespace trimtab::promql {
namespace {

void append_key(std::string& key, const VectorMatching& matching, const Labels& labels) {
  key.clear();
  if (matching.on) {
    for (const std::string& name : matching.labels) key.append(labels.get(name)).push_back('\xff');
    return;
  }
  for (const Label& label : labels.items()) {
    const auto& names = matching.labels;
    if (label.name == kMetricName || std::find(names.begin(), names.end(), label.name) != names.end())
      continue;
    key.append(label.name).push_back('\xff');
    key.append(label.value).push_back('\xff');
  }
}

}  // namespace

MatchGroups match_groups(const VectorMatching& matching, const RowSource& left, const RowSource& right) {
  MatchGroups out;
  boost::unordered_flat_map<std::string, std::uint32_t> seen;
  std::string key;
  const auto number = [&](const RowSource& rows, std::vector<std::uint32_t>& groups) {
    groups.resize(rows.size());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      append_key(key, matching, rows.labels(row));
      groups[row] = seen.emplace(key, static_cast<std::uint32_t>(seen.size())).first->second;
    }
  };
  number(left, out.left);
  number(right, out.right);
  out.count = seen.size();
  return out;
}

}  // namespace trimtab::promql
