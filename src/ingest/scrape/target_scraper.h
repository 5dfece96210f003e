// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/http_client.h"
#include "base/rejects.h"
#include "ingest/exposition.h"
#include "ingest/scrape/scrape_target.h"
#include "store/store.h"

namespace trimtab {

// Bounds that hold whatever the configuration says.
struct ScrapeOptions {
  std::size_t workers_count_max = 32;      // scrapes at once; later ones wait and are counted as late
  std::size_t targets_count_max = 10'000;  // over all jobs; further targets are left out and counted
  std::size_t body_bytes_max = 64 << 20;   // of one answer, decoded
  std::size_t samples_max = 1'000'000;     // of one answer
  DurationMs discovery_poll_interval_ms = 5 * kSecondMs;  // how often file_sd files are looked at
};

// Where scraped samples go and how trouble is told. Everything outlives the scrapers.
struct ScrapeSinks {
  Store& store;
  Rejects& rejects;
  const Clock& clock;
  Counter& scrapes;
  Counter& failures;
  Counter& duplicates;
  const std::atomic<bool>* cancelled = nullptr;
};

enum class TargetHealth { kUnknown, kUp, kDown };
std::string_view to_string(TargetHealth health);  // Prometheus' words: "unknown", "up", "down"

struct TargetStatus {
  std::string job = {};
  Labels labels = {};
  LabelMap discovered = {};
  std::string url = {};  // without parameters
  TargetHealth health = TargetHealth::kUnknown;
  std::string last_error = {};
  TimestampMs last_scrape_ms = 0;  // 0: not yet
  double last_duration_seconds = 0;
  std::uint64_t last_samples = 0;
  DurationMs interval_ms = 0;
  DurationMs timeout_ms = 0;
};

// Fetches one target and turns the answer into samples. All of an answer is taken or nothing: bad text,
// a body, sample or label limit fail the scrape, `up` is 0 then and the series of the last good scrape get
// stale markers. A series that the store refuses (series bound, label bounds) costs only itself.
// scrape() and end() are confined to one thread at a time; the rest is thread-safe.
class TargetScraper {
 public:
  TargetScraper(ScrapeTarget target, std::shared_ptr<const ScrapeConfig> config, const ScrapeOptions& options,
                ScrapeSinks sinks);

  // One scrape with samples at time `at` (except where the target gives times that are honoured).
  void scrape(TimestampMs at);
  // The target is gone: stale markers for all it had.
  void end(TimestampMs at);
  // The next scrape works by these words. What is live stays live. With a refusal that is not "" every
  // scrape fails with it, without a request. Thread-safe.
  void reconfigure(std::shared_ptr<const ScrapeConfig> config, std::string refusal);

  const ScrapeTarget& target() const { return target_; }
  TargetStatus status() const;

 private:
  struct Row {
    LabelsHash key = {};
    SeriesId series = kNoSeries;  // kNoSeries: stands in fresh_, its id comes after the whole answer is read
    TimestampMs timestamp_ms = 0;
    double value = 0;
    bool tracked = true;
  };
  enum class Fate { kTaken, kDropped, kFresh };
  struct Known {
    SeriesId series = kNoSeries;  // of kTaken
    Fate fate = Fate::kFresh;
    std::uint64_t round = 0;  // last seen in
  };
  struct Fresh {
    LabelsHash key;
    Labels labels;
  };
  struct Seen {
    std::uint64_t round = 0;
    TimestampMs timestamp_ms = 0;
    double value = 0;
    bool tracked = false;
  };
  struct Outcome {
    std::uint64_t scraped = 0;
    std::uint64_t kept = 0;
    std::uint64_t added = 0;
  };

  Status begin();
  Result<HttpResponse> fetch();
  Status parse(const HttpResponse& response, TimestampMs at, Outcome& outcome);
  Status take_sample(const ExpositionSample& sample, TimestampMs at, Outcome& outcome);
  Result<Known> identify(const ExpositionSample& sample, const LabelsHash& key);
  Status check_label_limits(const LabelMap& labels) const;
  void take_metadata(const ExpositionParser& parser, ExpositionParser::Event event);
  Status resolve_fresh();
  void gather(Outcome& outcome);
  void drop_fresh();
  void add_stale_markers(TimestampMs at);
  void settle(bool good, const Status& stored);
  Status add_report(TimestampMs at, bool up, double seconds, const Outcome& outcome);
  Status append_batch();
  void forget_old_series();
  std::string source() const { return "scrape job=" + config_->job_name; }

  ScrapeTarget target_;
  std::shared_ptr<const ScrapeConfig> config_;
  ScrapeOptions options_;
  ScrapeSinks sinks_;
  HttpClient client_;

  std::uint64_t round_ = 1;       // of the scrape under way
  std::uint64_t live_round_ = 0;  // series seen in it have no stale marker yet; 0: none is live
  std::uint64_t good_round_ = 0;  // of the last scrape that went well
  std::unordered_map<LabelsHash, Known> known_;   // by the bytes that spell the series
  std::unordered_map<std::uint32_t, Seen> seen_;  // by SeriesId
  std::map<std::string, MetricMetadata, std::less<>> metadata_;
  std::set<std::string> metadata_changed_;
  std::vector<SeriesId> report_;
  std::vector<Row> rows_;
  std::vector<Fresh> fresh_;
  std::vector<Sample> batch_;

  mutable std::mutex mutex_;
  TargetStatus status_;                              // guarded by mutex_
  std::shared_ptr<const ScrapeConfig> next_config_;  // guarded by mutex_
  std::string refusal_;                              // guarded by mutex_
};

}  // namespace trimtab
