// SPDX-License-Identifier: Apache-2.0
#include "ingest/scrape/target_scraper.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "base/check.h"
#include "base/format.h"

namespace trimtab {
namespace {

constexpr std::string_view kAccept =
    "application/openmetrics-text;version=1.0.0;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=0.0.4;q=0.4,*/*;q=0.1";
constexpr std::size_t kMetadataMax = 20'000;  // families remembered per target; further ones are not told
constexpr std::size_t kForgetSlack = 1'000;   // cache entries above twice the live ones before old ones go

RejectReason reason_of(const Error& error) {
  return error.code() == ErrorCode::kLimit ? RejectReason::kLabelLimit : RejectReason::kInvalidLabels;
}

bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

// Puts the target's labels on a sample's: with honor_labels the sample's own win, else they move to
// exported_<name> (with as many prefixes as it takes to be free).
void merge_target_labels(const Labels& target, bool honor_labels, LabelMap& labels) {
  std::vector<Label> moved;
  for (const Label& label : target.items()) {
    const std::string existing(get_label(labels, label.name));
    if (honor_labels && labels.contains(label.name)) continue;
    if (!existing.empty()) moved.push_back({label.name, existing});
    set_label(labels, label.name, label.value);
  }
  for (const Label& label : moved) {
    std::string name = "exported_" + label.name;
    while (labels.contains(name)) name = "exported_" + name;
    set_label(labels, name, label.value);
  }
}

}  // namespace

std::string_view to_string(TargetHealth health) {
  switch (health) {
    case TargetHealth::kUp: return "up";
    case TargetHealth::kDown: return "down";
    case TargetHealth::kUnknown: break;
  }
  return "unknown";
}

TargetScraper::TargetScraper(ScrapeTarget target, std::shared_ptr<const ScrapeConfig> config,
                             const ScrapeOptions& options, ScrapeSinks sinks)
    : target_(std::move(target)),
      config_(std::move(config)),
      options_(options),
      sinks_(sinks),
      client_(config_->auth) {
  status_.job = config_->job_name;
  status_.labels = target_.labels;
  status_.discovered = target_.discovered;
  status_.url = redact_url(target_.url);
  status_.interval_ms = target_.interval_ms;
  status_.timeout_ms = target_.timeout_ms;
}

TargetStatus TargetScraper::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

void TargetScraper::reconfigure(std::shared_ptr<const ScrapeConfig> config, std::string refusal) {
  const std::lock_guard lock(mutex_);
  if (config != config_) next_config_ = std::move(config);
  refusal_ = std::move(refusal);
}

Status TargetScraper::begin() {
  rows_.clear();
  fresh_.clear();
  batch_.clear();
  ++round_;
  const std::lock_guard lock(mutex_);
  if (next_config_) {
    config_ = std::move(next_config_);
    client_ = HttpClient(config_->auth);
    known_.clear();
  }
  return refusal_.empty() ? ok() : Status(fail(ErrorCode::kLimit, refusal_));
}

void TargetScraper::scrape(TimestampMs at) {
  const std::int64_t start_ns = sinks_.clock.monotonic_ns();
  Outcome outcome;
  Status status = begin();
  if (status) {
    const auto response = fetch();
    status = response ? parse(*response, at, outcome) : Status(detail::error_of(response.error()));
  }
  if (!status && status.error().code() == ErrorCode::kCancelled) return;  // shutting down: nothing was learnt
  if (status) status = resolve_fresh();
  const double seconds = static_cast<double>(sinks_.clock.monotonic_ns() - start_ns) / 1e9;
  if (status) gather(outcome);
  drop_fresh();
  add_stale_markers(at);
  Status stored = add_report(at, status.has_value(), seconds, outcome);
  if (stored) stored = append_batch();
  settle(status.has_value(), stored);
  if (status && !stored) status = detail::error_of(stored.error().within("storing"));
  sinks_.scrapes.add();
  if (!status) sinks_.failures.add();
  const std::lock_guard lock(mutex_);
  status_.health = status ? TargetHealth::kUp : TargetHealth::kDown;
  status_.last_error = status ? "" : status.error().message();
  status_.last_scrape_ms = at;
  status_.last_duration_seconds = seconds;
  status_.last_samples = outcome.scraped;
}

// Which series are live from here on, and what is remembered.
void TargetScraper::settle(bool good, const Status& stored) {
  if (!stored) {
    sinks_.rejects.add(RejectReason::kStorage, source(), stored.error().message(), batch_.size());
    // No stale marker was written: what was live before stays so, beside what this answer held.
    for (auto& [series, seen] : seen_) {
      if (good && seen.round == live_round_) seen.round = round_;
    }
    if (good) live_round_ = good_round_ = round_;
    return;
  }
  live_round_ = good ? round_ : 0;
  if (good) good_round_ = round_;
  for (const std::string& family : metadata_changed_)
    (void)sinks_.store.set_metadata(family, metadata_[family]);
  metadata_changed_.clear();
  if (good) forget_old_series();
}

void TargetScraper::end(TimestampMs at) {
  batch_.clear();
  add_stale_markers(at);
  for (const SeriesId series : report_) batch_.push_back({series, at, stale_marker()});
  if (const Status stored = append_batch(); !stored) {
    sinks_.rejects.add(RejectReason::kStorage, source(), stored.error().message(), batch_.size());
  }
  live_round_ = 0;
}

Result<HttpResponse> TargetScraper::fetch() {
  const std::uint64_t limit = config_->body_size_limit_bytes;
  HttpRequest request{.url = target_.url,
                      .headers = {{"Accept", std::string(kAccept)},
                                  {"X-Prometheus-Scrape-Timeout-Seconds",
                                   fmt::format("{}", static_cast<double>(target_.timeout_ms) / 1000)}},
                      .timeout_ms = target_.timeout_ms,
                      .response_bytes_max = limit == 0
                                                ? options_.body_bytes_max
                                                : std::min<std::uint64_t>(limit, options_.body_bytes_max),
                      .follow_redirects = config_->follow_redirects,
                      .cancelled = sinks_.cancelled};
  auto response = client_.send(request);
  if (!response) {
    if (response.error().code() == ErrorCode::kLimit) {
      sinks_.rejects.add(RejectReason::kTooLarge, source(), response.error().message());
    }
    return response;
  }
  if (response->status != 200) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("GET {}: HTTP status {}", status_.url, response->status));
  }
  return response;
}

Status TargetScraper::parse(const HttpResponse& response, TimestampMs at, Outcome& outcome) {
  const ExpositionFormat format = exposition_format(response.content_type);
  ExpositionParser parser(response.body, format);
  for (;;) {
    const ExpositionParser::Event event = parser.next();
    if (event == ExpositionParser::Event::kEnd) return ok();
    if (event == ExpositionParser::Event::kError) {
      sinks_.rejects.add(RejectReason::kMalformed, source(), parser.error());
      return invalid(fmt::format("GET {}: {}", status_.url, parser.error()));
    }
    if (event != ExpositionParser::Event::kSample) {
      take_metadata(parser, event);
      continue;
    }
    TRY(take_sample(parser.sample(), at, outcome));
  }
}

Status TargetScraper::take_sample(const ExpositionSample& sample, TimestampMs at, Outcome& outcome) {
  ++outcome.scraped;
  if (outcome.scraped > options_.samples_max) {
    sinks_.rejects.add(RejectReason::kSampleLimit, source(), status_.url, outcome.scraped);
    return fail(ErrorCode::kLimit, fmt::format("more than {} samples in one answer", options_.samples_max));
  }
  Row row;
  row.key = hash_bytes(sample.series_text);
  const Known known = TRY(identify(sample, row.key));
  if (known.fate == Fate::kDropped) return ok();
  ++outcome.kept;
  if (config_->sample_limit > 0 && outcome.kept > config_->sample_limit) {
    sinks_.rejects.add(RejectReason::kSampleLimit, source(), status_.url, outcome.kept);
    return fail(ErrorCode::kLimit, fmt::format("sample_limit of {} exceeded", config_->sample_limit));
  }
  row.series = known.series;
  const bool own_time = config_->honor_timestamps && sample.timestamp_ms.has_value();
  row.timestamp_ms = own_time ? *sample.timestamp_ms : at;
  row.tracked = !own_time || config_->track_timestamps_staleness;
  row.value = sample.value;
  rows_.push_back(row);
  return ok();
}

// What this spelling of a series stands for. A new one goes through relabelling and waits in fresh_ until
// the whole answer has proven good, so that a bad answer creates no series.
Result<TargetScraper::Known> TargetScraper::identify(const ExpositionSample& sample, const LabelsHash& key) {
  const auto it = known_.find(key);
  if (it != known_.end()) {
    it->second.round = round_;
    return it->second;
  }
  LabelMap labels;
  set_label(labels, kMetricName, sample.name);
  for (const LabelView& label : sample.labels) {
    if (!labels.emplace(label.name, label.value).second) {
      return invalid(
          fmt::format("GET {}: label {} is given twice: {}", status_.url, label.name, sample.series_text));
    }
  }
  std::erase_if(labels, [](const auto& label) { return label.second.empty(); });
  merge_target_labels(target_.labels, config_->honor_labels, labels);
  if (!relabel(config_->metric_relabel_configs, labels) || labels.empty()) {
    return known_[key] = Known{.fate = Fate::kDropped, .round = round_};
  }
  if (!labels.contains(kMetricName))
    return invalid(fmt::format("{}: metric_relabel_configs left no metric name", sample.series_text));
  TRY(check_label_limits(labels));
  std::vector<Label> list;
  for (const auto& [name, value] : labels) list.push_back({name, value});
  auto checked = Labels::create(std::move(list), sinks_.store.limits().labels);
  if (!checked) {
    sinks_.rejects.add(reason_of(checked.error()), source(), checked.error().message());
    return known_[key] = Known{.fate = Fate::kDropped, .round = round_};
  }
  fresh_.push_back({key, std::move(*checked)});
  return known_[key] = Known{.fate = Fate::kFresh, .round = round_};
}

Status TargetScraper::check_label_limits(const LabelMap& labels) const {
  const auto refuse = [&](std::string_view limit, std::uint64_t value) {
    sinks_.rejects.add(RejectReason::kLabelLimit, source(), fmt::format("{} of {}", limit, value));
    return fail(ErrorCode::kLimit,
                fmt::format("{} of {} exceeded by {}", limit, value, get_label(labels, kMetricName)));
  };
  const ScrapeConfig& config = *config_;
  if (config.label_limit > 0 && labels.size() > config.label_limit)
    return refuse("label_limit", config.label_limit);
  for (const auto& [name, value] : labels) {
    if (config.label_name_length_limit_bytes > 0 && name.size() > config.label_name_length_limit_bytes) {
      return refuse("label_name_length_limit", config.label_name_length_limit_bytes);
    }
    if (config.label_value_length_limit_bytes > 0 && value.size() > config.label_value_length_limit_bytes) {
      return refuse("label_value_length_limit", config.label_value_length_limit_bytes);
    }
  }
  return ok();
}

void TargetScraper::take_metadata(const ExpositionParser& parser, ExpositionParser::Event event) {
  auto it = metadata_.find(parser.family());
  if (it == metadata_.end()) {
    if (metadata_.size() >= kMetadataMax) return;
    it = metadata_.emplace(std::string(parser.family()), MetricMetadata{}).first;
  }
  MetricMetadata& known = it->second;
  bool changed = false;
  if (event == ExpositionParser::Event::kType) {
    changed = known.type != parser.type();
    known.type = parser.type();
  } else {
    std::string& text = event == ExpositionParser::Event::kHelp ? known.help : known.unit;
    changed = text != parser.text();
    if (changed) text = parser.text();
  }
  if (changed) metadata_changed_.insert(it->first);
}

Status TargetScraper::resolve_fresh() {
  for (const Fresh& fresh : fresh_) {
    const auto series = sinks_.store.ensure_series(fresh.labels);
    if (series) {
      known_[fresh.key] = Known{.series = *series, .fate = Fate::kTaken, .round = round_};
    } else if (series.error().code() == ErrorCode::kLimit || series.error().code() == ErrorCode::kInvalid) {
      const bool limit = series.error().code() == ErrorCode::kLimit;
      sinks_.rejects.add(limit ? RejectReason::kSeriesLimit : RejectReason::kInvalidLabels, source(),
                         series.error().message());
    } else {
      sinks_.rejects.add(RejectReason::kStorage, source(), series.error().message(), rows_.size());
      return detail::error_of(series.error().within("storing"));
    }
  }
  return ok();
}

// Series that did not get an id are asked for again with the next answer.
void TargetScraper::drop_fresh() {
  for (const Fresh& fresh : fresh_) {
    const auto it = known_.find(fresh.key);
    if (it != known_.end() && it->second.fate == Fate::kFresh) known_.erase(it);
  }
}

// Rows into samples. Of two samples of one series and time in one answer the first is kept.
void TargetScraper::gather(Outcome& outcome) {
  for (Row& row : rows_) {
    if (row.series == kNoSeries) row.series = known_[row.key].series;
    if (row.series == kNoSeries) continue;  // refused and counted
    const auto [it, inserted] = seen_.try_emplace(raw(row.series));
    Seen& seen = it->second;
    const bool in_this_answer = !inserted && seen.round == round_;
    if (in_this_answer && seen.timestamp_ms == row.timestamp_ms) {
      if (!same_bits(seen.value, row.value)) sinks_.duplicates.add();
      continue;
    }
    if (!in_this_answer && (inserted || seen.round != good_round_)) ++outcome.added;
    seen =
        Seen{.round = round_, .timestamp_ms = row.timestamp_ms, .value = row.value, .tracked = row.tracked};
    batch_.push_back({row.series, row.timestamp_ms, row.value});
  }
}

// For what was live and is not in this answer (after a failure: for all of it).
void TargetScraper::add_stale_markers(TimestampMs at) {
  if (live_round_ == 0) return;
  const std::size_t first = batch_.size();
  for (const auto& [series, seen] : seen_) {
    if (seen.round == live_round_ && seen.tracked) batch_.push_back({SeriesId{series}, at, stale_marker()});
  }
  std::sort(batch_.begin() + static_cast<std::ptrdiff_t>(first), batch_.end(),
            [](const Sample& a, const Sample& b) { return a.series < b.series; });
}

Status TargetScraper::add_report(TimestampMs at, bool up, double seconds, const Outcome& outcome) {
  constexpr std::array<std::string_view, 5> kNames{"up", "scrape_duration_seconds", "scrape_samples_scraped",
                                                   "scrape_samples_post_metric_relabeling",
                                                   "scrape_series_added"};
  if (report_.empty()) {
    std::vector<SeriesId> ids;
    for (const std::string_view name : kNames) {
      ids.push_back(TRY(sinks_.store.ensure_series(target_.labels.with(kMetricName, name))));
    }
    report_ = std::move(ids);
  }
  const std::array<double, 5> values{up ? 1.0 : 0.0, seconds, static_cast<double>(outcome.scraped),
                                     static_cast<double>(outcome.kept), static_cast<double>(outcome.added)};
  for (std::size_t i = 0; i < values.size(); ++i) batch_.push_back({report_[i], at, values[i]});
  return ok();
}

Status TargetScraper::append_batch() {
  const std::size_t step = std::max<std::size_t>(1, sinks_.store.limits().batch_samples_max);
  AppendOutcome sum;
  for (std::size_t at = 0; at < batch_.size(); at += step) {
    const std::span<const Sample> part(batch_.data() + at, std::min(step, batch_.size() - at));
    const AppendOutcome outcome = TRY(sinks_.store.append(part));
    sum.future_refused += outcome.future_refused;
    sum.too_old_refused += outcome.too_old_refused;
    sum.invalid_refused += outcome.invalid_refused;
  }
  if (sum.future_refused > 0) {
    sinks_.rejects.add(RejectReason::kFutureTimestamp, source(), status_.url, sum.future_refused);
  }
  if (sum.too_old_refused > 0)
    sinks_.rejects.add(RejectReason::kTooOld, source(), status_.url, sum.too_old_refused);
  if (sum.invalid_refused > 0) {
    // Times out of range, or series that the store no longer knows: look all of them up again.
    sinks_.rejects.add(RejectReason::kInvalidTimestamp, source(), status_.url, sum.invalid_refused);
    known_.clear();
    report_.clear();
  }
  return ok();
}

void TargetScraper::forget_old_series() {
  if (known_.size() > 2 * rows_.size() + kForgetSlack) {
    std::erase_if(known_, [&](const auto& known) { return known.second.round != round_; });
  }
  if (seen_.size() > 2 * rows_.size() + kForgetSlack) {
    std::erase_if(seen_, [&](const auto& seen) { return seen.second.round != round_; });
  }
}

}  // namespace trimtab
