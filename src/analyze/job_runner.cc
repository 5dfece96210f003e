// SPDX-License-Identifier: Apache-2.0
#include "analyze/job_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "analyze/sparkline.h"
#include "analyze/words.h"
#include "base/format.h"
#include "base/labels.h"
#include "kernels/histogram_quantile.h"

namespace trimtab::analyze {
namespace {

using kernels::Cells;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr double kP95CountMin = 20;  // fewer operations in a cell say nothing about its 95th percentile
constexpr double kP99CountMin = 100;

class JobRun {
 public:
  JobRun(const Job& job, const SeriesSet& set, const JobOptions& options, JobScratch& scratch)
      : job_(job), set_(set), options_(options), scratch_(scratch) {
    scratch_.calendar = {};
    if (options_.calendar.calendar == nullptr) return;
    view_calendar(*options_.calendar.calendar, options_.calendar.spans, job_.entity.to_string(),
                  scratch_.calendar);
  }

  JobResult run() {
    switch (job_.kind) {
      case JobKind::kValue:
      case JobKind::kRate: run_single(); break;
      case JobKind::kHistogram:
        run_family({Reading::kMean, Reading::kOperations, Reading::kP95, Reading::kP99});
        break;
      case JobKind::kErrorShare: run_family({Reading::kErrorShare}); break;
    }
    return std::move(result_);
  }

 private:
  bool read(std::uint32_t index) {
    const TimeRange range{options_.cells.at_ms - options_.cells.history_ms, options_.cells.at_ms};
    const Status status = set_.read(index, range, scratch_.samples);
    if (!status) {
      result_.failed = true;
      result_.error = status.error().message();
      return false;
    }
    if (counting_) result_.samples_read += scratch_.samples.size();
    return true;
  }

  // Says which samples are learnt from; what is read from now on is hashed.
  void plan_learning(const Cells& cells, TimestampMs first_ms) {
    const auto kind = static_cast<char>('0' + static_cast<int>(job_.kind));
    who_ = hash_bytes(job_.entity.to_string() + '\n' + job_.labels.to_string() + '\n' + kind).low;
    const auto phase_ms = static_cast<DurationMs>(who_ % static_cast<std::uint64_t>(kLearnEveryMs));
    learn_cells_ = cells_to_learn(cells, reference_cells(cells, options_.window_ms), first_ms,
                                  options_.cells.history_ms, phase_ms);
    content_ = 0;
    mix(static_cast<std::uint64_t>(learn_cells_.first_end_ms));
    mix(static_cast<std::uint64_t>(learn_cells_.step_ms));
    mix(learn_cells_.count);
    mix_calendar();
    hashing_ = true;
  }

  // The calendar's days, and its events in the time learnt from.
  void mix_calendar() {
    if (learn_cells_.count == 0) return;
    const CalendarView& view = scratch_.calendar;
    mix(static_cast<std::uint64_t>(view.days.utc_offset_minutes));
    mix(view.days.weekend);
    const TimestampMs from_ms = learn_cells_.first_end_ms - learn_cells_.step_ms;
    const TimestampMs to_ms = learn_cells_.end(learn_cells_.count - 1);
    for (const kernels::KnownEvent& event : view.events) {
      if (event.to <= from_ms || event.from > to_ms) continue;
      mix(static_cast<std::uint64_t>(event.from));
      mix(static_cast<std::uint64_t>(event.to));
      mix(event.kind);
    }
  }

  void mix(std::uint64_t more) {
    const std::array<std::uint64_t, 2> both{content_, more};
    content_ = hash_bytes({reinterpret_cast<const char*>(both.data()), sizeof(both)}).low;
  }

  // The samples of the last read that are learnt from: [first, last) of the buffer.
  std::pair<std::size_t, std::size_t> learnt_samples() const {
    if (learn_cells_.count == 0) return {0, 0};
    const auto& times = scratch_.samples.timestamps_ms;
    const TimestampMs from_ms = learn_cells_.first_end_ms - learn_cells_.step_ms;
    const TimestampMs to_ms = learn_cells_.end(learn_cells_.count - 1);
    const auto first = std::upper_bound(times.begin(), times.end(), from_ms);
    return {static_cast<std::size_t>(first - times.begin()),
            static_cast<std::size_t>(std::upper_bound(first, times.end(), to_ms) - times.begin())};
  }

  void hash_samples() {
    if (!hashing_ || options_.memory == nullptr) return;
    const auto [first, last] = learnt_samples();
    const auto bytes = [&]<typename T>(const std::vector<T>& from) {
      return std::string_view(reinterpret_cast<const char*>(from.data() + first), (last - first) * sizeof(T));
    };
    mix(hash_bytes(bytes(scratch_.samples.timestamps_ms)).low);
    mix(hash_bytes(bytes(scratch_.samples.values)).low);
  }

  std::uint64_t who(Reading reading) const { return who_ ^ (static_cast<std::uint64_t>(reading) + 1); }

  std::optional<Learnt> recall(Reading reading) const {
    if (learn_cells_.count < kLearnCellsMin) return Learnt{};
    if (options_.memory == nullptr) return std::nullopt;
    return options_.memory->find(who(reading), content_);
  }

  Learnt learn_now(Reading reading, std::span<const double> values) {
    const Learnt learnt = learn(learn_cells_, values, scratch_.learn, scratch_.calendar);
    if (options_.memory != nullptr) options_.memory->put(who(reading), content_, learnt);
    return learnt;
  }

  Verdict unjudged(Unjudged reason, std::string detail) {
    Verdict verdict;
    verdict.reason = reason;
    verdict.detail = std::move(detail);
    return verdict;
  }

  // True when there is nothing to judge: no samples, ended, or no second sample.
  bool ended(const SeriesFacts& facts, Verdict& verdict) {
    const bool marked = facts.samples > 0 && is_stale_marker(scratch_.samples.values.back());
    if (facts.samples == 0 || marked || is_stale(facts, options_.cells.at_ms)) {
      const DurationMs silent_ms = options_.cells.at_ms - facts.last_ms;
      verdict = unjudged(Unjudged::kStale, facts.samples == 0
                                               ? "no samples in the time looked at"
                                               : "no samples for " + format_duration_human(silent_ms));
      return true;
    }
    if (facts.interval_ms == 0) {
      verdict = unjudged(Unjudged::kTooShort, "a single sample");
      return true;
    }
    return false;
  }

  JudgeOptions judge_options(Reading reading, const Cells& cells) const {
    const Meaning meaning = meaning_of(job_, reading);
    JudgeOptions options;
    options.window_ms = options_.window_ms;
    options.calendar = &scratch_.calendar;
    if (reading == Reading::kRate) options.resolution = 1000.0 / static_cast<double>(cells.step_ms);
    const bool share =
        reading == Reading::kErrorShare || job_.signal.kind == SignalKind::kRatio || is_share(meaning.unit);
    options.whole_numbers = !share && job_.signal.kind != SignalKind::kState;
    if (share) {
      options.full_share = meaning.unit == "percent" ? 100 : 1;
      // Half a point of failing requests matters, half a point of utilisation does not.
      const bool failing = meaning.aspect == "errors" || meaning.aspect == "availability";
      options.relative_change_min = 0;
      options.change_min = (failing ? 0.005 : 0.05) * options.full_share;
      options.resolution = 0.5 * options.change_min;
    } else if (meaning.aspect == "latency" && meaning.unit == "seconds") {
      options.change_min = 0.0005;
    } else if (meaning.aspect == "utilisation" && meaning.unit == "bytes") {
      options.change_min = 8 << 20;  // of memory or disk in use
    } else if (meaning.aspect == "traffic") {
      options.relative_change_min = 0.2;
    }
    return options;
  }

  Verdict judge(Reading reading, const Cells& cells, std::span<const double> values, const Learnt& learnt) {
    Verdict verdict = judge_cells(cells, values, judge_options(reading, cells), learnt, scratch_.judge);
    if (verdict.unusual && improves(reading, *verdict.unusual)) {
      verdict.unusual.reset();
      verdict.probability = 1;
    }
    if (verdict.unusual) verdict.sparkline = draw_sparkline(cells, values, verdict.unusual->window.from);
    return verdict;
  }

  void keep_row(const Cells& cells, Output& output) {
    if (!options_.keep_rows || !output.verdict.judged || output.verdict.constant) return;
    output.row = {.cells = cells, .values = scratch_.values, .residual = scratch_.judge.residual};
  }

  // A move to the better side is no harm and is not reported.
  bool improves(Reading reading, const Unusual& unusual) const {
    const WorseDirection worse = meaning_of(job_, reading).worse;
    return (worse == WorseDirection::kUp && unusual.direction < 0) ||
           (worse == WorseDirection::kDown && unusual.direction > 0);
  }

  void run_single() {
    Output output;
    output.reading = job_.kind == JobKind::kRate ? Reading::kRate : Reading::kValue;
    if (!read(job_.members[0].index)) return;
    const SeriesFacts facts = look_at(scratch_.samples);
    if (ended(facts, output.verdict)) {
      result_.outputs.push_back(std::move(output));
      return;
    }
    const Cells cells = choose_cells(facts, options_.cells);
    plan_learning(cells, facts.first_ms);
    hash_samples();
    const auto resample = output.reading == Reading::kRate ? kernels::resample_rate : kernels::resample_mean;
    std::optional<Learnt> learnt = recall(output.reading);
    if (!learnt) {
      const auto [first, last] = learnt_samples();
      scratch_.learn.values.resize(learn_cells_.count);
      resample(std::span(scratch_.samples.timestamps_ms).subspan(first, last - first),
               std::span(scratch_.samples.values).subspan(first, last - first), learn_cells_,
               scratch_.learn.values);
      learnt = learn_now(output.reading, scratch_.learn.values);
    }
    scratch_.values.resize(cells.count);
    resample(scratch_.samples.timestamps_ms, scratch_.samples.values, cells, scratch_.values);
    output.verdict = judge(output.reading, cells, scratch_.values, *learnt);
    keep_row(cells, output);
    look_for_limit(cells, *learnt, output.verdict);
    look_for_drift(cells, output.verdict);
    look_for_down(cells, output.verdict);
    result_.outputs.push_back(std::move(output));
  }

  // What grows in use without end; a limit that will be reached says it better.
  void look_for_drift(const Cells& cells, Verdict& verdict) {
    const Signal& signal = job_.signal;
    const bool amount = signal.kind == SignalKind::kGauge && signal.aspect == "utilisation" &&
                        signal.worse == WorseDirection::kUp && !signal.inferred;
    if (!amount || !verdict.judged || verdict.constant) return;
    if (verdict.limit && verdict.limit->exhaustion) return;
    Drift drift = judge_drift(cells, scratch_.values, scratch_.judge.season, scratch_.drift);
    if (!drift.unusual) return;
    verdict.probability = std::min(verdict.probability, drift.probability);
    verdict.unusual = std::move(drift.unusual);
    verdict.sparkline = draw_sparkline(cells, scratch_.values, verdict.unusual->window.from);
  }

  void look_for_limit(const Cells& cells, const Learnt& learnt, Verdict& verdict) {
    LimitOptions options;
    if (job_.limit_member != kNoMember) {
      if (!read(job_.limit_member) || scratch_.samples.size() == 0) return;
      options.limit = scratch_.samples.values.back();
      options.limit_source = job_.signal.limit_metric;
    } else if (job_.signal.limit_value) {
      options.limit = *job_.signal.limit_value;
      options.limit_source = "catalogue: " + format_with_unit(options.limit, job_.signal.unit);
    } else {
      return;
    }
    options.free_amount = job_.signal.worse == WorseDirection::kDown;
    options.saturation_at = job_.signal.saturation_at;
    options.horizon_ms = options_.horizon_ms;
    options.season_ms = learnt.season_ms;
    options.driver = driver_of(options_.drivers, job_.entity, job_.labels.metric_name());
    options.window_cells = window_cells(cells.step_ms, options_.window_ms);
    const bool seasonal = verdict.judged && !verdict.constant;
    const std::span<const double> season =
        seasonal ? std::span<const double>(scratch_.judge.season) : std::span<const double>();
    verdict.limit = judge_limit(cells, scratch_.values, season, options, scratch_.limits);
    if (verdict.limit && verdict.sparkline.values.empty()) {
      verdict.sparkline = draw_sparkline(cells, scratch_.values, cells.first_end_ms);
    }
  }

  void look_for_down(const Cells& cells, Verdict& verdict) {
    const Signal& signal = job_.signal;
    if (signal.kind != SignalKind::kState || signal.aspect != "availability") return;
    if (signal.worse != WorseDirection::kDown) return;
    const std::size_t window = std::min(cells.count, kWindowCellsMin);
    std::size_t zeros = 0;
    for (std::size_t i = cells.count - window; i < cells.count; ++i) {
      if (scratch_.values[i] > 0) return;
      zeros += scratch_.values[i] == 0;
    }
    verdict.down = zeros >= 2;
    if (verdict.down && verdict.sparkline.values.empty()) {
      verdict.sparkline = draw_sparkline(cells, scratch_.values, cells.first_end_ms);
    }
  }

  // The cells of a job with many members: from the first member that has two samples and is not over.
  bool prepare(Cells& cells, Verdict& verdict) {
    for (const Member& member : job_.members) {
      if (!read(member.index)) return false;
      const SeriesFacts facts = look_at(scratch_.samples);
      if (ended(facts, verdict)) continue;
      cells = choose_cells(facts, options_.cells);
      plan_learning(cells, facts.first_ms);
      return true;
    }
    return false;
  }

  bool read_member(const Member& member) {
    if (!read(member.index)) return false;
    hash_samples();
    return true;
  }

  // Adds the increases of the member read last; `cut`: of the samples learnt from alone.
  void add_increase(const Cells& cells, bool cut, std::span<double> out) const {
    std::pair<std::size_t, std::size_t> used{0, scratch_.samples.size()};
    if (cut) used = learnt_samples();
    const std::size_t count = used.second - used.first;
    kernels::add_increase(std::span(scratch_.samples.timestamps_ms).subspan(used.first, count),
                          std::span(scratch_.samples.values).subspan(used.first, count), cells, out);
  }

  // What has many members is read once when all that was learnt of it is remembered; else it is read for the
  // cells to learn from, and once more.
  void run_family(std::vector<Reading> readings) {
    Cells cells;
    Output none{.reading = readings.front(), .verdict = {}};
    if (!prepare(cells, none.verdict)) {
      result_.outputs.push_back(std::move(none));
      return;
    }
    result_.samples_read = 0;
    collect(cells, false);
    hashing_ = false;
    counting_ = false;
    if (job_.kind == JobKind::kHistogram && scratch_.bounds.empty()) readings.resize(2);
    std::vector<Learnt> learnt;
    for (const Reading reading : readings) {
      const std::optional<Learnt> known = recall(reading);
      if (!known) break;
      learnt.push_back(*known);
    }
    if (learnt.size() < readings.size()) {
      learnt.clear();
      collect(learn_cells_, true);
      for (const Reading reading : readings) {
        scratch_.learn.values.resize(learn_cells_.count);
        fill(reading, learn_cells_, scratch_.learn.values);
        learnt.push_back(learn_now(reading, scratch_.learn.values));
      }
      collect(cells, false);
    }
    scratch_.values.resize(cells.count);
    for (std::size_t i = 0; i < readings.size(); ++i) {
      fill(readings[i], cells, scratch_.values);
      Output output{.reading = readings[i], .verdict = judge(readings[i], cells, scratch_.values, learnt[i])};
      keep_row(cells, output);
      result_.outputs.push_back(std::move(output));
    }
  }

  void collect(const Cells& cells, bool cut) {
    if (job_.kind == JobKind::kHistogram) {
      collect_histogram(cells, cut);
    } else {
      collect_error_share(cells, cut);
    }
  }

  void collect_histogram(const Cells& cells, bool cut) {
    scratch_.bounds.clear();
    for (const Member& member : job_.members) {
      if (member.role == 'b') scratch_.bounds.push_back(member.bound);
    }
    std::sort(scratch_.bounds.begin(), scratch_.bounds.end());
    scratch_.bounds.erase(std::unique(scratch_.bounds.begin(), scratch_.bounds.end()), scratch_.bounds.end());
    scratch_.buckets.assign(scratch_.bounds.size() * cells.count, kNone);
    scratch_.sum.assign(cells.count, kNone);
    scratch_.count.assign(cells.count, kNone);
    for (const Member& member : job_.members) {
      std::span<double> out = member.role == 's' ? scratch_.sum : scratch_.count;
      if (member.role == 'b') {
        const auto row = std::lower_bound(scratch_.bounds.begin(), scratch_.bounds.end(), member.bound);
        out =
            std::span(scratch_.buckets)
                .subspan(static_cast<std::size_t>(row - scratch_.bounds.begin()) * cells.count, cells.count);
      }
      if (read_member(member)) add_increase(cells, cut, out);
    }
  }

  void collect_error_share(const Cells& cells, bool cut) {
    scratch_.count.assign(cells.count, kNone);
    scratch_.failures.assign(cells.count, 0);
    for (const Member& member : job_.members) {
      if (!read_member(member)) continue;
      add_increase(cells, cut, scratch_.count);
      if (member.role == 'e') add_increase(cells, cut, scratch_.failures);
    }
  }

  // The cells of a reading of what was collected.
  void fill(Reading reading, const Cells& cells, std::span<double> out) {
    const double seconds = static_cast<double>(cells.step_ms) / 1000;
    const bool tail = reading == Reading::kP99;
    for (std::size_t i = 0; i < cells.count; ++i) {
      switch (reading) {
        case Reading::kMean: out[i] = share_of(scratch_.sum[i], scratch_.count[i]); break;
        case Reading::kOperations: out[i] = scratch_.count[i] / seconds; break;
        case Reading::kErrorShare: out[i] = share_of(scratch_.failures[i], scratch_.count[i]); break;
        default: out[i] = quantile_of(i, cells.count, tail ? 0.99 : 0.95, tail ? kP99CountMin : kP95CountMin);
      }
    }
  }

  static double share_of(double part, double whole) { return whole > 0 ? part / whole : kNone; }

  double quantile_of(std::size_t cell, std::size_t cells, double q, double count_min) {
    const std::size_t rows = scratch_.bounds.size();
    scratch_.cumulative.resize(rows);
    for (std::size_t row = 0; row < rows; ++row)
      scratch_.cumulative[row] = scratch_.buckets[row * cells + cell];
    const bool enough = scratch_.cumulative.back() >= count_min;
    return enough ? kernels::histogram_quantile(scratch_.bounds, scratch_.cumulative, q) : kNone;
  }

  const Job& job_;
  const SeriesSet& set_;
  const JobOptions& options_;
  JobScratch& scratch_;
  JobResult result_;
  Cells learn_cells_;
  std::uint64_t who_ = 0;
  std::uint64_t content_ = 0;
  bool hashing_ = false;
  bool counting_ = true;
};

std::string rate_words(const Job& job, std::string_view ending, std::string_view more) {
  const std::string metric = std::string(job.labels.metric_name()) + std::string(ending);
  std::string selector = job.labels.with(kMetricName, metric).to_string();
  if (!more.empty()) {
    const bool bare = selector.back() != '}';
    if (!bare) selector.pop_back();
    selector += (bare ? "{" : ", ") + std::string(more) + "}";
  }
  return "rate(" + selector + "[5m])";
}

std::string quantile_words(const Job& job, std::string_view q) {
  return fmt::format("histogram_quantile({}, sum by (le) ({}))", q, rate_words(job, "_bucket", ""));
}

}  // namespace

JobResult run_job(const Job& job, const SeriesSet& set, const JobOptions& options, JobScratch& scratch) {
  return JobRun(job, set, options, scratch).run();
}

Meaning meaning_of(const Job& job, Reading reading) {
  const Signal& signal = job.signal;
  switch (reading) {
    case Reading::kValue: return {signal.aspect, signal.unit, signal.worse};
    case Reading::kRate: return {signal.aspect, signal.unit, signal.worse};
    case Reading::kMean: return {signal.aspect, signal.unit, signal.worse};
    case Reading::kP95: return {signal.aspect, signal.unit, signal.worse};
    case Reading::kP99: return {signal.aspect, signal.unit, signal.worse};
    case Reading::kOperations: return {"traffic", "1/s", WorseDirection::kBoth};
    case Reading::kErrorShare: return {"errors", "ratio", WorseDirection::kUp};
  }
  return {};
}

std::string expression_of(const Job& job, Reading reading) {
  if (!job.signal.expression.empty()) return job.signal.expression;
  switch (reading) {
    case Reading::kValue: return "value";
    case Reading::kRate: return "rate";
    case Reading::kMean:
      return fmt::format("sum({}) / sum({})", rate_words(job, "_sum", ""), rate_words(job, "_count", ""));
    case Reading::kP95: return quantile_words(job, "0.95");
    case Reading::kP99: return quantile_words(job, "0.99");
    case Reading::kOperations: return fmt::format("sum({})", rate_words(job, "_count", ""));
    case Reading::kErrorShare:
      return fmt::format("sum({}) / sum({})", rate_words(job, "", job.failure_selector),
                         rate_words(job, "", ""));
  }
  return {};
}

}  // namespace trimtab::analyze
