// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"

namespace trimtab {

// Our own instruments, shown on /metrics. Names end in their unit (_bytes, _seconds, _total).
// An instrument is created once and lives as long as its registry; updates are lock-free.

class Counter {
 public:
  void add(double amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value, std::memory_order_relaxed); }
  void add(double amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  double value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<double> value_{0};
};

// Fixed buckets; observe() is a scan over about a dozen bounds and two atomic adds.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);

 private:
  friend class Metrics;
  std::vector<double> bounds_;
  std::vector<std::atomic<std::uint64_t>> counts_;
  std::atomic<double> sum_{0};
};

// Thread-safe. Asking twice for the same name and labels gives the same instrument.
class Metrics {
 public:
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  // A gauge or counter read at scrape time. The function must stay callable for the registry's life.
  void gauge_function(std::string_view name, std::string_view help, const Labels& labels,
                      std::function<double()> read);
  void counter_function(std::string_view name, std::string_view help, const Labels& labels,
                        std::function<double()> read);
  // Default bounds suit seconds from 0.5 ms to 60 s.
  Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {},
                       std::vector<double> bounds = {});

  // Prometheus text exposition format 0.0.4, families and series in sorted order.
  std::string expose() const;

 private:
  struct Instrument {
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> read;
  };
  struct Family {
    std::string help;
    std::string type;
    std::map<Labels, Instrument> instruments;
  };
  Instrument& ensure(std::string_view name, std::string_view help, std::string_view type, const Labels& labels);

  mutable std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace trimtab
