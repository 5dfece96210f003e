// SPDX-License-Identifier: Apache-2.0
#include "query/engine/rows.h"

#include <fmt/format.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>

namespace trimtab::promql {
namespace {

class MappedRows final : public RowSource {
 public:
  MappedRows(Rows rows, RowMap map) : rows_(std::move(rows)), map_(std::move(map)) {}
  std::size_t size() const override { return rows_->size(); }
  Labels labels(std::size_t row) const override {
    return map_.drop_name ? rows_->labels(row).without(kMetricName) : rows_->labels(row);
  }
  Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const override {
    TRY(rows_->compute(row, scratch, out));
    map_.apply(out);
    return ok();
  }
  bool unique() const override { return map_.drop_name ? rows_->unique_without_name() : rows_->unique(); }
  bool unique_without_name() const override { return rows_->unique_without_name(); }

 private:
  Rows rows_;
  RowMap map_;
};

// Says that its rows are unique, for sources that were looked through.
class UniqueRows final : public RowSource {
 public:
  explicit UniqueRows(Rows rows) : rows_(std::move(rows)) {}
  std::size_t size() const override { return rows_->size(); }
  Labels labels(std::size_t row) const override { return rows_->labels(row); }
  Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const override {
    return rows_->compute(row, scratch, out);
  }
  bool unique() const override { return true; }
  bool unique_without_name() const override { return rows_->unique_without_name(); }

 private:
  Rows rows_;
};

constexpr std::size_t kBlockRows = 128;

}  // namespace

Status Table::compute(std::size_t index, Scratch&, std::span<double> out) const {
  const auto from = row(index);
  std::copy(from.begin(), from.end(), out.begin());
  return ok();
}

Status Table::hold(const Context& context, std::size_t rows, std::string_view what) {
  TRY(context.hold_cells(rows, columns_, what));
  context_ = &context;
  held_ = rows * columns_;
  return ok();
}

std::span<double> Table::add(Labels labels) {
  labels_.push_back(std::move(labels));
  values_.resize(values_.size() + columns_, kNoValue);
  return row(labels_.size() - 1);
}

void Table::add(Labels labels, std::span<const double> cells) {
  labels_.push_back(std::move(labels));
  values_.insert(values_.end(), cells.begin(), cells.end());
}

void Table::resize(std::size_t rows) {
  labels_.resize(rows);
  values_.resize(rows * columns_);
}

void Table::keep_rows(std::span<const std::uint8_t> keep) {
  std::size_t kept = 0;
  for (std::size_t index = 0; index < keep.size(); ++index) {
    if (keep[index] == 0) continue;
    if (kept != index) {
      labels_[kept] = std::move(labels_[index]);
      const auto from = std::as_const(*this).row(index);
      std::copy(from.begin(), from.end(), row(kept).begin());
    }
    ++kept;
  }
  labels_.resize(kept);
  values_.resize(kept * columns_);
  if (context_ != nullptr && values_.size() < held_) {
    values_.shrink_to_fit();
    context_->release_cells(held_ - values_.size());
    held_ = values_.size();
  }
}

Rows map_rows(Rows rows, RowMap map) { return std::make_shared<MappedRows>(std::move(rows), std::move(map)); }

Result<std::shared_ptr<const Table>> materialise(const Rows& rows, const Grid& grid, const Context& context,
                                                 std::string_view what) {
  if (auto table = std::dynamic_pointer_cast<const Table>(rows)) return table;
  const std::size_t blocks = (rows->size() + kBlockRows - 1) / kBlockRows;
  auto out = std::make_shared<Table>(grid.columns);
  TRY(out->hold(context, rows->size(), what));
  out->resize(rows->size());
  std::vector<std::uint8_t> keep(rows->size());
  const auto work = [&](std::size_t block, Scratch& scratch) -> Status {
    const std::size_t end = std::min(rows->size(), (block + 1) * kBlockRows);
    for (std::size_t row = block * kBlockRows; row < end; ++row) {
      TRY(rows->compute(row, scratch, out->row(row)));
      if (!any_present(out->row(row))) continue;
      keep[row] = 1;
      out->set_labels(row, rows->labels(row));
    }
    return ok();
  };
  const auto done = [](std::size_t) -> Status { return ok(); };
  TRY(for_blocks(blocks, context, work, done));
  out->keep_rows(keep);
  if (rows->unique()) out->set_unique();
  return std::shared_ptr<const Table>(std::move(out));
}

Result<Rows> without_duplicates(Rows rows, const Grid& grid, Duplicates duplicates, const Context& context,
                                std::string_view message) {
  if (rows->unique() || rows->size() < 2) return rows;
  boost::unordered_flat_map<LabelsHash, std::size_t, std::hash<LabelsHash>> seen;
  seen.reserve(rows->size());
  bool twice = false;
  for (std::size_t row = 0; row < rows->size() && !twice; ++row) {
    twice = !seen.emplace(rows->labels(row).hash(), row).second;
  }
  if (!twice) return Rows(std::make_shared<UniqueRows>(std::move(rows)));

  const auto table = TRY(materialise(rows, grid, context, "joining series of equal labels"));
  seen.clear();
  auto merged = std::make_shared<Table>(grid.columns);
  TRY(merged->hold(context, table->size(), "joining series of equal labels"));
  for (std::size_t row = 0; row < table->size(); ++row) {
    const Labels& labels = table->row_labels(row);
    const auto [it, added] = seen.emplace(labels.hash(), merged->size());
    if (added) {
      const auto to = merged->add(labels);
      const auto from = table->row(row);
      std::copy(from.begin(), from.end(), to.begin());
      continue;
    }
    if (duplicates == Duplicates::kRefuse) return invalid(fmt::format("{}: {}", message, labels.to_string()));
    const auto to = merged->row(it->second);
    const auto from = table->row(row);
    for (std::size_t c = 0; c < grid.columns; ++c) {
      if (!present(from[c])) continue;
      if (present(to[c])) return invalid(fmt::format("{}: {}", message, labels.to_string()));
      to[c] = from[c];
    }
  }
  merged->set_unique();
  return Rows(std::move(merged));
}

}  // namespace trimtab::promql
