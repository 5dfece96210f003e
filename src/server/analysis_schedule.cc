// SPDX-License-Identifier: Apache-2.0
#include "server/analysis_schedule.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <iterator>

#include "analyze/objectives.h"
#include "server/join_events.h"

namespace trimtab {

AnalysisSchedule::AnalysisSchedule(Store& store, promql::Querier& querier, Ledger& ledger,
                                   const KnowledgeKeeper& knowledge, const Clock& clock, Metrics& metrics,
                                   Logger& logger, AnalysisScheduleOptions options)
    : store_(store),
      querier_(querier),
      ledger_(ledger),
      knowledge_(knowledge),
      clock_(clock),
      metrics_(metrics),
      logger_(logger),
      options_(std::move(options)),
      seconds_(metrics.histogram("trimtab_analysis_pass_duration_seconds", "Time of one analysis pass.", {},
                                 {.01, .1, .5, 1, 5, 20, 60, 300})),
      passes_(metrics.counter("trimtab_analysis_passes_total", "Analysis passes that ended well.")),
      failures_(metrics.counter("trimtab_analysis_failures_total",
                                "Analysis passes that failed or were cancelled.")),
      last_success_(
          metrics.gauge("trimtab_analysis_last_success_timestamp_seconds", "When a pass last ended well.")) {}

void AnalysisSchedule::start() {
  if (options_.interval_ms == 0) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void AnalysisSchedule::stop() {
  cancel();
  thread_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  const std::lock_guard lock(mutex_);
  if (!running_) save_memory();
}

void AnalysisSchedule::load_memory() {
  memory_loaded_ = true;
  memory_saved_ns_ = clock_.monotonic_ns();
  const auto kept = ledger_.get_state(kMemoryKey);
  Status status = ok();
  if (!kept) {
    status = std::unexpected(kept.error());
  } else if (*kept) {
    status = memory_.restore(**kept);
  }
  if (!status)
    logger_.warn("what was learnt of the series is learnt again", {{"why", status.error().message()}});
  memory_saved_revision_ = memory_.revision();
}

void AnalysisSchedule::save_memory() {
  if (!memory_loaded_ || memory_.revision() == memory_saved_revision_) return;
  const std::uint64_t revision = memory_.revision();
  const Status kept = ledger_.put_state(kMemoryKey, memory_.save());
  memory_saved_ns_ = clock_.monotonic_ns();
  if (kept) {
    memory_saved_revision_ = revision;
  } else {
    logger_.warn("what was learnt of the series is not kept", {{"why", kept.error().message()}});
  }
}

void AnalysisSchedule::loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const std::int64_t begin_ns = clock_.monotonic_ns();
    const auto pass = run_now();
    if (!pass && pass.error().code() != ErrorCode::kCancelled) {
      logger_.error("analysis pass failed", {{"error", pass.error().message()}});
    }
    const std::int64_t took_ms = (clock_.monotonic_ns() - begin_ns) / 1'000'000;
    // A pass that took longer than the interval is followed by a rest, so that others get the cores.
    const DurationMs rest_ms = std::max(options_.interval_ms - took_ms, options_.interval_ms / 10);
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(rest_ms), [&] { return stop.stop_requested(); });
  }
}

Result<AnalysisPass> AnalysisSchedule::run_now() {
  {
    std::unique_lock lock(mutex_);
    if (running_) {
      const std::uint64_t before = finished_;
      changed_.wait(lock, [&] { return finished_ != before; });
      return *last_;
    }
    running_ = true;
  }
  Result<AnalysisPass> pass = fail(ErrorCode::kInternal, "analysis: no answer");
  try {
    pass = run_pass();
  } catch (const std::exception& e) {  // else others would wait for this pass for ever
    pass = fail(ErrorCode::kInternal, fmt::format("analysis: {}", e.what()));
  }
  const std::lock_guard lock(mutex_);
  running_ = false;
  ++finished_;
  last_ = pass;
  changed_.notify_all();
  return pass;
}

Result<AnalysisPass> AnalysisSchedule::run_pass() {
  if (!memory_loaded_) load_memory();
  const std::int64_t begin_ns = clock_.monotonic_ns();
  auto result = analyze(clock_.now_ms(), true);
  if (!result) {
    failures_.add();
    return std::unexpected(result.error());
  }
  const auto recorded =
      ledger_.record_pass(result->pass, std::move(result->findings), options_.resolve_after_ms);
  if (!recorded) {
    failures_.add();
    return std::unexpected(recorded.error());
  }
  if (clock_.monotonic_ns() - memory_saved_ns_ >= kMemorySaveMs * 1'000'000) save_memory();
  const double seconds = static_cast<double>(clock_.monotonic_ns() - begin_ns) / 1e9;
  seconds_.observe(seconds);
  passes_.add();
  last_success_.set(static_cast<double>(clock_.now_ms()) / 1000);
  logger_.debug("analysis pass", {{"series", result->pass.coverage.series_watched},
                                  {"findings", recorded->size()},
                                  {"seconds", seconds}});
  return result->pass;
}

Result<AnalysisResult> AnalysisSchedule::judge(TimestampMs at) {
  if (judgements_.fetch_add(1) >= kJudgementsMax) {
    judgements_.fetch_sub(1);
    return fail(ErrorCode::kUnavailable,
                fmt::format("{} past moments are being judged already; try again later", kJudgementsMax));
  }
  auto result = analyze(at, false);
  judgements_.fetch_sub(1);
  return result;
}

Result<AnalysisResult> AnalysisSchedule::analyze(TimestampMs at, bool scheduled) {
  if (cancelled_) return fail(ErrorCode::kCancelled, "the server is stopping");
  const auto knowledge = knowledge_.now();
  Analyzer analyzer(store_, querier_, knowledge->catalog, knowledge->estate, clock_, metrics_, logger_);
  const auto on_progress = [this, scheduled](const Analyzer::Progress& progress) {
    if (!scheduled) return;
    series_done_ = progress.series_done;
    series_total_ = progress.series_total;
  };
  try {
    AnalysisOptions options = options_.analysis;
    if (scheduled) options.memory = &memory_;
    AnalysisResult result = TRY(analyzer.run(at, options, on_progress, &cancelled_));
    ObjectivesJudged objectives = TRY(judge_objectives(querier_, knowledge->estate, at, &cancelled_));
    result.pass.objectives = std::move(objectives.statuses);
    result.findings.insert(result.findings.end(), std::make_move_iterator(objectives.findings.begin()),
                           std::make_move_iterator(objectives.findings.end()));
    std::stable_sort(result.findings.begin(), result.findings.end(),
                     [](const Finding& a, const Finding& b) { return a.harm > b.harm; });
    TRY(join_events(ledger_, knowledge->estate, at, result.findings));
    return result;
  } catch (const std::exception& e) {
    return fail(ErrorCode::kInternal, fmt::format("analysis: {}", e.what()));
  }
}

AnalysisSchedule::Progress AnalysisSchedule::progress() const {
  const std::lock_guard lock(mutex_);
  return {.running = running_, .series_done = series_done_, .series_total = series_total_};
}

}  // namespace trimtab
