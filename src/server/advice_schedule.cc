// SPDX-License-Identifier: Apache-2.0
#include "server/advice_schedule.h"

#include <fmt/format.h>

#include <chrono>

namespace trimtab {

AdviceSchedule::AdviceSchedule(std::vector<AdvisorAtWork> advisors, promql::Querier& querier, Ledger& ledger,
                               const KnowledgeKeeper& knowledge, const Clock& clock, Metrics& metrics,
                               Logger& logger, DurationMs interval_ms)
    : advisors_(std::move(advisors)),
      querier_(querier),
      ledger_(ledger),
      knowledge_(knowledge),
      clock_(clock),
      logger_(logger),
      interval_ms_(interval_ms),
      seconds_(metrics.histogram("trimtab_advice_round_duration_seconds",
                                 "Time of one round of all advisors.", {}, {.01, .1, .5, 1, 5, 20, 60, 300})),
      rounds_(metrics.counter("trimtab_advice_rounds_total", "Rounds of all advisors.")),
      failures_(
          metrics.counter("trimtab_advice_failures_total", "Advisors that could not find out what to say.")),
      last_(Round{}) {}

void AdviceSchedule::start() {
  if (interval_ms_ == 0 || advisors_.empty()) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void AdviceSchedule::stop() {
  cancel();
  thread_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void AdviceSchedule::loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds(interval_ms_), [&] { return stop.stop_requested(); });
      if (stop.stop_requested()) return;
    }
    if (const auto round = run_now(); !round && round.error().code() != ErrorCode::kCancelled) {
      logger_.error("advice is not kept", {{"error", round.error().message()}});
    }
  }
}

Result<AdviceSchedule::Round> AdviceSchedule::run_now() {
  {
    std::unique_lock lock(mutex_);
    if (running_) {
      const std::uint64_t before = finished_;
      changed_.wait(lock, [&] { return finished_ != before; });
      return last_;
    }
    running_ = true;
  }
  Result<Round> round = fail(ErrorCode::kInternal, "advice: no answer");
  try {
    round = run_round();
  } catch (const std::exception& e) {  // else others would wait for this round for ever
    round = fail(ErrorCode::kInternal, fmt::format("advice: {}", e.what()));
  }
  const std::lock_guard lock(mutex_);
  running_ = false;
  ++finished_;
  last_ = round;
  changed_.notify_all();
  return round;
}

Result<AdviceSchedule::Round> AdviceSchedule::run_round() {
  const std::int64_t begin_ns = clock_.monotonic_ns();
  FindingFilter live;
  live.states = {FindingState::kOpen, FindingState::kAcknowledged};
  live.limit = kFindingsMax;
  const std::vector<Finding> findings = TRY(ledger_.findings(live));
  const auto knowledge = knowledge_.now();
  Round round;
  for (AdvisorAtWork& at_work : advisors_) {
    if (cancelled_) return fail(ErrorCode::kCancelled, "the server is stopping");
    const advise::Context context{.now_ms = clock_.now_ms(),
                                  .estate = knowledge->estate,
                                  .querier = querier_,
                                  .findings = findings,
                                  .logger = logger_,
                                  .cancelled = &cancelled_};
    const std::string name = at_work.advisor->name();
    auto said = at_work.advisor->advise(context);
    if (!said && cancelled_) return fail(ErrorCode::kCancelled, "the server is stopping");
    ++round.advisors;
    if (!said) {
      failures_.add();
      logger_.warn("an advisor could not find out what to say",
                   {{"advisor", name}, {"target", at_work.target}, {"error", said.error().message()}});
      round.problems.push_back(fmt::format("{} at {}: {}", name, at_work.target, said.error().message()));
      continue;
    }
    TRY(ledger_.record_advice({name}, *std::move(said), {at_work.target}));
  }
  seconds_.observe(static_cast<double>(clock_.monotonic_ns() - begin_ns) / 1e9);
  rounds_.add();
  return round;
}

}  // namespace trimtab
