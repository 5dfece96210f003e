// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/postgresql/section.h"

#include <vector>

namespace trimtab::postgresql {

void put_rows(const Rows& rows, SeriesSink& sink) {
  std::vector<SeriesSink::Pair> labels;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    labels.clear();
    std::string_view name_in_row;
    for (std::size_t column = 0; column < rows.columns.size(); ++column) {
      const auto& cell = rows.at(row, column);
      const std::string_view name = rows.columns[column];
      if (!cell || name.size() < 2) continue;
      if (name[0] == 'l') {
        labels.push_back({name.substr(2), *cell});
      } else if (name[0] == 'n') {
        name_in_row = *cell;
      } else {
        sink.add(name.size() == 2 ? name_in_row : name.substr(2), rows.number(row, column), labels,
                 name[0] == 'c' ? MetricType::kCounter : MetricType::kGauge);
      }
    }
  }
}

}  // namespace trimtab::postgresql
