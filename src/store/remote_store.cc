// SPDX-License-Identifier: Apache-2.0
#include "store/remote_store.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <limits>

#include "store/codec/align.h"
#include "store/remote_store_api.h"
#include "store/remote_store_reader.h"
#include "store/remote_store_sender.h"
#include "store/remote_store_series.h"

namespace trimtab {
namespace {

// Labels at once, samples with the first read of any of them.
class RemoteSeriesSet final : public SeriesSet {
 public:
  RemoteSeriesSet(RemoteReader& reader, Matchers matchers, TimeRange range, std::uint64_t samples_max,
                  const std::atomic<bool>* cancelled, std::vector<std::pair<SeriesId, Labels>> series)
      : reader_(reader),
        matchers_(std::move(matchers)),
        range_(range),
        cancelled_(cancelled),
        series_(std::move(series)),
        samples_(labels_of(series_), samples_max) {}

  std::size_t size() const override { return series_.size(); }
  SeriesId id(std::size_t index) const override { return series_[index].first; }
  Labels labels(std::size_t index) const override { return series_[index].second; }

  Status read(std::size_t index, TimeRange range, SampleBuffer& out) const override {
    out.clear();
    if (cancelled_ && cancelled_->load()) return fail(ErrorCode::kCancelled, "the read was cancelled");
    TRY(ensure_loaded());
    const SampleBuffer& all = samples_.of(index);
    const auto first = std::ranges::lower_bound(all.timestamps_ms, range.from);
    const auto last = std::ranges::upper_bound(all.timestamps_ms, range.to);
    if (first >= last) return ok();
    const auto offset = first - all.timestamps_ms.begin();
    out.timestamps_ms.assign(first, last);
    out.values.assign(all.values.begin() + offset, all.values.begin() + offset + (last - first));
    return ok();
  }

 private:
  static std::vector<Labels> labels_of(const std::vector<std::pair<SeriesId, Labels>>& series) {
    std::vector<Labels> out;
    for (const auto& [id, labels] : series) out.push_back(labels);
    return out;
  }
  // The first caller loads, the others wait for it. An error stays.
  Status ensure_loaded() const {
    const std::lock_guard lock(mutex_);
    if (!loaded_) loaded_ = reader_.samples(matchers_, range_, samples_, cancelled_);
    return *loaded_;
  }

  RemoteReader& reader_;
  const Matchers matchers_;
  const TimeRange range_;
  const std::atomic<bool>* cancelled_;
  const std::vector<std::pair<SeriesId, Labels>> series_;
  mutable std::mutex mutex_;
  mutable std::optional<Status> loaded_;
  mutable RemoteSamples samples_;  // written once, before loaded_ is set
};

std::uint64_t bound(std::uint64_t asked, std::uint64_t own) {
  return asked == 0 ? own : std::min(asked, own);
}

class RemoteStoreImpl final : public RemoteStore {
 public:
  RemoteStoreImpl(const RemoteStoreOptions& options, const Clock& clock, Metrics& metrics, Logger& logger)
      : options_(options),
        clock_(clock),
        table_(options.limits.series_count_max),
        api_(options, metrics),
        reader_(api_, clock),
        sender_(options, table_, clock, metrics, logger) {}

  std::size_t resolve(std::span<const LabelsHash> keys, std::span<SeriesId> out) override {
    return table_.resolve(keys, out);
  }
  Result<SeriesId> ensure_series(const Labels& labels) override {
    if (labels.empty()) return invalid("a series needs at least one label");
    return table_.ensure(labels);
  }
  void remember_key(const LabelsHash& key, SeriesId id) override { table_.remember(key, id); }

  Result<AppendOutcome> append(std::span<const Sample> batch) override {
    if (batch.size() > options_.limits.batch_samples_max) {
      return fail(ErrorCode::kLimit, fmt::format("a batch of {} samples; at most {} are taken", batch.size(),
                                                 options_.limits.batch_samples_max));
    }
    AppendOutcome outcome;
    std::vector<Sample> good;
    good.reserve(batch.size());
    const TimestampMs latest = clock_.now_ms() + options_.limits.future_max_ms;
    const std::size_t series = table_.size();
    for (const Sample& sample : batch) {
      if (raw(sample.series) >= series || sample.timestamp_ms < kTimestampMin ||
          sample.timestamp_ms > kTimestampMax) {
        ++outcome.invalid_refused;
      } else if (sample.timestamp_ms > latest) {
        ++outcome.future_refused;
      } else {
        good.push_back(sample);
      }
    }
    TRY(sender_.push(good));
    outcome.taken = good.size();
    return outcome;
  }

  Status set_metadata(std::string_view metric, const MetricMetadata& metadata) override {
    const std::lock_guard lock(mutex_);
    MetricMetadata& known = metadata_[std::string(metric)];
    if (known == metadata) return ok();
    known = metadata;
    sender_.push_metadata(metric, metadata);
    return ok();
  }

  Result<std::unique_ptr<SeriesSet>> select(const Matchers& matchers, TimeRange range,
                                            const ReadOptions& options) override {
    const std::uint64_t series_max = bound(options.series_max, options_.limits.query_series_max);
    std::vector<std::pair<SeriesId, Labels>> series;
    for (Labels& labels : TRY(reader_.series(matchers, range, series_max))) {
      const SeriesId id = TRY(table_.ensure(labels));
      series.emplace_back(id, std::move(labels));
    }
    std::ranges::sort(series, {}, &std::pair<SeriesId, Labels>::first);
    series.erase(std::ranges::unique(series, {}, &std::pair<SeriesId, Labels>::first).begin(), series.end());
    return std::make_unique<RemoteSeriesSet>(reader_, matchers, range,
                                             bound(options.samples_max, options_.limits.query_samples_max),
                                             options.cancelled, std::move(series));
  }

  Result<Matrix> aligned(const Matchers& matchers, TimeRange range, DurationMs step, Align align,
                         const ReadOptions& options) override;

  Result<std::vector<std::string>> label_names(const Matchers& matchers, TimeRange range) override {
    return reader_.names("/api/v1/labels", matchers, range);
  }
  Result<std::vector<std::string>> label_values(std::string_view name, const Matchers& matchers,
                                                TimeRange range) override {
    return reader_.names(fmt::format("/api/v1/label/{}/values", url_encode(name)), matchers, range);
  }
  std::map<std::string, MetricMetadata> metadata() override {
    auto remote = reader_.metadata();
    std::map<std::string, MetricMetadata> out =
        remote ? std::move(*remote) : std::map<std::string, MetricMetadata>();
    const std::lock_guard lock(mutex_);
    for (const auto& [name, known] : metadata_) out.try_emplace(name, known);
    return out;
  }

  Result<std::uint64_t> remove(const Matchers& matchers, TimeRange range) override;
  Status flush() override { return sender_.flush(); }
  StoreStats stats() override;
  const StoreLimits& limits() const override { return options_.limits; }
  std::string write_refusal() override { return sender_.refusal(); }

 private:
  std::optional<std::uint64_t> count_series();
  const RemoteStoreOptions options_;
  const Clock& clock_;
  RemoteSeriesTable table_;
  RemoteApi api_;
  RemoteReader reader_;
  std::mutex mutex_;
  std::map<std::string, MetricMetadata> metadata_;
  std::mutex stats_mutex_;
  StoreStats stats_;
  std::optional<TimestampMs> stats_at_;
  RemoteSender sender_;
};

Result<Matrix> RemoteStoreImpl::aligned(const Matchers& matchers, TimeRange range, DurationMs step,
                                        Align align, const ReadOptions& options) {
  if (step <= 0) return invalid("the step must be positive");
  Matrix out;
  out.start_ms = range.from;
  out.step_ms = step;
  if (range.empty()) return out;
  // The difference of two times of 64 bits can need 65: unsigned arithmetic wraps to the right answer.
  const std::uint64_t span = static_cast<std::uint64_t>(range.to) - static_cast<std::uint64_t>(range.from);
  const std::uint64_t columns = span / static_cast<std::uint64_t>(step) + 1;
  const std::uint64_t cells_max = bound(options.samples_max, options_.limits.query_samples_max);
  if (range.from < kTimestampMin || range.to > kTimestampMax || columns > cells_max) {
    return fail(ErrorCode::kLimit, fmt::format("{} columns; at most {} cells are given", columns, cells_max));
  }
  const AlignGrid grid{.start_ms = range.from, .step_ms = step, .columns = columns};
  TimeRange wanted = grid.covered();
  // An increase needs the sample before the first cell: as far back as Prometheus looks for one.
  constexpr DurationMs kLookbackMs = 5 * kMinuteMs;
  if (align == Align::kIncrease) wanted.from = std::max(kTimestampMin, wanted.from - kLookbackMs);
  const auto set = TRY(select(matchers, wanted, options));
  if (set->size() > cells_max / columns) {
    return fail(ErrorCode::kLimit, fmt::format("{} series of {} columns; at most {} cells are given",
                                               set->size(), columns, cells_max));
  }
  out.columns = columns;
  out.values.assign(set->size() * columns, std::numeric_limits<double>::quiet_NaN());
  SampleBuffer buffer;
  for (std::size_t i = 0; i < set->size(); ++i) {
    TRY(set->read(i, wanted, buffer));
    align_samples(buffer.timestamps_ms, buffer.values, grid, align,
                  std::span(out.values).subspan(i * columns, columns));
    out.series.push_back(set->id(i));
    out.labels.push_back(set->labels(i));
  }
  return out;
}

// VictoriaMetrics deletes whole series only; Prometheus takes times, when its admin API is switched on.
Result<std::uint64_t> RemoteStoreImpl::remove(const Matchers& matchers, TimeRange range) {
  const bool whole_series_only = TRY(api_.has_export());
  const bool whole = range.from <= 0 && range.to >= clock_.now_ms();
  if (whole_series_only && !whole) {
    return invalid("this engine deletes whole series only; leave the time range out");
  }
  const auto series = TRY(reader_.series(matchers, range, options_.limits.query_series_max));
  RemoteParameters parameters{{"match[]", remote_selector(matchers)}};
  if (!whole) {
    parameters.emplace_back("start", remote_time(reader_.clamp(range).from));
    parameters.emplace_back("end", remote_time(reader_.clamp(range).to));
  }
  const auto done = api_.call("/api/v1/admin/tsdb/delete_series", parameters);
  if (!done) {
    const bool away = done.error().code() == ErrorCode::kTimeout ||
                      (done.error().code() == ErrorCode::kUnavailable && whole_series_only);
    return fail(away ? done.error().code() : ErrorCode::kInvalid, "deleting: " + done.error().message());
  }
  return series.size();
}

// What the engine says of itself, at most once a minute. While one asks, and when it does not answer, the
// figures before it stand.
StoreStats RemoteStoreImpl::stats() {
  {
    const std::lock_guard lock(stats_mutex_);
    const TimestampMs now = clock_.now_ms();
    if (stats_at_ && now - *stats_at_ < kMinuteMs) return stats_;
    stats_at_ = now;
  }
  const auto series = count_series();
  const std::lock_guard lock(stats_mutex_);
  if (series) stats_.series = *series;
  return stats_;
}

std::optional<std::uint64_t> RemoteStoreImpl::count_series() {
  const auto body = api_.call("/api/v1/status/tsdb", {});
  if (!body) return std::nullopt;
  simdjson::dom::parser parser;
  simdjson::dom::element data;
  std::uint64_t count = 0;
  if (parser.parse(*body).at_key("data").get(data) != simdjson::SUCCESS) return std::nullopt;
  if (data["headStats"]["numSeries"].get(count) != simdjson::SUCCESS &&
      data["totalSeries"].get(count) != simdjson::SUCCESS) {
    return std::nullopt;
  }
  return count;
}

std::string without_trailing_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

StoreLimits RemoteStoreOptions::default_limits() {
  StoreLimits limits;
  limits.query_samples_max = 50'000'000;
  return limits;
}

Result<RemoteStoreOptions> RemoteStoreOptions::from_yaml(const Yaml& yaml) {
  if (!yaml.is_map()) return yaml.error("must be a map with url");
  TRY(yaml.only_keys({"url", "write_url", "tenant", "external_labels", "read_timeout", "write_timeout",
                      "queue_samples_max", "request_samples_max", TRIMTAB_HTTP_AUTH_KEYS}));
  RemoteStoreOptions options;
  options.url = TRY(yaml["url"].string_or(""));
  options.write_url = TRY(yaml["write_url"].string_or(""));
  for (const std::string* url : {&options.url, &options.write_url}) {
    if (url == &options.write_url && url->empty()) continue;
    if (!url->starts_with("http://") && !url->starts_with("https://")) {
      return yaml[url == &options.url ? "url" : "write_url"].error("must start with http:// or https://");
    }
  }
  options.tenant = TRY(yaml["tenant"].string_or(""));
  for (const auto& [name, value] : yaml["external_labels"].map()) {
    if (!is_plain_label_name(name))
      return yaml["external_labels"].error(fmt::format("\"{}\" is not a label name", name));
    options.external_labels.push_back({name, TRY(value.string())});
  }
  options.auth = TRY(HttpAuth::from_yaml(yaml));
  options.read_timeout_ms = TRY(yaml["read_timeout"].duration_or(options.read_timeout_ms, 100, kDayMs));
  options.write_timeout_ms = TRY(yaml["write_timeout"].duration_or(options.write_timeout_ms, 100, kDayMs));
  options.queue_samples_max =
      static_cast<std::size_t>(TRY(yaml["queue_samples_max"].integer_or(1'000'000, 1'000, 100'000'000)));
  options.request_samples_max =
      static_cast<std::size_t>(TRY(yaml["request_samples_max"].integer_or(10'000, 1, 1'000'000)));
  return options;
}

Result<std::unique_ptr<RemoteStore>> RemoteStore::open(const RemoteStoreOptions& given, const Clock& clock,
                                                       Metrics& metrics, Logger& logger) {
  RemoteStoreOptions options = given;
  options.url = without_trailing_slash(options.url);
  if (options.write_url.empty()) options.write_url = options.url + "/api/v1/write";
  for (const std::string& url : {options.url, options.write_url}) {
    if (!url.starts_with("http://") && !url.starts_with("https://")) {
      return invalid(fmt::format("remote store: \"{}\" is not an http:// or https:// URL", redact_url(url)));
    }
  }
  return std::make_unique<RemoteStoreImpl>(options, clock, metrics, logger);
}

}  // namespace trimtab
