// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "estate/catalog.h"
#include "estate/estate.h"
#include "ledger/records.h"
#include "store/store.h"

namespace trimtab::analyze {

inline constexpr std::uint32_t kNoMember = std::numeric_limits<std::uint32_t>::max();

enum class JobKind {
  kValue,       // a gauge as it is
  kRate,        // a counter per second
  kHistogram,   // a family of one entity: mean, p95, p99 and operations per second
  kErrorShare,  // failed operations of one entity and metric as a share of all
};

struct Member {
  std::uint32_t index = 0;  // in the SeriesSet
  char role = 'v';          // value; histogram: b(ucket), s(um), c(ount); error share: e(rror), o(k)
  double bound = 0;         // of a bucket
};

// One thing to read and judge. A series belongs to one job that covers it, and may help in others.
struct Job {
  JobKind kind = JobKind::kValue;
  Signal signal;
  EntityRef entity;
  Labels labels;  // of the series; derived: the metric and what all members share
  std::vector<Member> members;
  std::uint32_t limit_member = kNoMember;  // series that holds the limit
  std::string failure_selector;            // of an error share: code=~"500|503"
  bool covers = true;                      // counts its members in the coverage
};

struct Plan {
  std::vector<Job> jobs;
  std::uint64_t unwatched = 0;  // known to be noise (build info, timestamps)
};

// Sorts the series of a set into jobs: by the catalogue's kind, families by entity, limits by their
// metric. Deterministic: the order of jobs follows the order of the set.
Plan make_plan(const SeriesSet& set, const Catalog& catalog, const Estate& estate,
               const std::map<std::string, MetricMetadata>& metadata);

// How an operation ended, as its labels tell: the label that says so ("status", "outcome", "grpc_code"; empty
// when there is none) and whether its value means failure.
struct Outcome {
  std::string_view label;
  bool failed = false;
};
Outcome outcome_of(const Labels& labels);

}  // namespace trimtab::analyze
