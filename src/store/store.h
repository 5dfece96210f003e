// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/labels.h"
#include "base/matcher.h"
#include "base/result.h"
#include "base/time.h"

namespace trimtab {

// Names one series inside one store. Dense, given in order of creation, never used again.
enum class SeriesId : std::uint32_t {};
inline constexpr SeriesId kNoSeries{std::numeric_limits<std::uint32_t>::max()};
inline constexpr std::uint32_t raw(SeriesId id) { return static_cast<std::uint32_t>(id); }

// One sample of one series. The value is any double, bit for bit, NaN payloads included: Prometheus'
// stale marker is the NaN with bits kStaleNanBits.
struct Sample {
  SeriesId series = kNoSeries;
  TimestampMs timestamp_ms = 0;
  double value = 0;
};

inline constexpr std::uint64_t kStaleNanBits = 0x7ff0000000000002;
double stale_marker();
bool is_stale_marker(double value);

// The samples of one series, sorted by time, times unique. Two arrays of equal length.
struct SampleBuffer {
  std::vector<TimestampMs> timestamps_ms;
  std::vector<double> values;

  std::size_t size() const { return timestamps_ms.size(); }
  void clear() {
    timestamps_ms.clear();
    values.clear();
  }
};

// What became of a batch. taken + duplicates + refused == samples given.
struct AppendOutcome {
  std::uint64_t taken = 0;             // new samples, overwrites included
  std::uint64_t duplicates = 0;        // same series, time and value: already there, nothing to do
  std::uint64_t overwritten = 0;       // same series and time, another value: the last write won (part of taken)
  std::uint64_t out_of_order = 0;      // older than the newest of their series (part of taken)
  std::uint64_t future_refused = 0;    // further ahead than StoreLimits::future_max_ms
  std::uint64_t too_old_refused = 0;   // older than retention, or than the out-of-order window where one is set
  std::uint64_t invalid_refused = 0;   // outside kTimestampMin..kTimestampMax, or an unknown series
};

// Named bounds of a store; each refusal is counted under its name on /metrics.
struct StoreLimits {
  std::uint64_t series_count_max = 10'000'000;
  LabelLimits labels;
  std::size_t batch_samples_max = 1'000'000;
  DurationMs future_max_ms = 10 * kMinuteMs;          // clock skew allowance
  std::uint64_t query_samples_max = 200'000'000;      // samples decoded for one read
  std::uint64_t query_series_max = 1'000'000;
};

// Limits of one read. `cancelled`, when set, is polled between series.
struct ReadOptions {
  std::uint64_t samples_max = 0;  // 0: the store's own limit
  std::uint64_t series_max = 0;   // 0: the store's own limit
  const std::atomic<bool>* cancelled = nullptr;
};

// A frozen answer to "which series match, and what do they hold": labels and samples stay readable and
// unchanged by later writes of new series; samples written after creation may or may not be seen.
// Thread-safe for reading: workers read different (or the same) indices at once, each with its own
// buffer. Indices run from 0 to size() - 1 in order of SeriesId.
class SeriesSet {
 public:
  virtual ~SeriesSet() = default;
  virtual std::size_t size() const = 0;
  virtual SeriesId id(std::size_t index) const = 0;
  virtual Labels labels(std::size_t index) const = 0;
  // Replaces the buffer's content by the series' samples in `range` (both ends inside). One decode.
  // Stale markers are samples like others. Errors: kCorrupt names the chunk (the other series stay
  // readable), kLimit when the set's total of decoded samples would pass its bound, kCancelled.
  virtual Status read(std::size_t index, TimeRange range, SampleBuffer& out) const = 0;
};

// How the samples of one step become one cell of a matrix. A step's cell at time t covers (t - step, t].
enum class Align {
  kLast,   // the newest sample; stale markers count as no value
  kMean,
  kMin,
  kMax,
  kSum,
  kCount,
  kIncrease,  // counter increase inside the step, resets added up; first sample against the one before
};

// Dense rows of cells, one row per series, row-major: cell(row, column) = values[row * columns + column].
// Column c stands for time start_ms + c * step_ms. Cells without samples are NaN, (kCount: 0).
struct Matrix {
  TimestampMs start_ms = 0;
  DurationMs step_ms = 0;
  std::size_t columns = 0;
  std::vector<SeriesId> series;   // one per row
  std::vector<Labels> labels;     // one per row
  std::vector<double> values;
  std::size_t rows() const { return series.size(); }
  std::span<const double> row(std::size_t index) const { return {values.data() + index * columns, columns}; }
};

enum class MetricType { kUnknown, kCounter, kGauge, kHistogram, kGaugeHistogram, kSummary, kInfo, kStateSet };
std::string_view to_string(MetricType type);  // Prometheus' words: "counter", "gaugehistogram", "unknown", ...
MetricType parse_metric_type(std::string_view text);

struct MetricMetadata {
  MetricType type = MetricType::kUnknown;
  std::string help;
  std::string unit;
  friend bool operator==(const MetricMetadata&, const MetricMetadata&) = default;
};

struct StoreStats {
  std::uint64_t series = 0;
  std::uint64_t samples = 0;            // stored, as far as known without a scan
  std::uint64_t chunks = 0;
  std::uint64_t disk_bytes = 0;         // everything in the data directory
  std::uint64_t memory_bytes = 0;       // index and heads
  std::optional<TimestampMs> oldest_ms;
  std::optional<TimestampMs> newest_ms;
};

// Where samples live. Two halves: EmbeddedStore (this machine's data directory) and RemoteStore (any
// Prometheus-compatible engine). All methods are thread-safe.
class Store {
 public:
  virtual ~Store() = default;

  // --- writing ---------------------------------------------------------------------------------
  // Writers turn label sets into ids once and then write ids. resolve() is the fast path: `keys` are
  // hashes of whatever bytes spelled the label set on the wire (remember_key tied them to a series
  // before); unknown ones come back as kNoSeries. out.size() == keys.size(). Returns the misses.
  virtual std::size_t resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out) = 0;
  // The series of these labels, created when new. Errors: kLimit at the series bound, kInvalid for an
  // empty set, kUnavailable when the store takes no writes.
  virtual Result<SeriesId> ensure_series(const Labels& labels) = 0;
  // Bounded cache (least recently confirmed go first); forgetting costs time, never correctness.
  virtual void remember_key(const LabelsHash& key, SeriesId id) = 0;
  // Durable as the store's durability setting says when it returns. All-or-nothing on error
  // (kUnavailable: disk full or shutting down; kLimit: batch too large; kIo). Samples that are refused
  // one by one are counted in the outcome instead. Order within a batch: later samples win.
  virtual Result<AppendOutcome> append(std::span<const Sample> batch) = 0;
  virtual Status set_metadata(std::string_view metric, const MetricMetadata& metadata) = 0;

  // --- reading ---------------------------------------------------------------------------------
  // Series that match all matchers and may hold samples in `range`.
  virtual Result<std::unique_ptr<SeriesSet>> select(const Matchers& matchers, TimeRange range,
                                                    const ReadOptions& options = {}) = 0;
  // Cells at range.from, range.from + step, ... <= range.to.
  virtual Result<Matrix> aligned(const Matchers& matchers, TimeRange range, DurationMs step, Align align,
                                 const ReadOptions& options = {}) = 0;
  // Sorted, unique; only of series that match (all when empty).
  virtual Result<std::vector<std::string>> label_names(const Matchers& matchers, TimeRange range) = 0;
  virtual Result<std::vector<std::string>> label_values(std::string_view name, const Matchers& matchers,
                                                        TimeRange range) = 0;
  virtual std::map<std::string, MetricMetadata> metadata() = 0;

  // --- keeping ---------------------------------------------------------------------------------
  // Deletes the matching series' samples in the range (whole series when the range holds all of
  // them). Returns the number of series touched. Errors: kInvalid where the engine can not delete.
  virtual Result<std::uint64_t> remove(const Matchers& matchers, TimeRange range) = 0;
  // Everything acknowledged so far is on the disk (or taken by the remote) when it returns.
  virtual Status flush() = 0;
  virtual StoreStats stats() = 0;
  virtual const StoreLimits& limits() const = 0;
  // "" when writes are taken, else why not ("disk full: 12 MiB free, floor 256 MiB").
  virtual std::string write_refusal() = 0;
};

}  // namespace trimtab
