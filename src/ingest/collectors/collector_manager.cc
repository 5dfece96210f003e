// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/collector_manager.h"

#include <algorithm>

namespace trimtab {

CollectorManager::CollectorManager(std::vector<Target> targets, Store& store, Rejects& rejects,
                                   const Clock& clock, Metrics& metrics, Logger& logger)
    : store_(store), rejects_(rejects), clock_(clock), metrics_(metrics), logger_(logger) {
  for (Target& target : targets) collectors_.push_back(create(std::move(target)));
}

CollectorManager::~CollectorManager() { stop(); }

std::unique_ptr<TargetCollector> CollectorManager::create(Target target) {
  const TargetCollector::Sinks sinks{store_, rejects_, clock_, metrics_, logger_, query_texts_};
  return std::make_unique<TargetCollector>(std::move(target), sinks);
}

void CollectorManager::start() {
  const std::lock_guard lock(mutex_);
  started_ = true;
  for (const auto& collector : collectors_) collector->start();
}

void CollectorManager::stop() {
  const std::lock_guard lock(mutex_);
  started_ = false;
  for (const auto& collector : collectors_) collector->request_stop();
  for (const auto& collector : collectors_) collector->stop();
}

void CollectorManager::apply(std::vector<Target> targets) {
  const std::lock_guard lock(mutex_);
  auto old = std::exchange(collectors_, {});
  collectors_.resize(targets.size());
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto same = std::ranges::find_if(
        old, [&](const auto& one) { return one != nullptr && one->target() == targets[i]; });
    if (same != old.end()) collectors_[i] = std::move(*same);
  }
  std::erase(old, nullptr);
  for (const auto& collector : old) collector->request_stop();
  for (const auto& collector : old) {
    collector->stop();
    collector->end();
  }
  for (std::size_t i = 0; i < targets.size(); ++i) {
    if (collectors_[i] != nullptr) continue;
    collectors_[i] = create(std::move(targets[i]));
    if (started_) collectors_[i]->start();
  }
}

std::vector<CollectorStatus> CollectorManager::statuses() const {
  const std::lock_guard lock(mutex_);
  std::vector<CollectorStatus> out;
  for (const auto& collector : collectors_) out.push_back(collector->status());
  return out;
}

}  // namespace trimtab
