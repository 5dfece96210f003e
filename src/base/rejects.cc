// SPDX-License-Identifier: Apache-2.0
#include "base/rejects.h"

namespace trimtab {
namespace {

struct Entry {
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array<Entry, kRejectReasonsCount> kEntries{{
    {"malformed", "The bytes are not what their content type says."},
    {"unsupported", "The content type, encoding or feature is not supported."},
    {"too_large", "The body, line or message is larger than its bound."},
    {"invalid_labels", "A label name is empty or repeated, or a name or value is not UTF-8."},
    {"label_limit", "The series has too many labels, or a name or value is too long."},
    {"series_limit", "The series bound is reached; new series are refused, existing ones keep working."},
    {"future_timestamp", "The sample lies further in the future than the allowed clock skew."},
    {"too_old", "The sample is older than retention or the accepted window."},
    {"invalid_timestamp",
     "The timestamp is missing or outside the years 1 to 9999, or the series was deleted meanwhile."},
    {"invalid_value", "The value is not a number."},
    {"sample_limit", "The scrape or batch holds more samples than its bound."},
    {"native_histogram", "Native histograms are not stored yet."},
    {"exemplar", "Exemplars are not stored yet."},
    {"delta_out_of_order", "A delta point does not follow the last one of its stream."},
    {"unsupported_point", "The OTLP point's kind or temporality can not be turned into series."},
    {"storage", "The store refused: disk full, shutting down or an I/O error."},
}};

}  // namespace

std::string_view reject_name(RejectReason reason) { return kEntries[static_cast<std::size_t>(reason)].name; }
std::string_view reject_sentence(RejectReason reason) {
  return kEntries[static_cast<std::size_t>(reason)].sentence;
}

Rejects::Rejects(Metrics& metrics, const Clock& clock) : clock_(clock) {
  for (std::size_t i = 0; i < kRejectReasonsCount; ++i) {
    counters_[i] = &metrics.counter("trimtab_rejected_total", "Samples or messages not taken, by reason.",
                                    Labels{{"reason", std::string(kEntries[i].name)}});
  }
}

void Rejects::add(RejectReason reason, std::string_view source, std::string_view detail,
                  std::uint64_t count) {
  counters_[static_cast<std::size_t>(reason)]->add(static_cast<double>(count));
  const std::lock_guard lock(mutex_);
  const TimestampMs now = clock_.now_ms();
  if (now - second_start_ >= kSecondMs || now < second_start_) {
    second_start_ = now;
    in_second_ = 0;
  }
  if (++in_second_ > kSamplesPerSecondMax) return;
  samples_.push_front(
      {now, reason, std::string(source), std::string(detail.substr(0, kDetailBytesMax)), count});
  if (samples_.size() > kSamplesMax) samples_.pop_back();
}

std::uint64_t Rejects::count(RejectReason reason) const {
  return static_cast<std::uint64_t>(counters_[static_cast<std::size_t>(reason)]->value());
}

std::uint64_t Rejects::total() const {
  std::uint64_t sum = 0;
  for (const Counter* counter : counters_) sum += static_cast<std::uint64_t>(counter->value());
  return sum;
}

std::vector<RejectSample> Rejects::samples() const {
  const std::lock_guard lock(mutex_);
  return {samples_.begin(), samples_.end()};
}

}  // namespace trimtab
