// SPDX-License-Identifier: Apache-2.0
#include "analyze/analyzer.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "analyze/companions.h"
#include "analyze/coverage.h"
#include "analyze/derived_series.h"
#include "analyze/drivers.h"
#include "analyze/findings.h"
#include "analyze/job_runner.h"
#include "analyze/neighbourhood.h"
#include "analyze/plan.h"
#include "analyze/turnover.h"
#include "analyze/work_pool.h"

namespace trimtab {
namespace {

Status check_options(const AnalysisOptions& options) {
  if (options.history_ms <= 0) return invalid("history: must be longer than nothing");
  if (options.window_ms < 0 || options.step_ms < 0) return invalid("window and step: must not be negative");
  if (options.columns_max < 100 || options.columns_max > 1'000'000) {
    return invalid(fmt::format("columns_max: {} is not within 100 .. 1000000", options.columns_max));
  }
  if (!(options.false_alarms_per_day > 0)) return invalid("false_alarms_per_day: must be above 0");
  if (options.exhaustion_horizon_ms <= 0) return invalid("exhaustion_horizon: must be longer than nothing");
  return ok();
}

analyze::JobOptions job_options(TimestampMs at, const AnalysisOptions& options) {
  analyze::JobOptions out;
  out.cells = {.at_ms = at,
               .history_ms = options.history_ms,
               .step_ms = options.step_ms,
               .columns_max = options.columns_max};
  out.window_ms = options.window_ms;
  out.horizon_ms = options.exhaustion_horizon_ms;
  out.memory = options.memory;
  return out;
}

// Every series, when the caller did not say which.
Result<Matchers> wanted_series(const AnalysisOptions& options) {
  if (!options.matchers.empty()) return options.matchers;
  Matchers all;
  all.push_back(TRY(Matcher::create(MatchOp::kNotEqual, std::string(kMetricName), "")));
  return all;
}

}  // namespace

Analyzer::Analyzer(Store& store, promql::Querier& querier, const Catalog& catalog, const Estate& estate,
                   const Clock& clock, Metrics& metrics, Logger& logger)
    : store_(store),
      querier_(querier),
      catalog_(catalog),
      estate_(estate),
      clock_(clock),
      metrics_(metrics),
      logger_(logger) {}

Result<AnalysisResult> Analyzer::run(TimestampMs at, const AnalysisOptions& options,
                                     const std::function<void(const Progress&)>& on_progress,
                                     const std::atomic<bool>* cancelled) {
  TRY(check_options(options));
  AnalysisResult result;
  result.pass.at_ms = at;
  result.pass.started_ms = clock_.now_ms();
  result.pass.history_ms = options.history_ms;
  const std::int64_t started_ns = clock_.monotonic_ns();

  const Matchers matchers = TRY(wanted_series(options));
  // A pass reads each series once or twice; its bound is the series' own history, not a query's.
  const ReadOptions read{.samples_max = ~std::uint64_t{0}, .series_max = 0, .cancelled = cancelled};
  std::unique_ptr<SeriesSet> stored = TRY(store_.select(matchers, {at - options.history_ms, at}, read));
  analyze::DerivedSeries derived;
  if (options.matchers.empty()) {
    const analyze::DerivedWindow window{at, options.history_ms, options.columns_max};
    derived = TRY(analyze::derive_series(querier_, catalog_, window, cancelled));
  }
  const std::vector<std::string> derive_errors = derived.errors;
  const std::unique_ptr<SeriesSet> set = analyze::join_series(std::move(stored), std::move(derived));
  const analyze::Plan plan = analyze::make_plan(*set, catalog_, estate_, store_.metadata());

  analyze::JobOptions per_job = job_options(at, options);
  per_job.calendar = {.calendar = &estate_.calendar(),
                      .spans = estate_.calendar().spans({at - options.history_ms, at})};
  const analyze::DriverHistories drivers =
      TRY(analyze::read_drivers_history(querier_, estate_, at, options.history_ms, cancelled));
  per_job.drivers = drivers.drivers;
  std::vector<analyze::JobResult> results(plan.jobs.size());
  std::vector<analyze::JobScratch> scratch(analyze::worker_count(options.threads, plan.jobs.size()));
  const bool finished = analyze::for_each_index(
      plan.jobs.size(), options.threads,
      [&](std::size_t worker, std::size_t index) {
        results[index] = analyze::run_job(plan.jobs[index], *set, per_job, scratch[worker]);
      },
      [&](std::size_t done) {
        if (on_progress) on_progress({.series_done = done, .series_total = plan.jobs.size()});
        return cancelled == nullptr || !cancelled->load(std::memory_order_relaxed);
      });
  if (!finished) return fail(ErrorCode::kCancelled, "analysis: cancelled");

  analyze::FindingSet found = analyze::make_findings(
      plan, results, {.at_ms = at, .false_alarms_per_day = options.false_alarms_per_day, .estate = estate_});
  result.findings = std::move(found.findings);
  const auto near = analyze::neighbourhoods(result.findings, plan, estate_);
  std::uint64_t companions_left_out = analyze::add_turnover(result.findings, near, plan, *set, at);
  companions_left_out += analyze::add_companions(result.findings, near, plan, *set, per_job, options.threads);
  if (options.memory != nullptr) options.memory->end_pass();
  result.pass.coverage = analyze::count_coverage(plan, results, set->size());
  result.pass.coverage.findings_in_maintenance = found.in_maintenance;
  for (const std::string& error : derive_errors) result.pass.coverage.errors.push_back("catalogue: " + error);
  for (const std::string& error : drivers.errors) result.pass.coverage.errors.push_back("estate: " + error);
  result.pass.took_ms = (clock_.monotonic_ns() - started_ns) / 1'000'000;

  metrics_.counter("trimtab_analysis_passes_total", "Analysis passes finished.").add();
  metrics_
      .counter("trimtab_analysis_companions_left_out_total",
               "Series near findings that were not asked whether they changed too, because of the bound.")
      .add(static_cast<double>(companions_left_out));
  metrics_.counter("trimtab_analysis_samples_total", "Samples read by analysis passes.")
      .add(static_cast<double>(result.pass.coverage.samples_read));
  metrics_.gauge("trimtab_analysis_last_pass_seconds", "How long the newest analysis pass took.")
      .set(static_cast<double>(result.pass.took_ms) / 1000);
  logger_.info("analysis pass", {{"series", set->size()},
                                 {"watched", result.pass.coverage.series_watched},
                                 {"findings", result.findings.size()},
                                 {"took_ms", result.pass.took_ms}});
  return result;
}

}  // namespace trimtab
