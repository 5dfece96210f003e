// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <vector>

#include "base/labels.h"
#include "base/metrics.h"
#include "ingest/classic_buckets.h"

namespace trimtab {

// What a delta stream has added up to.
struct DeltaTotal {
  double sum = 0;    // of a number's values, or of a histogram's observations
  double count = 0;  // of a histogram's observations
  std::vector<ClassicBucket> buckets;
};

// Adds delta points up into the cumulative series that Prometheus knows. A stream's sum starts at 0
// with its first point here; a restart of this process starts it again, which reads as a counter
// reset. Bounded: at `streams_max` the stream that was quiet longest is forgotten (and would start at
// 0 again), counted in trimtab_otlp_delta_streams_evicted_total. Thread-safe.
class DeltaSums {
 public:
  DeltaSums(Metrics& metrics, std::size_t streams_max);

  // Takes the points of one request; undoes them unless told to keep them, so that a request the
  // store refused can be sent again. A stream that another request moved on meanwhile stays as it is.
  class Request {
   public:
    explicit Request(DeltaSums& sums) : sums_(sums) {}
    ~Request();
    Request(const Request&) = delete;
    Request& operator=(const Request&) = delete;

    // The stream's total with this point in it; nothing when the point does not follow the last one:
    // its time is not later, or its start lies before the last point's time.
    std::optional<DeltaTotal> add(const LabelsHash& stream, std::uint64_t start_ns, std::uint64_t time_ns,
                                  const DeltaTotal& delta);
    void keep() { undo_.clear(); }

   private:
    struct Before {
      LabelsHash stream;
      std::uint64_t version = 0;  // that our write gave it
      std::uint64_t version_before = 0;
      bool existed = false;
      std::uint64_t last_ns = 0;
      DeltaTotal total;
    };
    DeltaSums& sums_;
    std::vector<Before> undo_;
  };

 private:
  struct Stream {
    LabelsHash key;
    std::uint64_t last_ns = 0;
    std::uint64_t version = 0;
    DeltaTotal total;
  };
  using Streams = std::list<Stream>;  // newest first

  Streams::iterator find_or_create(const LabelsHash& key, bool& existed);

  const std::size_t streams_max_;
  Counter& evicted_;
  Gauge& streams_;
  std::mutex mutex_;
  Streams order_;
  boost::unordered_flat_map<LabelsHash, Streams::iterator, std::hash<LabelsHash>> by_key_;
  std::uint64_t next_version_ = 1;
};

}  // namespace trimtab
