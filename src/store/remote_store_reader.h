// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/remote_store_api.h"

namespace trimtab {

// Samples of several series as they come in. Series that were not asked for are ignored.
class RemoteSamples {
 public:
  RemoteSamples(std::vector<Labels> wanted, std::uint64_t samples_max);

  // Index of these labels, or npos.
  std::size_t find(const Labels& labels) const;
  Status add(std::size_t index, TimestampMs time, double value);
  // Sorts by time where needed; of equal times the later one stays.
  void finish();

  const SampleBuffer& of(std::size_t index) const { return buffers_[index]; }
  std::uint64_t count() const { return count_; }

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

 private:
  std::vector<Labels> wanted_;
  std::unordered_multimap<LabelsHash, std::size_t> index_;
  std::vector<SampleBuffer> buffers_;
  const std::uint64_t samples_max_;
  std::uint64_t count_ = 0;
};

// Reads series, samples and names from the API of a Prometheus-compatible engine. Thread-safe.
class RemoteReader {
 public:
  RemoteReader(RemoteApi& api, const Clock& clock) : api_(api), clock_(clock) {}

  // Errors: kLimit when there are more than series_max.
  Result<std::vector<Labels>> series(const Matchers& matchers, TimeRange range, std::uint64_t series_max);
  Status samples(const Matchers& matchers, TimeRange range, RemoteSamples& out,
                 const std::atomic<bool>* cancelled);
  Result<std::vector<std::string>> names(const std::string& path, const Matchers& matchers, TimeRange range);
  Result<std::map<std::string, MetricMetadata>> metadata();

  // What a range that goes from the beginning to the end of time means here: 1970 to a day from now.
  TimeRange clamp(TimeRange range) const;

 private:
  Status load_exported(const std::string& selector, TimeRange range, RemoteSamples& out,
                       const std::atomic<bool>* cancelled);
  Status load_queried(const std::string& selector, TimeRange range, RemoteSamples& out,
                      const std::atomic<bool>* cancelled);

  RemoteApi& api_;
  const Clock& clock_;
};

}  // namespace trimtab
