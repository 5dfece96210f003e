// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/rejects.h"
#include "ingest/scrape/file_discovery.h"
#include "ingest/scrape/scrape_config.h"
#include "ingest/scrape/target_scraper.h"
#include "store/store.h"

namespace trimtab {

// Keeps the targets of all jobs and scrapes each at its interval:
//
//   ScrapeManager manager(settings, store, rejects, clock, metrics, logger);
//   manager.start();   ...   manager.stop();
//
// A target's scrapes fall on (n * interval + offset), the offset being a hash of the target: load is
// spread, and the same target has the same instants after a restart. A scrape that is still running when
// its next instant comes skips that instant (trimtab_scrape_late_total counts it).
//
// Threads: as many workers as targets, at most workers_count_max, of which one at a time waits for the
// next due target. Tests use run_due() or scrape_all() instead of start(), in their own thread.
// Thread-safe, except that run_due(), scrape_all() and poll_discovery() may not meet start()ed workers.
class ScrapeManager {
 public:
  ScrapeManager(ScrapeSettings settings, Store& store, Rejects& rejects, const Clock& clock, Metrics& metrics,
                Logger& logger, ScrapeOptions options = {});
  ~ScrapeManager();
  ScrapeManager(const ScrapeManager&) = delete;
  ScrapeManager& operator=(const ScrapeManager&) = delete;

  void start();
  // Running scrapes are cancelled. No stale markers are written: a restart is not an end. Idempotent.
  void stop();
  // Other jobs from now on. Targets that stay the same keep their series alive; those that go get stale
  // markers.
  void apply(ScrapeSettings settings);

  // Scrapes every target whose instant has come by the clock; returns how many. In order of instant.
  std::size_t run_due();
  // Scrapes every target now, whatever its instant.
  std::size_t scrape_all();
  // Looks at the file_sd files now.
  void poll_discovery();

  // By job, then labels.
  std::vector<TargetStatus> targets() const;
  // The "data" member of Prometheus' /api/v1/targets: {"activeTargets": [...], "droppedTargets": [...]}.
  // URLs come without parameters, and values of __param_ labels are hidden.
  std::string targets_json() const;

  static constexpr std::size_t kDroppedShownMax = 1000;

 private:
  struct Job {
    std::shared_ptr<const ScrapeConfig> config;
    std::unique_ptr<FileDiscovery> files;
  };
  struct Entry {
    std::unique_ptr<TargetScraper> scraper;
    TimestampMs due_ms = 0;
    std::uint64_t offset_ms = 0;
    bool running = false;
    bool gone = false;
  };
  using Due = std::pair<TimestampMs, std::string>;  // instant, key of the entry

  void rebuild(TimestampMs now);
  void add_job_targets(const Job& job, std::map<std::string, std::unique_ptr<TargetScraper>>& wanted);
  void drop_missing(const std::set<std::string>& wanted);
  void schedule(const std::string& key, Entry& entry, TimestampMs after);
  void ensure_workers();
  void work();
  void run_entry(const std::string& key, Entry& entry, TimestampMs due);
  std::pair<std::string, std::shared_ptr<Entry>> take_first();
  std::size_t run_taken(bool all);
  void end_gone();
  bool poll_files(TimestampMs now);
  ScrapeSinks sinks();

  Store& store_;
  Rejects& rejects_;
  const Clock& clock_;
  Logger& logger_;
  const ScrapeOptions options_;
  Counter& scrapes_;
  Counter& failures_;
  Counter& duplicates_;
  Counter& late_;
  Counter& left_out_;
  Counter& discovery_failures_;
  Gauge& targets_gauge_;

  mutable std::mutex mutex_;
  std::condition_variable leader_wakes_;
  std::condition_variable follower_wakes_;
  std::vector<Job> jobs_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
  std::vector<std::pair<std::string, LabelMap>> dropped_;  // job, labels before relabelling
  std::set<Due> due_;
  std::vector<std::shared_ptr<Entry>> gone_;  // dropped, their stale markers not yet written
  TimestampMs next_poll_ms_ = 0;
  bool started_ = false;
  bool stopping_ = false;
  bool has_leader_ = false;
  std::atomic<bool> cancelled_{false};
  std::vector<std::thread> workers_;
};

}  // namespace trimtab
