// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "store/remote_store.h"
#include "store/remote_store_series.h"

namespace trimtab {

// The queue before a remote engine and the one thread that empties it. Thread-safe.
class RemoteSender {
 public:
  RemoteSender(const RemoteStoreOptions& options, const RemoteSeriesTable& series, const Clock& clock,
               Metrics& metrics, Logger& logger);
  // Sends on for at most close_timeout_ms; what is left then is lost, counted and logged.
  ~RemoteSender();
  RemoteSender(const RemoteSender&) = delete;
  RemoteSender& operator=(const RemoteSender&) = delete;

  // All or nothing. Errors: kUnavailable when the queue has no room, or while closing.
  Status push(std::span<const Sample> samples);
  void push_metadata(std::string_view family, const MetricMetadata& metadata);
  // Waits until what was pushed before is sent. Errors: kTimeout; kInvalid when the engine refused samples
  // for good since the last flush.
  Status flush();
  // "" when push() would take something.
  std::string refusal() const;

  static constexpr std::size_t kMetadataMax = 20'000;  // families waiting to be told

 private:
  struct Attempt {
    enum class Fate { kSent, kRetry, kDrop } fate = Fate::kRetry;
    DurationMs wait_ms = 0;  // asked for by the engine; 0: our own backoff
    std::string error = {};
  };
  void run();
  std::string build_request(std::vector<Sample>& samples,
                            const std::map<std::string, MetricMetadata>& metadata) const;
  Attempt attempt(HttpClient& client, const std::string& body) const;
  void send_until_settled(HttpClient& client, const std::string& body, std::size_t samples);
  DurationMs backoff_ms(std::uint64_t tries) const;

  const RemoteStoreOptions options_;
  const RemoteSeriesTable& series_;
  const Clock& clock_;
  Logger& logger_;
  Counter& sent_;
  Counter& dropped_;
  Counter& lost_;
  Counter& retries_;
  Counter& refused_;
  Gauge& waiting_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Sample> queue_;
  std::map<std::string, MetricMetadata> metadata_;
  std::uint64_t pushed_ = 0;   // samples ever pushed
  std::uint64_t settled_ = 0;  // of those, sent or dropped
  std::uint64_t dropped_since_flush_ = 0;
  std::string last_error_;
  bool closing_ = false;
  std::atomic<bool> cancelled_{false};
  std::thread thread_;
};

}  // namespace trimtab
