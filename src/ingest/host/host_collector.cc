// SPDX-License-Identifier: Apache-2.0
#include "ingest/host/host_collector.h"

#include <time.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace trimtab {
namespace {

double thread_cpu_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

Labels common_labels(const HostCollectorOptions& options) {
  return Labels{{"instance", options.instance.empty() ? own_host_name() : options.instance}, {"job", "host"}};
}

}  // namespace

std::string own_host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  return is_valid_utf8(name.data()) ? std::string(name.data()) : std::string("localhost");
}

HostCollector::HostCollector(HostCollectorOptions options, Store& store, Rejects& rejects, const Clock& clock,
                             Metrics& metrics, Logger& logger)
    : options_(std::move(options)),
      clock_(clock),
      logger_(logger),
      rounds_(metrics.counter("trimtab_host_rounds_total", "Rounds of the host collector.")),
      failures_(metrics.counter("trimtab_host_failures_total", "Rounds that the store refused.")),
      cpu_seconds_(metrics.counter("trimtab_host_cpu_seconds_total",
                                   "CPU time the host collector used, storing included.")),
      series_(metrics.gauge("trimtab_host_series", "Live series of the host collector.")),
      sink_(store, rejects, "host", common_labels(options_), options_.series_max) {
  sources_.push_back(create_kernel_source(options_.roots));
  sources_.push_back(create_disk_source(options_.roots, options_.filesystem_reader));
  sources_.push_back(create_network_source(options_.roots));
  sources_.push_back(create_cgroup_source(options_.roots, options_.cgroups_max));
  sources_.push_back(create_process_source(options_.roots, options_.process_groups_max));
}

HostCollector::~HostCollector() { stop(); }

Status HostCollector::collect() {
  const double before = thread_cpu_seconds();
  sink_.begin(clock_.now_ms());
  sink_.gauge("up", 1);
  sink_.gauge("node_time_seconds", static_cast<double>(clock_.now_ms()) / 1000);
  for (const auto& source : sources_) source->collect(sink_);
  const Status status = sink_.commit();
  rounds_.add();
  if (!status) failures_.add();
  series_.set(static_cast<double>(sink_.live()));
  cpu_seconds_.add(thread_cpu_seconds() - before);
  return status;
}

void HostCollector::start() {
  const std::lock_guard lock(mutex_);
  if (thread_.joinable() || stopping_) return;
  thread_ = std::thread([this] { run(); });
}

void HostCollector::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakes_.notify_all();
  if (thread_.joinable()) thread_.join();
}

// Rounds on multiples of the interval; one that was missed is not made up for.
void HostCollector::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    if (const Status status = collect(); !status) {
      logger_.warn("host: samples not stored", {{"error", status.error().message()}});
    }
    lock.lock();
    const DurationMs wait = options_.interval_ms - clock_.now_ms() % options_.interval_ms;
    wakes_.wait_for(lock, std::chrono::milliseconds(wait), [this] { return stopping_; });
  }
}

}  // namespace trimtab
