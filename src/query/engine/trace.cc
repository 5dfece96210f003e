// SPDX-License-Identifier: Apache-2.0
#include "query/engine/trace.h"

namespace trimtab::promql {
namespace {

class TracedRows final : public RowSource {
 public:
  TracedRows(Rows rows, std::shared_ptr<Tracer::Stage> stage)
      : rows_(std::move(rows)), stage_(std::move(stage)) {}
  std::size_t size() const override { return rows_->size(); }
  Labels labels(std::size_t row) const override { return rows_->labels(row); }
  bool unique() const override { return rows_->unique(); }
  bool unique_without_name() const override { return rows_->unique_without_name(); }
  Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const override {
    const std::uint64_t samples = scratch.samples_decoded;
    const std::int64_t begun = clock_.monotonic_ns();
    TRY(rows_->compute(row, scratch, out));
    stage_->spent_ns += clock_.monotonic_ns() - begun;
    stage_->samples += scratch.samples_decoded - samples;
    if (any_present(out)) ++stage_->series;
    return ok();
  }

 private:
  Rows rows_;
  std::shared_ptr<Tracer::Stage> stage_;
  SystemClock clock_;
};

}  // namespace

std::shared_ptr<Tracer::Stage> Tracer::begin(const Expr& expr) {
  if (!on_) return nullptr;
  auto stage = std::make_shared<Stage>();
  stage->depth = depth_++;
  stage->text = to_text(expr);
  if (stage->text.size() > kTextBytesMax) stage->text = stage->text.substr(0, kTextBytesMax) + "...";
  stage->begun_ns = clock_.monotonic_ns();
  stages_.push_back(stage);
  return stage;
}

Rows Tracer::end(const std::shared_ptr<Stage>& stage, Rows rows) {
  if (!on_) return rows;
  --depth_;
  stage->spent_ns += clock_.monotonic_ns() - stage->begun_ns;
  if (std::dynamic_pointer_cast<const Table>(rows)) {
    stage->series = rows->size();
    return rows;
  }
  return std::make_shared<TracedRows>(std::move(rows), stage);
}

std::vector<TraceStage> Tracer::stages() const {
  std::vector<TraceStage> out;
  for (const auto& stage : stages_) {
    out.push_back({stage->depth, stage->text, stage->series, stage->samples,
                   static_cast<double>(stage->spent_ns.load()) / 1e6});
  }
  return out;
}

}  // namespace trimtab::promql
