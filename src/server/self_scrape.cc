// SPDX-License-Identifier: Apache-2.0
#include "server/self_scrape.h"

#include <chrono>
#include <map>

#include "ingest/exposition.h"

namespace trimtab {

void SelfScrape::start() {
  if (interval_ms_ == 0) return;
  thread_ = std::jthread([this](const std::stop_token& stop) { loop(stop); });
}

void SelfScrape::stop() {
  thread_.request_stop();
  {
    const std::lock_guard lock(mutex_);
    wake_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void SelfScrape::loop(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (
      !wake_.wait_for(lock, std::chrono::milliseconds(interval_ms_), [&] { return stop.stop_requested(); })) {
    if (const Status status = collect(); !status) {
      logger_.warn("own metrics could not be stored", {{"error", status.error().message()}});
    }
  }
}

Status SelfScrape::collect() {
  const TimestampMs now = clock_.now_ms();
  const std::string text = metrics_.expose();
  std::vector<Sample> batch;
  ExpositionParser parser(text, ExpositionFormat::kPrometheusText);
  for (auto event = parser.next(); event != ExpositionParser::Event::kEnd; event = parser.next()) {
    if (event == ExpositionParser::Event::kType) {
      TRY(store_.set_metadata(parser.family(), {.type = parser.type(), .help = {}, .unit = {}}));
    }
    if (event != ExpositionParser::Event::kSample) continue;
    auto [it, fresh] = known_.try_emplace(std::string(parser.sample().series_text), kNoSeries);
    if (it->second == kNoSeries) {
      const Labels labels = TRY(to_labels(parser.sample()));
      it->second = TRY(store_.ensure_series(labels.with("job", "trimtab").with("instance", instance_)));
    }
    batch.push_back({it->second, now, parser.sample().value});
  }
  const AppendOutcome outcome = TRY(store_.append(batch));
  if (outcome.invalid_refused > 0) known_.clear();  // series that the store forgot: look all up again
  return ok();
}

}  // namespace trimtab
