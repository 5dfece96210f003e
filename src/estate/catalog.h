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
  kCounter,  // only grows, may reset: read as a rate per second
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
Result<SignalKind> parse_signal_kind(std::string_view text);

// One condition of an entry on a label's value: any of `any` (all when empty) and none of `none`.
// Both are glob patterns; an absent label has the value "".
struct LabelCondition {
  std::string label;
  std::vector<std::string> any;
  std::vector<std::string> none;
  bool holds(const Labels& series) const;
};

// What a metric means. Loaded from catalog/*.yaml (format: docs/formats/catalog.md).
struct Signal {
  std::string metric;                 // the name or pattern it was declared for; the name when inferred
  std::vector<LabelCondition> where;  // all must hold
  std::string source_file;            // where it was declared: "host.yaml:12"; "" when inferred
  std::string title;                  // "CPU time by mode"
  std::string domain;  // web mobile service data_pipeline database cache queue infrastructure business
                       // delivery energy
  std::string aspect;  // traffic latency errors saturation utilisation capacity satisfaction cost kpi
                       // availability information
  // Of the value as it is read: "seconds", "bytes", "ratio", "percent", ...; of a counter that of its
  // rate: "bytes/s", "requests/s", "ratio" (seconds per second).
  std::string unit;
  SignalKind kind = SignalKind::kUnknown;
  WorseDirection worse = WorseDirection::kUnknown;
  std::string entity_kind;  // "host", "service", ...
  // Their values, joined by "/", name the entity. "a|b" means the first of the labels a and b that is there.
  std::vector<std::string> entity_labels;
  // A known limit of the value: a constant, or another metric whose series has the same labels.
  // worse up: the value is used up at the limit. worse down: the value is what is left of the limit,
  // used up at 0; the used share is 1 - value / limit.
  std::optional<double> limit_value;
  std::string limit_metric;
  double saturation_at = 0.9;  // share of the limit that counts as saturated
  std::string expression;      // optional PromQL
  bool inferred = false;       // no entry knew it: kind and direction guessed from name and data
  bool watch = true;           // false: known to be noise (build info, timestamps)
};

// Entries of the signal catalogue. Immutable once loaded; thread-safe; cheap to copy.
// Which entry speaks for a series: an exact name before a pattern; of patterns the one with the longest
// text before its first '*', then the most text at all; of those the one with the most conditions that
// hold. Entries of kind histogram or summary speak for their _bucket, _sum and _count too: there _count
// comes back as a counter of aspect traffic.
class Catalog {
 public:
  // The entries built into the binary plus those of each directory (*.yaml and *.yml by name; later
  // directories win over the same name and conditions). Errors name file and line.
  static Result<Catalog> load(const std::vector<std::string>& directories);
  // Only these entries, none built in; for check and tests.
  static Result<Catalog> load_text(std::string_view yaml, std::string_view file_name);

  // The entry for a series, else one inferred from its name, metadata and labels (never fails).
  Signal find(const Labels& series, const MetricMetadata* metadata = nullptr) const;
  // The entry itself, or nothing. `metric` decides about patterns, `series` about conditions.
  const Signal* find_entry(std::string_view metric, const Labels& series) const;
  const std::vector<Signal>& entries() const;

  static constexpr std::size_t kEntriesMax = 100'000;
  static constexpr std::size_t kFilesPerDirectoryMax = 1'000;

 private:
  struct Index;
  static Result<Catalog> create(std::vector<Signal> entries);
  std::shared_ptr<const Index> index_;
};

// Guesses kind, unit and direction from Prometheus naming habits (_total, _seconds, _bytes, _ratio,
// _bucket, "error", "latency", ...) and metadata.
Signal infer_signal(const Labels& series, const MetricMetadata* metadata);

}  // namespace trimtab
