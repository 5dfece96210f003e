// SPDX-License-Identifier: Apache-2.0
#include "query/engine/window_rows.h"

#include <fmt/format.h>

namespace trimtab::promql {
namespace {

bool counter_name(std::string_view name) {
  return name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") ||
         name.ends_with("_bucket");
}

}  // namespace

WindowRows::WindowRows(std::shared_ptr<const SampleSource> samples, const Windows& windows,
                       std::unique_ptr<WindowFunction> function, const Options& options,
                       const Context& context)
    : samples_(std::move(samples)),
      windows_(windows),
      function_(std::move(function)),
      options_(options),
      context_(context) {
  const auto metric = samples_->metric();
  names_to_check_ = options_.counter && !(metric && counter_name(*metric));
}

Labels WindowRows::labels(std::size_t row) const {
  Labels labels = samples_->labels(row);
  return options_.keep_name ? labels : labels.without(kMetricName);
}

Status WindowRows::compute(std::size_t row, Scratch& scratch, std::span<double> out) const {
  const auto buffer = scratch.samples();
  TRY(samples_->read(row, scratch, *buffer));
  if (buffer->size() == 0) {
    fill_absent(out);
    return ok();
  }
  function_->run(windows_, *buffer, scratch, out);
  TRY(context_.check());
  if (names_to_check_ && any_present(out)) check_name(row);
  return ok();
}

void WindowRows::check_name(std::size_t row) const {
  const auto fixed = samples_->metric();
  const std::string name = fixed ? *fixed : std::string(samples_->labels(row).metric_name());
  if (name.empty() || counter_name(name)) return;
  context_.inform("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " +
                      quote_label_value(name),
                  options_.span);
}

}  // namespace trimtab::promql
