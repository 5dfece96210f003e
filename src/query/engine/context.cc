// SPDX-License-Identifier: Apache-2.0
#include "query/engine/context.h"

#include <fmt/format.h>

#include "query/lexer.h"

namespace trimtab::promql {

Context::Context(const QueryWindow& window, const QueryOptions& options, std::string_view text)
    : window_(window), options_(options), text_(text) {
  deadline_ns_ = clock_.monotonic_ns() + options.limits.timeout_ms * 1'000'000;
}

Status Context::check() const {
  if (options_.cancelled != nullptr && options_.cancelled->load(std::memory_order_relaxed)) {
    return fail(ErrorCode::kCancelled, "the query was cancelled");
  }
  if (clock_.monotonic_ns() > deadline_ns_) {
    return fail(ErrorCode::kTimeout, fmt::format("the query took longer than {}, its time-out (timeout)",
                                                 format_duration(limits().timeout_ms)));
  }
  return ok();
}

Status Context::check_cells(std::size_t rows, std::size_t columns, std::string_view what) const {
  const std::uint64_t bound = limits().cells_max;
  if (columns == 0 || rows <= bound / columns) return ok();
  return fail(
      ErrorCode::kLimit,
      fmt::format("{} would hold {} series x {} steps at once; at most {} cells are allowed (cells_max): "
                  "ask for fewer series, a shorter range or a longer step",
                  what, rows, columns, bound));
}

Status Context::hold_cells(std::size_t rows, std::size_t columns, std::string_view what) const {
  TRY(check_cells(rows, columns, what));
  const std::uint64_t cells = rows * columns;
  if (held_cells_.fetch_add(cells, std::memory_order_relaxed) + cells <= limits().cells_max) return ok();
  release_cells(cells);
  return fail(
      ErrorCode::kLimit,
      fmt::format("{} would hold {} series x {} steps besides what the query holds already; at most {} cells "
                  "are allowed (cells_max): ask for fewer series, a shorter range or a longer step",
                  what, rows, columns, limits().cells_max));
}

Status Context::count_samples(std::uint64_t samples) const {
  const std::uint64_t total = samples_.fetch_add(samples, std::memory_order_relaxed) + samples;
  if (total <= limits().samples_max) return ok();
  return fail(ErrorCode::kLimit, fmt::format("the query reads more than {} samples, its bound (samples_max): "
                                             "ask for fewer series or a shorter range",
                                             limits().samples_max));
}

Status Context::count_series(std::uint64_t series) const {
  const std::uint64_t total = series_.fetch_add(series, std::memory_order_relaxed) + series;
  if (total <= limits().series_max) return ok();
  return fail(ErrorCode::kLimit,
              fmt::format("the query selects {} series; at most {} are allowed (series_max): "
                          "narrow the selectors",
                          total, limits().series_max));
}

QueryStats Context::stats() const {
  return {series_.load(std::memory_order_relaxed), samples_.load(std::memory_order_relaxed)};
}

std::string Context::place(Span span) const {
  return text_.empty() ? fmt::format("1:{}", span.start + 1) : Lexer::position(text_, span.start);
}

void Context::keep(std::set<std::string>& where, std::string message) const {
  const std::lock_guard lock(mutex_);
  if (where.size() < kAnnotationsMax) where.insert(std::move(message));
}

void Context::warn(std::string_view message, Span span) const {
  keep(warnings_, fmt::format("PromQL warning: {} ({})", message, place(span)));
}

void Context::inform(std::string_view message, Span span) const {
  keep(infos_, fmt::format("PromQL info: {} ({})", message, place(span)));
}

std::vector<std::string> Context::warnings() const {
  const std::lock_guard lock(mutex_);
  return {warnings_.begin(), warnings_.end()};
}

std::vector<std::string> Context::infos() const {
  const std::lock_guard lock(mutex_);
  return {infos_.begin(), infos_.end()};
}

}  // namespace trimtab::promql
