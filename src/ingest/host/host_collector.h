// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/rejects.h"
#include "ingest/host/host_source.h"
#include "store/store.h"

namespace trimtab {

// "localhost" when it has none, or none in UTF-8.
std::string own_host_name();

struct HostCollectorOptions {
  HostRoots roots = {};
  std::string instance = {};  // "": own_host_name()
  DurationMs interval_ms = 5 * kSecondMs;
  std::size_t process_groups_max =
      20;  // process names shown at once; up to three times that with recent ones
  std::size_t cgroups_max = 128;
  std::size_t series_max = 10'000;
  FilesystemReader filesystem_reader = &read_filesystem_space;
};

// Samples the machine it runs on, under node_exporter's names, with the labels instance and job="host".
// What each series means and which bounds hold: docs/host-metrics.md.
// Threads: one of its own between start() and stop(); collect() is for tests and may not meet a started one.
class HostCollector {
 public:
  HostCollector(HostCollectorOptions options, Store& store, Rejects& rejects, const Clock& clock,
                Metrics& metrics, Logger& logger);
  ~HostCollector();
  HostCollector(const HostCollector&) = delete;
  HostCollector& operator=(const HostCollector&) = delete;

  void start();
  void stop();  // idempotent; writes no stale markers: a restart is not an end

  // One round now. Errors: the store refused the samples.
  Status collect();

 private:
  void run();

  const HostCollectorOptions options_;
  const Clock& clock_;
  Logger& logger_;
  Counter& rounds_;
  Counter& failures_;
  Counter& cpu_seconds_;
  Gauge& series_;
  SeriesSink sink_;
  std::vector<std::unique_ptr<HostSource>> sources_;

  std::mutex mutex_;
  std::condition_variable wakes_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace trimtab
