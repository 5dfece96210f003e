// SPDX-License-Identifier: Apache-2.0
#include "ingest/scrape/scrape_manager.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace trimtab {
namespace {

constexpr DurationMs kWaitMaxMs = kSecondMs;  // a clock that is set back or forth is noticed within this

}  // namespace

ScrapeManager::ScrapeManager(ScrapeSettings settings, Store& store, Rejects& rejects, const Clock& clock,
                             Metrics& metrics, Logger& logger, ScrapeOptions options)
    : store_(store),
      rejects_(rejects),
      clock_(clock),
      logger_(logger),
      options_(options),
      scrapes_(metrics.counter("trimtab_scrapes_total", "Scrapes done, good or not.")),
      failures_(metrics.counter("trimtab_scrape_failures_total",
                                "Scrapes whose target gets up 0, or that the store refused.")),
      duplicates_(metrics.counter(
          "trimtab_scrape_duplicate_samples_total",
          "Samples left out because their series came before in the same answer with another value.")),
      late_(metrics.counter(
          "trimtab_scrape_late_total",
          "Scrape instants skipped because all workers were busy or the last scrape still ran.")),
      left_out_(metrics.counter("trimtab_scrape_targets_left_out_total",
                                "Targets left out: not valid, or over the bound on targets.")),
      discovery_failures_(
          metrics.counter("trimtab_scrape_discovery_failures_total", "Target files that could not be read.")),
      targets_gauge_(metrics.gauge("trimtab_scrape_targets", "Targets being scraped.")) {
  apply(std::move(settings));
}

ScrapeManager::~ScrapeManager() { stop(); }

ScrapeSinks ScrapeManager::sinks() {
  return {.store = store_,
          .rejects = rejects_,
          .clock = clock_,
          .scrapes = scrapes_,
          .failures = failures_,
          .duplicates = duplicates_,
          .cancelled = &cancelled_};
}

void ScrapeManager::apply(ScrapeSettings settings) {
  std::unique_lock lock(mutex_);
  jobs_.clear();
  for (ScrapeConfig& config : settings.jobs) {
    Job job;
    job.files = std::make_unique<FileDiscovery>(config.file_sd_configs);
    job.config = std::make_shared<const ScrapeConfig>(std::move(config));
    jobs_.push_back(std::move(job));
  }
  const TimestampMs now = clock_.now_ms();
  poll_files(now);
  rebuild(now);
  lock.unlock();
  end_gone();
}

bool ScrapeManager::poll_files(TimestampMs now) {
  bool changed = false;
  for (Job& job : jobs_) {
    const std::uint64_t before = job.files->failures();
    changed = job.files->poll(now, logger_) || changed;
    discovery_failures_.add(static_cast<double>(job.files->failures() - before));
  }
  next_poll_ms_ = now + options_.discovery_poll_interval_ms;
  return changed;
}

void ScrapeManager::poll_discovery() {
  std::unique_lock lock(mutex_);
  const TimestampMs now = clock_.now_ms();
  if (poll_files(now)) rebuild(now);
  lock.unlock();
  end_gone();
}

// Stale markers for targets that went, written without the lock.
void ScrapeManager::end_gone() {
  std::vector<std::shared_ptr<Entry>> gone;
  {
    const std::lock_guard lock(mutex_);
    gone.swap(gone_);
  }
  for (const auto& entry : gone) entry->scraper->end(clock_.now_ms());
}

// Makes entries_ what the jobs' groups say. Requires: mutex_ held.
void ScrapeManager::rebuild(TimestampMs now) {
  std::map<std::string, std::unique_ptr<TargetScraper>> wanted;
  dropped_.clear();
  for (const Job& job : jobs_) add_job_targets(job, wanted);
  std::set<std::string> keys;
  for (const auto& [key, scraper] : wanted) keys.insert(key);
  drop_missing(keys);
  for (auto& [key, scraper] : wanted) {
    if (!scraper) continue;  // an entry that stays
    auto entry = std::make_shared<Entry>();
    entry->offset_ms = hash_bytes(key).low % static_cast<std::uint64_t>(scraper->target().interval_ms);
    entry->scraper = std::move(scraper);
    schedule(key, *entry, now);
    entries_[key] = std::move(entry);
  }
  targets_gauge_.set(static_cast<double>(entries_.size()));
  if (started_) ensure_workers();
  leader_wakes_.notify_all();
}

void ScrapeManager::add_job_targets(const Job& job,
                                    std::map<std::string, std::unique_ptr<TargetScraper>>& wanted) {
  std::vector<TargetGroup> groups = job.config->static_configs;
  for (TargetGroup& group : job.files->groups()) groups.push_back(std::move(group));
  std::map<std::string, ScrapeTarget> targets;
  for (const TargetGroup& group : groups) {
    for (const std::string& address : group.targets) {
      auto target = build_target(*job.config, group.labels, address);
      if (!target) {
        left_out_.add();
        logger_.warn("scrape: target left out", {{"job", job.config->job_name},
                                                 {"target", redact_url(address)},
                                                 {"error", target.error().message()}});
      } else if (!*target) {
        LabelMap labels = group.labels;
        set_label(labels, "__address__", address);
        if (dropped_.size() < kDroppedShownMax)
          dropped_.emplace_back(job.config->job_name, std::move(labels));
      } else {
        targets.try_emplace(fmt::format("{}\n{}", job.config->job_name, (*target)->key()),
                            std::move(**target));
      }
    }
  }
  const std::uint64_t limit = job.config->target_limit;
  const std::string refusal =
      limit > 0 && targets.size() > limit
          ? fmt::format("target_limit of {} exceeded: the job has {} targets", limit, targets.size())
          : std::string();
  for (auto& [key, target] : targets) {
    if (wanted.size() >= options_.targets_count_max) {
      left_out_.add();
      logger_.warn("scrape: too many targets; some are left out",
                   {{"job", job.config->job_name}, {"targets_max", options_.targets_count_max}});
      continue;
    }
    const auto it = entries_.find(key);
    auto& slot = wanted[key];
    if (it == entries_.end())
      slot = std::make_unique<TargetScraper>(std::move(target), job.config, options_, sinks());
    (slot ? slot.get() : it->second->scraper.get())->reconfigure(job.config, refusal);
  }
}

void ScrapeManager::drop_missing(const std::set<std::string>& wanted) {
  for (auto it = entries_.begin(); it != entries_.end();) {
    if (wanted.contains(it->first)) {
      ++it;
      continue;
    }
    Entry& entry = *it->second;
    due_.erase({entry.due_ms, it->first});
    entry.gone = true;  // a running scrape ends it when it is done
    if (!entry.running) gone_.push_back(it->second);
    it = entries_.erase(it);
  }
}

// The first instant after `after`. Requires: mutex_ held.
void ScrapeManager::schedule(const std::string& key, Entry& entry, TimestampMs after) {
  const DurationMs interval = entry.scraper->target().interval_ms;
  const auto offset = static_cast<DurationMs>(entry.offset_ms);
  const DurationMs past = ((after - offset) % interval + interval) % interval;
  entry.due_ms = after - past + interval;
  due_.insert({entry.due_ms, key});
}

void ScrapeManager::start() {
  const std::lock_guard lock(mutex_);
  if (started_ || stopping_) return;
  started_ = true;
  ensure_workers();
}

// One worker more than targets can never help; one at least, for file_sd. Requires: mutex_ held.
void ScrapeManager::ensure_workers() {
  const std::size_t wanted =
      std::clamp<std::size_t>(entries_.size(), 1, std::max<std::size_t>(1, options_.workers_count_max));
  while (!stopping_ && workers_.size() < wanted) workers_.emplace_back([this] { work(); });
}

void ScrapeManager::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    cancelled_ = true;
  }
  leader_wakes_.notify_all();
  follower_wakes_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

// Leader and followers: one worker waits for the next instant, the others for becoming the leader.
void ScrapeManager::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (has_leader_) {
      follower_wakes_.wait(lock, [this] { return stopping_ || !has_leader_; });
      continue;
    }
    has_leader_ = true;
    const TimestampMs now = clock_.now_ms();
    if (now >= next_poll_ms_ && poll_files(now)) rebuild(now);
    const TimestampMs next = due_.empty() ? next_poll_ms_ : std::min(due_.begin()->first, next_poll_ms_);
    const bool idle = gone_.empty() && (due_.empty() || due_.begin()->first > now);
    if (idle)
      leader_wakes_.wait_for(lock,
                             std::chrono::milliseconds(std::clamp<DurationMs>(next - now, 1, kWaitMaxMs)));
    has_leader_ = false;
    if (stopping_ || idle) continue;  // still no follower awake: this worker leads again
    std::pair<std::string, std::shared_ptr<Entry>> taken;
    TimestampMs due = 0;
    if (!due_.empty() && due_.begin()->first <= now) {
      due = due_.begin()->first;
      taken = take_first();
    }
    follower_wakes_.notify_one();
    lock.unlock();
    end_gone();
    if (taken.second) run_entry(taken.first, *taken.second, due);
    lock.lock();
  }
}

// Requires: mutex_ held, due_ not empty.
std::pair<std::string, std::shared_ptr<ScrapeManager::Entry>> ScrapeManager::take_first() {
  const std::string key = due_.begin()->second;
  due_.erase(due_.begin());
  const std::shared_ptr<Entry> entry = entries_.at(key);
  entry->running = true;
  return {key, entry};
}

// Scrapes an entry that was taken from due_, without the lock, and schedules it again.
void ScrapeManager::run_entry(const std::string& key, Entry& entry, TimestampMs due) {
  // Instants a little late are stamped as planned (as Prometheus does): even spacing stores smaller.
  constexpr DurationMs kToleranceMs = 2;
  const TimestampMs now = clock_.now_ms();
  entry.scraper->scrape(now > due && now - due <= kToleranceMs ? due : now);
  std::unique_lock lock(mutex_);
  entry.running = false;
  if (entry.gone) {
    lock.unlock();
    entry.scraper->end(clock_.now_ms());
    return;
  }
  schedule(key, entry, std::max(due, clock_.now_ms()));
  const DurationMs interval = entry.scraper->target().interval_ms;
  if (entry.due_ms > due + interval) late_.add(static_cast<double>((entry.due_ms - due) / interval - 1));
  leader_wakes_.notify_one();
}

std::size_t ScrapeManager::run_taken(bool all) {
  std::vector<std::tuple<std::string, std::shared_ptr<Entry>, TimestampMs>> taken;
  {
    const std::lock_guard lock(mutex_);
    const TimestampMs now = clock_.now_ms();
    if (now >= next_poll_ms_ && poll_files(now)) rebuild(now);
    while (!due_.empty() && (all || due_.begin()->first <= now)) {
      const TimestampMs due = all ? now : due_.begin()->first;
      auto [key, entry] = take_first();
      taken.emplace_back(std::move(key), std::move(entry), due);
    }
  }
  end_gone();
  for (const auto& [key, entry, due] : taken) run_entry(key, *entry, due);
  return taken.size();
}

std::size_t ScrapeManager::run_due() { return run_taken(false); }
std::size_t ScrapeManager::scrape_all() { return run_taken(true); }

std::vector<TargetStatus> ScrapeManager::targets() const {
  std::vector<TargetStatus> out;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [key, entry] : entries_) out.push_back(entry->scraper->status());
  }
  std::ranges::sort(out, [](const TargetStatus& a, const TargetStatus& b) {
    return std::tie(a.job, a.labels, a.url) < std::tie(b.job, b.labels, b.url);
  });
  return out;
}

}  // namespace trimtab
