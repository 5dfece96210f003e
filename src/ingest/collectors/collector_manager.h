// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ingest/collectors/query_texts.h"
#include "ingest/collectors/target_collector.h"

namespace trimtab {

// The collectors of all targets that `collectors:` names, one thread each (at most kTargetsMax). What each
// kind gives: docs/collectors.md. Thread-safe; a call may wait for a question to a target to end.
class CollectorManager {
 public:
  CollectorManager(std::vector<Target> targets, Store& store, Rejects& rejects, const Clock& clock,
                   Metrics& metrics, Logger& logger);
  ~CollectorManager();

  void start();
  void stop();  // idempotent
  // Other targets from now on: those that stay the same go on undisturbed, the series of those that go end.
  void apply(std::vector<Target> targets);

  std::vector<CollectorStatus> statuses() const;  // in order of the configuration
  const QueryTexts& query_texts() const { return query_texts_; }

 private:
  std::unique_ptr<TargetCollector> create(Target target);

  Store& store_;
  Rejects& rejects_;
  const Clock& clock_;
  Metrics& metrics_;
  Logger& logger_;
  QueryTexts query_texts_;

  mutable std::mutex mutex_;
  std::vector<std::unique_ptr<TargetCollector>> collectors_;
  bool started_ = false;
};

}  // namespace trimtab
