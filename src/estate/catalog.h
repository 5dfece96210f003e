// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/result.h"
#include "ledger/records.h"
#include "store/store.h"

namespace trimtab {

// How the numbers of a metric behave, and so how to read them.
enum class SignalKind {
  kUnknown,
  kCounter,    // only grows, may reset: read as a rate per second
  kGauge,
  kRatio,      // 0..1 (or 0..100 with unit percent)
  kLatency,    // a duration per operation, already aggregated (mean, quantile)
  kHistogram,  // _bucket/_sum/_count family
  kSummary,
  kTimestamp,  // Unix seconds of something: its age matters, not its value
  kState,      // few distinct values (up, status)
  kConstant,   // information, configuration
};
std::string_view to_string(SignalKind kind);

// What a metric means. Loaded from catalog/*.yaml (format: docs/formats/catalog.md).
struct Signal {
  std::string metric;              // the name or pattern it was declared for
  std::string source_file;         // where it was declared
  std::string title;               // "CPU time by mode"
  std::string domain;              // web mobile service data_pipeline database cache queue infrastructure business delivery energy
  std::string aspect;              // traffic latency errors saturation utilisation capacity satisfaction cost kpi availability information
  std::string unit;                // of the metric as read: seconds, bytes, ratio, percent, ...; per second after a rate
  SignalKind kind = SignalKind::kUnknown;
  WorseDirection worse = WorseDirection::kUnknown;
  std::string entity_kind;         // "host", "service", ...
  std::vector<std::string> entity_labels;   // their values, joined by "/", name the entity
  // A known limit of the value: a constant, or another metric with the same entity labels.
  std::optional<double> limit_value;
  std::string limit_metric;
  double saturation_at = 0.9;      // share of the limit that counts as saturated
  std::string expression;          // optional PromQL
  bool inferred = false;           // no entry knew it: kind and direction guessed from name and data
  bool watch = true;               // false: known to be noise (build info, timestamps)
};

// Entries of the signal catalogue. Immutable once loaded; thread-safe.
class Catalog {
 public:
  // The entries built into the binary plus those of each directory (later directories win).
  // Errors name file and line.
  static Result<Catalog> load(const std::vector<std::string>& directories);
  static Result<Catalog> load_text(std::string_view yaml, std::string_view file_name);  // for check and tests

  // The entry for a series, else one inferred from its name, metadata and labels (never fails).
  Signal find(const Labels& series, const MetricMetadata* metadata = nullptr) const;
  const std::vector<Signal>& entries() const { return entries_; }

 private:
  std::vector<Signal> entries_;
  struct Index;
  std::shared_ptr<const Index> index_;
};

// Guesses kind, unit and direction from Prometheus naming habits (_total, _seconds, _bytes, _ratio,
// _bucket, "error", "latency", ...) and metadata.
Signal infer_signal(const Labels& series, const MetricMetadata* metadata);

}  // namespace trimtab
