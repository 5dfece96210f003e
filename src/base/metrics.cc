// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <fmt/format.h>

#include "base/check.h"

namespace trimtab {
namespace {

std::string series(std::string_view name, const Labels& labels, std::string_view le = {}) {
  std::string body;
  for (const Label& label : labels.items()) {
    if (!body.empty()) body += ',';
    body += label.name + '=' + quote_label_value(label.value);
  }
  if (!le.empty()) body += fmt::format("{}le=\"{}\"", body.empty() ? "" : ",", le);
  return body.empty() ? std::string(name) : fmt::format("{}{{{}}}", name, body);
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::observe(double value) {
  std::size_t i = 0;
  while (i < bounds_.size() && value > bounds_[i]) ++i;
  counts_[i].fetch_add(1, std::memory_order_relaxed);
  sum_.fetch_add(value, std::memory_order_relaxed);
}

Metrics::Instrument& Metrics::ensure(std::string_view name, std::string_view help, std::string_view type,
                                     const Labels& labels) {
  auto [it, inserted] = families_.try_emplace(std::string(name));
  if (inserted) {
    it->second.help = help;
    it->second.type = type;
  }
  CHECK(it->second.type == type, "metric {} is a {}, not a {}", name, it->second.type, type);
  return it->second.instruments[labels];
}

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  Instrument& instrument = ensure(name, help, "counter", labels);
  if (!instrument.counter) instrument.counter = std::make_unique<Counter>();
  return *instrument.counter;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::lock_guard lock(mutex_);
  Instrument& instrument = ensure(name, help, "gauge", labels);
  if (!instrument.gauge) instrument.gauge = std::make_unique<Gauge>();
  return *instrument.gauge;
}

void Metrics::gauge_function(std::string_view name, std::string_view help, const Labels& labels,
                             std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  ensure(name, help, "gauge", labels).read = std::move(read);
}

void Metrics::counter_function(std::string_view name, std::string_view help, const Labels& labels,
                               std::function<double()> read) {
  const std::lock_guard lock(mutex_);
  ensure(name, help, "counter", labels).read = std::move(read);
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, const Labels& labels,
                              std::vector<double> bounds) {
  const std::lock_guard lock(mutex_);
  Instrument& instrument = ensure(name, help, "histogram", labels);
  if (!instrument.histogram) {
    if (bounds.empty()) bounds = {.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60};
    instrument.histogram = std::make_unique<Histogram>(std::move(bounds));
  }
  return *instrument.histogram;
}

std::string Metrics::expose() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, family.help, name, family.type);
    for (const auto& [labels, instrument] : family.instruments) {
      if (instrument.histogram) {
        const Histogram& h = *instrument.histogram;
        std::uint64_t cumulative = 0;
        for (std::size_t i = 0; i < h.counts_.size(); ++i) {
          cumulative += h.counts_[i].load(std::memory_order_relaxed);
          const std::string le = i < h.bounds_.size() ? fmt::format("{}", h.bounds_[i]) : "+Inf";
          out += fmt::format("{} {}\n", series(name + "_bucket", labels, le), cumulative);
        }
        out += fmt::format("{} {}\n", series(name + "_sum", labels), h.sum_.load(std::memory_order_relaxed));
        out += fmt::format("{} {}\n", series(name + "_count", labels), cumulative);
        continue;
      }
      const double value = instrument.read      ? instrument.read()
                           : instrument.counter ? instrument.counter->value()
                                                : instrument.gauge->value();
      out += fmt::format("{} {}\n", series(name, labels), value);
    }
  }
  return out;
}

}  // namespace trimtab
