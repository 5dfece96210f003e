// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "query/engine/window.h"

namespace trimtab::promql {

// A range function over series: one decode a row.
class WindowRows final : public RowSource {
 public:
  struct Options {
    bool keep_name = false;
    bool counter = false;  // tells the user where a metric's name is not a counter's
    Span span;             // of the range, for that
  };
  WindowRows(std::shared_ptr<const SampleSource> samples, const Windows& windows,
             std::unique_ptr<WindowFunction> function, const Options& options, const Context& context);

  std::size_t size() const override { return samples_->size(); }
  Labels labels(std::size_t row) const override;
  bool unique() const override {
    return options_.keep_name ? samples_->unique() : samples_->unique_without_name();
  }
  bool unique_without_name() const override { return samples_->unique_without_name(); }
  Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const override;

 private:
  void check_name(std::size_t row) const;

  std::shared_ptr<const SampleSource> samples_;
  Windows windows_;
  std::unique_ptr<WindowFunction> function_;
  Options options_;
  bool names_to_check_ = false;
  const Context& context_;
};

}  // namespace trimtab::promql
