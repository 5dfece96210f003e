// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/target_collector.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace trimtab {
namespace {

double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

Labels common_labels(const Target& target) {
  return Labels{{"instance", target.instance}, {"job", std::string(to_string(target.kind))}};
}

Labels own_labels(const std::string& name) { return Labels{{"target", name}}; }

}  // namespace

TargetCollector::TargetCollector(Target target, const Sinks& sinks, Factory factory)
    : target_(std::move(target)),
      name_(target_.name()),
      clock_(sinks.clock),
      logger_(sinks.logger),
      query_texts_(sinks.query_texts),
      rounds_(sinks.metrics.counter("trimtab_collector_rounds_total", "Rounds of a target's collector.",
                                    own_labels(name_))),
      failures_(sinks.metrics.counter("trimtab_collector_failures_total",
                                      "Rounds in which the target did not answer.", own_labels(name_))),
      late_(sinks.metrics.counter("trimtab_collector_late_total",
                                  "Rounds left out because the one before was not done.", own_labels(name_))),
      cpu_seconds_(sinks.metrics.counter("trimtab_collector_cpu_seconds_total",
                                         "CPU time a target's collector used, storing included.",
                                         own_labels(name_))),
      series_(sinks.metrics.gauge("trimtab_collector_series", "Live series of a target's collector.",
                                  own_labels(name_))),
      sink_(sinks.store, sinks.rejects, "collector " + name_, common_labels(target_), kSeriesMax),
      slow_sink_(sinks.store, sinks.rejects, "collector " + name_, common_labels(target_), kSeriesMax),
      source_(factory(target_,
                      {.clock = sinks.clock, .query_texts = sinks.query_texts, .cancelled = &cancelled_})) {
  status_.name = name_;
}

TargetCollector::~TargetCollector() { stop(); }

// The target's answer to one round, or the error of the last attempt while a new one is not yet due.
Status TargetCollector::ask(TimestampMs now) {
  if (now < attempt_due_ms_) return last_answer_;
  Status answer = source_->collect(sink_);
  if (answer && now >= slow_due_ms_) {
    slow_sink_.begin(now);
    answer = source_->collect_slow(slow_sink_);
    slow_due_ms_ = now - now % kCollectorSlowMs + kCollectorSlowMs;
    slow_live_ = true;
    if (answer) slow_stored_ = slow_sink_.commit();
  }
  if (answer) {
    backoff_ms_ = 0;
    attempt_due_ms_ = 0;
  } else {
    source_->disconnect();
    backoff_ms_ = std::min(kBackoffMaxMs, std::max(target_.interval_ms, 2 * backoff_ms_));
    attempt_due_ms_ = now + backoff_ms_;
  }
  last_answer_ = answer;
  return answer;
}

Status TargetCollector::store_round(TimestampMs now, const Status& answer, double seconds) {
  if (!answer) {
    sink_.begin(now);  // whatever came before the failure is dropped
    if (slow_live_) (void)slow_sink_.end(now);
    slow_live_ = false;
    slow_due_ms_ = 0;
  }
  sink_.gauge("up", answer ? 1 : 0);
  sink_.gauge(source_->up_metric(), answer ? 1 : 0);
  sink_.gauge("scrape_duration_seconds", seconds);
  return sink_.commit();
}

// Says what changed, not what stays.
void TargetCollector::tell(const Status& answer) {
  const std::string error = answer ? "" : answer.error().message();
  if (error != told_error_) {
    if (error.empty()) {
      logger_.info("collector: the target answers again", {{"target", name_}});
    } else {
      logger_.warn("collector: the target does not answer", {{"target", name_}, {"error", error}});
    }
    told_error_ = error;
  }
  if (!answer) return;
  for (const auto& [part, sentence] : source_->problems()) {
    const auto told = told_problems_.find(part);
    if (told != told_problems_.end() && told->second == sentence) continue;
    logger_.warn("collector: a part is missing", {{"target", name_}, {"part", part}, {"error", sentence}});
  }
  told_problems_ = source_->problems();
}

Status TargetCollector::collect() {
  const double cpu_before = thread_cpu_seconds();
  const std::int64_t before = clock_.monotonic_ns();
  const TimestampMs now = clock_.now_ms();
  sink_.begin(now);
  const Status answer = ask(now);
  const double seconds = static_cast<double>(clock_.monotonic_ns() - before) / 1e9;
  const Status stored = store_round(now, answer, seconds);
  rounds_.add();
  if (!answer) failures_.add();
  series_.set(static_cast<double>(sink_.live() + slow_sink_.live()));
  tell(answer);
  cpu_seconds_.add(thread_cpu_seconds() - cpu_before);
  const std::lock_guard lock(mutex_);
  status_.up = answer.has_value();
  status_.last_error = answer ? "" : answer.error().message();
  status_.problems = source_->problems();
  status_.last_round_ms = now;
  status_.duration_seconds = seconds;
  status_.series = sink_.live() + slow_sink_.live();
  return stored ? std::exchange(slow_stored_, ok()) : stored;
}

CollectorStatus TargetCollector::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void TargetCollector::start() {
  const std::lock_guard lock(mutex_);
  if (thread_.joinable() || stopping_) return;
  thread_ = std::thread([this] { run(); });
}

void TargetCollector::request_stop() {
  cancelled_.store(true);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
}

void TargetCollector::stop() {
  request_stop();
  if (thread_.joinable()) thread_.join();
}

void TargetCollector::end() {
  const TimestampMs now = clock_.now_ms();
  (void)sink_.end(now);
  (void)slow_sink_.end(now);
  query_texts_.erase_target(name_);
  series_.set(0);
}

// Rounds on multiples of the interval; one that was missed is counted and not made up for.
void TargetCollector::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const TimestampMs round = clock_.now_ms() / target_.interval_ms;
    lock.unlock();
    if (const Status status = collect(); !status) {
      logger_.warn("collector: samples not stored", {{"target", name_}, {"error", status.error().message()}});
    }
    lock.lock();
    const TimestampMs now = clock_.now_ms();
    if (const TimestampMs missed = now / target_.interval_ms - round; missed > 0) {
      late_.add(static_cast<double>(missed));
    }
    const DurationMs wait = target_.interval_ms - now % target_.interval_ms;
    wakes_.wait_for(lock, std::chrono::milliseconds(wait), [this] { return stopping_; });
  }
}

}  // namespace trimtab
