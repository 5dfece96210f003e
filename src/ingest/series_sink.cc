// SPDX-License-Identifier: Apache-2.0
#include "ingest/series_sink.h"

#include <algorithm>

namespace trimtab {
void SeriesSink::begin(TimestampMs at) {
  at_ = at;
  ++round_;
  batch_.clear();
}

void SeriesSink::add(std::string_view name, double value, std::span<const Pair> labels, MetricType type) {
  key_.assign(name);
  for (const Pair& pair : labels) {
    key_ += '\xff';  // in no UTF-8 text, so no two label sets spell one key
    key_ += pair.name;
    key_ += '\xff';
    key_ += pair.value;
  }
  const LabelsHash key = hash_bytes(key_);
  auto it = slots_.find(key);
  if (it == slots_.end()) {
    const SeriesId series = create(name, labels, type);
    if (series == kNoSeries) return;
    it = slots_.emplace(key, Slot{.series = series}).first;
  }
  if (it->second.round == round_) return;  // a name twice in one round: the first stays
  it->second.round = round_;
  batch_.push_back({it->second.series, at_, value});
}

SeriesId SeriesSink::create(std::string_view name, std::span<const Pair> pairs, MetricType type) {
  if (slots_.size() >= series_max_) {
    rejects_.add(RejectReason::kSeriesLimit, source_, name);
    return kNoSeries;
  }
  std::vector<Label> list(common_.items().begin(), common_.items().end());
  list.push_back({std::string(kMetricName), std::string(name)});
  for (const Pair& pair : pairs) list.push_back({std::string(pair.name), std::string(pair.value)});
  const auto labels = Labels::create(std::move(list), store_.limits().labels);
  const auto series = labels ? store_.ensure_series(*labels) : detail::error_of(labels.error());
  if (!series) {
    const bool limit = series.error().code() == ErrorCode::kLimit;
    rejects_.add(!labels ? RejectReason::kInvalidLabels
                 : limit ? RejectReason::kSeriesLimit
                         : RejectReason::kStorage,
                 source_, series.error().message());
    return kNoSeries;
  }
  if (type != MetricType::kUnknown) (void)store_.set_metadata(name, {.type = type, .help = {}, .unit = {}});
  return *series;
}

Status SeriesSink::commit() {
  const std::size_t fresh = batch_.size();
  std::erase_if(slots_, [&](const auto& slot) {
    if (slot.second.round == round_) return false;
    batch_.push_back({slot.second.series, at_, stale_marker()});
    return true;
  });
  std::sort(batch_.begin() + static_cast<std::ptrdiff_t>(fresh), batch_.end(),
            [](const Sample& a, const Sample& b) { return a.series < b.series; });
  const auto outcome = store_.append(batch_);
  if (!outcome) {
    rejects_.add(RejectReason::kStorage, source_, outcome.error().message(), batch_.size());
    return detail::error_of(outcome.error());
  }
  if (outcome->invalid_refused > 0) slots_.clear();  // series that the store forgot: look all up again
  return ok();
}

Status SeriesSink::end(TimestampMs at) {
  begin(at);
  return commit();
}

}  // namespace trimtab
