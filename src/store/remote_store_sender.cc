// SPDX-License-Identifier: Apache-2.0
#include "store/remote_store_sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>

#include "store/remote_store_encode.h"

namespace trimtab {
namespace {

using std::chrono::milliseconds;
constexpr std::size_t kErrorBytesMax = 300;  // of the engine's own words

// Retry-After in seconds; the date form is not obeyed (clocks differ).
DurationMs retry_after_ms(const HttpResponse& response, DurationMs max_ms) {
  for (const auto& [name, value] : response.headers) {
    if (name != "retry-after") continue;
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc() && end == value.data() + value.size() && seconds > 0) {
      return std::min<DurationMs>(max_ms, std::min<std::int64_t>(seconds, 86'400) * kSecondMs);
    }
  }
  return 0;
}

}  // namespace

RemoteSender::RemoteSender(const RemoteStoreOptions& options, const RemoteSeriesTable& series,
                           const Clock& clock, Metrics& metrics, Logger& logger)
    : options_(options),
      series_(series),
      clock_(clock),
      logger_(logger),
      sent_(metrics.counter("trimtab_remote_sent_samples_total", "Samples that the remote engine took.")),
      dropped_(metrics.counter("trimtab_remote_dropped_samples_total",
                               "Samples that the remote engine refused for good (4xx).")),
      lost_(metrics.counter("trimtab_remote_lost_samples_total",
                            "Samples still waiting when the process ended.")),
      retries_(metrics.counter("trimtab_remote_retries_total", "Remote write requests tried again.")),
      refused_(metrics.counter("trimtab_remote_queue_full_total",
                               "Batches refused because the queue had no room.")),
      waiting_(metrics.gauge("trimtab_remote_queue_samples", "Samples waiting to be sent.")) {
  thread_ = std::thread([this] { run(); });
}

RemoteSender::~RemoteSender() {
  std::unique_lock lock(mutex_);
  closing_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, milliseconds(options_.close_timeout_ms), [this] { return settled_ == pushed_; });
  cancelled_ = true;
  const std::uint64_t left = pushed_ - settled_;
  lock.unlock();
  changed_.notify_all();
  thread_.join();
  if (left > 0) {
    lost_.add(static_cast<double>(left));
    logger_.error("remote store: samples not sent before the end",
                  {{"samples", left}, {"last_error", last_error_}});
  }
}

Status RemoteSender::push(std::span<const Sample> samples) {
  const std::lock_guard lock(mutex_);
  if (closing_) return fail(ErrorCode::kUnavailable, "the remote store is being closed");
  const std::uint64_t waiting = pushed_ - settled_;
  if (waiting + samples.size() > options_.queue_samples_max) {
    refused_.add();
    return fail(ErrorCode::kUnavailable,
                fmt::format("the write queue is full: {} of {} samples wait, {} more were given{}{}", waiting,
                            options_.queue_samples_max, samples.size(),
                            last_error_.empty() ? "" : "; last error: ", last_error_));
  }
  queue_.insert(queue_.end(), samples.begin(), samples.end());
  pushed_ += samples.size();
  waiting_.set(static_cast<double>(pushed_ - settled_));
  changed_.notify_all();
  return ok();
}

void RemoteSender::push_metadata(std::string_view family, const MetricMetadata& metadata) {
  const std::lock_guard lock(mutex_);
  if (metadata_.size() < kMetadataMax) metadata_[std::string(family)] = metadata;
}

Status RemoteSender::flush() {
  std::unique_lock lock(mutex_);
  const std::uint64_t until = pushed_;
  const bool done =
      changed_.wait_for(lock, milliseconds(options_.flush_timeout_ms), [&] { return settled_ >= until; });
  if (!done) {
    return fail(ErrorCode::kTimeout,
                fmt::format("{} samples still wait after {}; last error: {}", until - settled_,
                            format_duration(options_.flush_timeout_ms), last_error_));
  }
  const std::uint64_t dropped = std::exchange(dropped_since_flush_, 0);
  if (dropped > 0)
    return invalid(fmt::format("the remote engine refused {} samples: {}", dropped, last_error_));
  return ok();
}

std::string RemoteSender::refusal() const {
  const std::lock_guard lock(mutex_);
  if (pushed_ - settled_ < options_.queue_samples_max) return "";
  return fmt::format("the write queue is full: {} samples wait; last error: {}", pushed_ - settled_,
                     last_error_);
}

void RemoteSender::run() {
  HttpClient client(options_.auth);
  std::vector<Sample> samples;
  for (;;) {
    std::map<std::string, MetricMetadata> metadata;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return closing_ || cancelled_ || !queue_.empty(); });
      if (cancelled_ || queue_.empty()) return;
      const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), options_.request_samples_max));
      samples.assign(queue_.begin(), queue_.begin() + count);
      queue_.erase(queue_.begin(), queue_.begin() + count);
      metadata.swap(metadata_);
    }
    const std::size_t count = samples.size();
    send_until_settled(client, build_request(samples, metadata), count);
    if (cancelled_) return;
  }
}

// One message per series, times rising; of two samples of one series and time the later given one is sent.
std::string RemoteSender::build_request(std::vector<Sample>& samples,
                                        const std::map<std::string, MetricMetadata>& metadata) const {
  std::ranges::stable_sort(samples, [](const Sample& a, const Sample& b) {
    return std::pair(a.series, a.timestamp_ms) < std::pair(b.series, b.timestamp_ms);
  });
  std::vector<Sample> unique;
  for (const Sample& sample : samples) {
    const bool again = !unique.empty() && unique.back().series == sample.series &&
                       unique.back().timestamp_ms == sample.timestamp_ms;
    if (again) {
      unique.back() = sample;
    } else {
      unique.push_back(sample);
    }
  }
  RemoteWriteEncoder encoder;
  for (std::size_t i = 0; i < unique.size();) {
    std::size_t end = i;
    while (end < unique.size() && unique[end].series == unique[i].series) ++end;
    Labels labels = series_.labels(unique[i].series);
    for (const Label& label : options_.external_labels) {
      if (!labels.has(label.name)) labels = labels.with(label.name, label.value);
    }
    encoder.add_series(labels, std::span(unique).subspan(i, end - i));
    i = end;
  }
  for (const auto& [family, known] : metadata) encoder.add_metadata(family, known);
  return encoder.take_compressed();
}

RemoteSender::Attempt RemoteSender::attempt(HttpClient& client, const std::string& body) const {
  HttpRequest request{.method = "POST",
                      .url = options_.write_url,
                      .headers = {{"Content-Type", "application/x-protobuf"},
                                  {"Content-Encoding", "snappy"},
                                  {"X-Prometheus-Remote-Write-Version", "0.1.0"}},
                      .body = body,
                      .timeout_ms = options_.write_timeout_ms,
                      .response_bytes_max = 1 << 20,
                      .cancelled = &cancelled_};
  if (!options_.tenant.empty()) request.headers.emplace_back("X-Scope-OrgID", options_.tenant);
  const auto response = client.send(request);
  if (!response) return {.fate = Attempt::Fate::kRetry, .wait_ms = 0, .error = response.error().message()};
  if (response->status / 100 == 2) return {.fate = Attempt::Fate::kSent, .wait_ms = 0, .error = {}};
  const bool again = response->status / 100 == 5 || response->status == 429;
  return {.fate = again ? Attempt::Fate::kRetry : Attempt::Fate::kDrop,
          .wait_ms = again ? retry_after_ms(*response, options_.backoff_max_ms) : 0,
          .error = fmt::format("POST {}: HTTP status {}: {}", redact_url(options_.write_url),
                               response->status, response->body.substr(0, kErrorBytesMax))};
}

// Exponential, with a jitter of up to half that spreads the nodes of an estate. The jitter is a hash of the
// tenant, the URL and the number of the try: no clock, no random source.
DurationMs RemoteSender::backoff_ms(std::uint64_t tries) const {
  const DurationMs full = std::min<DurationMs>(options_.backoff_max_ms,
                                               options_.backoff_min_ms << std::min<std::uint64_t>(tries, 20));
  const LabelsHash hash =
      hash_bytes(fmt::format("{}{}{}{}", options_.tenant, options_.write_url, tries, settled_));
  return full / 2 + static_cast<DurationMs>(hash.low % static_cast<std::uint64_t>(full / 2 + 1));
}

void RemoteSender::send_until_settled(HttpClient& client, const std::string& body, std::size_t samples) {
  for (std::uint64_t tries = 0;; ++tries) {
    const Attempt result = attempt(client, body);
    std::unique_lock lock(mutex_);
    if (!result.error.empty()) last_error_ = result.error;
    if (result.fate != Attempt::Fate::kRetry) {
      settled_ += samples;
      waiting_.set(static_cast<double>(pushed_ - settled_));
      if (result.fate == Attempt::Fate::kSent) {
        sent_.add(static_cast<double>(samples));
      } else {
        dropped_.add(static_cast<double>(samples));
        dropped_since_flush_ += samples;
        logger_.warn("remote store: samples refused", {{"samples", samples}, {"error", result.error}});
      }
      changed_.notify_all();
      return;
    }
    if (cancelled_) return;
    retries_.add();
    logger_.warn("remote store: write failed, trying again", {{"tries", tries + 1}, {"error", result.error}});
    const DurationMs wait = result.wait_ms > 0 ? result.wait_ms : backoff_ms(tries);
    changed_.wait_for(lock, milliseconds(wait), [this] { return cancelled_.load(); });
    if (cancelled_) return;
  }
}

}  // namespace trimtab
