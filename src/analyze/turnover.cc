// SPDX-License-Identifier: Apache-2.0
#include "analyze/turnover.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "analyze/series_cells.h"
#include "analyze/sparkline.h"
#include "analyze/words.h"
#include "base/format.h"
#include "kernels/quantile.h"
#include "kernels/resample.h"

namespace trimtab::analyze {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
constexpr DurationMs kPastMs = 3 * kHourMs;  // read before a series could have begun, to see that it had not
constexpr std::size_t kCellsShown = 120;
constexpr double kSameSize = 1.25;  // more than all of the change is no share of it

enum class Course { kSilent, kThere, kBegan, kEnded };

struct Turn {
  std::size_t job = 0;
  std::size_t main = 0;  // the evidence it is held against
  Course course = Course::kSilent;
  TimestampMs at_ms = 0;
  double size = 0;   // since it began, or in the hour before it ended
  double share = 0;  // of the change, or of its metric
  Sparkline chart;
};

Reading reading_of(const Job& job) { return job.kind == JobKind::kRate ? Reading::kRate : Reading::kValue; }

// Words of a metric's name that say what is measured: "node_memory_MemAvailable_bytes" -> memory,
// memavailable.
std::set<std::string> words_of(std::string_view metric) {
  constexpr std::string_view kOfNoMatter[] = {"bytes", "seconds", "total", "ratio",  "percent",
                                              "count", "sum",     "per",   "second", "rate",
                                              "node",  "current", "used",  "usage"};
  std::set<std::string> out;
  std::string word;
  for (std::size_t i = 0; i <= metric.size(); ++i) {
    const auto c = static_cast<unsigned char>(i < metric.size() ? metric[i] : ':');
    if (std::isalnum(c) != 0) {
      word.push_back(static_cast<char>(std::tolower(c)));
      continue;
    }
    if (!word.empty() && std::ranges::find(kOfNoMatter, word) == std::end(kOfNoMatter)) out.insert(word);
    word.clear();
  }
  return out;
}

// Amounts and rates in use of one thing add up; memory and disks do not, nor amounts left, nor shares.
bool adds_up(const Job& job, const Evidence& main, const std::set<std::string>& main_words) {
  if (job.kind != JobKind::kValue && job.kind != JobKind::kRate) return false;
  const Meaning meaning = meaning_of(job, reading_of(job));
  if (meaning.unit.empty() || meaning.unit != main.unit || meaning.aspect != main.aspect) return false;
  if (job.labels == main.series) return false;
  const std::set<std::string> words = words_of(job.labels.metric_name());
  if (std::ranges::none_of(words, [&](const std::string& word) { return main_words.contains(word); }))
    return false;
  if (meaning.worse == WorseDirection::kDown || (job.kind == JobKind::kValue && is_share(meaning.unit)))
    return false;
  return meaning.aspect == "utilisation" || meaning.aspect == "traffic" || meaning.aspect == "errors";
}

// Whether what is used rose. Nothing when the finding has no two numbers.
std::optional<bool> rose(const Evidence& main) {
  if (!std::isfinite(main.now) || !std::isfinite(main.usual) || main.now == main.usual) return std::nullopt;
  // An amount left (worse when it falls, and no traffic) is the use upside down.
  const bool left = main.worse == WorseDirection::kDown && main.aspect == "utilisation";
  return (main.now > main.usual) != left;
}

double size_within(const SampleBuffer& samples, Reading reading, TimestampMs from_ms, TimestampMs to_ms) {
  if (from_ms >= to_ms) return kNone;
  const auto& times = samples.timestamps_ms;
  if (reading == Reading::kRate) {
    double increase = kNone;
    kernels::add_increase(times, samples.values, {to_ms, to_ms - from_ms, 1}, {&increase, 1});
    return increase * 1000 / static_cast<double>(to_ms - from_ms);
  }
  std::vector<double> values;
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (times[i] >= from_ms && times[i] <= to_ms && !std::isnan(samples.values[i]))
      values.push_back(samples.values[i]);
  }
  return values.empty() ? kNone : kernels::median_in_place(values);
}

Sparkline chart_of(const Job& job, const SampleBuffer& samples, DurationMs interval_ms,
                   const TimeRange& range, TimestampMs turn_ms) {
  kernels::Cells cells;
  cells.step_ms = std::max<DurationMs>(interval_ms, (range.to - range.from) / kCellsShown + 1);
  cells.count = static_cast<std::size_t>((range.to - range.from) / cells.step_ms);
  cells.first_end_ms = range.to - static_cast<DurationMs>(cells.count - 1) * cells.step_ms;
  std::vector<double> values(cells.count);
  const auto resample = reading_of(job) == Reading::kRate ? kernels::resample_rate : kernels::resample_mean;
  resample(samples.timestamps_ms, samples.values, cells, values);
  return draw_sparkline(cells, values, turn_ms);
}

// What the series did about `since_ms`, judged by its newest stretch without silence; `wanted` says of which
// turn the size is taken of a series that was there all the time.
Turn turn_of(const Job& job, const SampleBuffer& samples, const TimeRange& range, TimestampMs since_ms,
             Course wanted) {
  Turn turn;
  const SeriesFacts facts = look_at(samples);
  if (facts.samples < 2) return turn;
  const auto& times = samples.timestamps_ms;
  const DurationMs silence_ms = std::max(5 * facts.interval_ms, 10 * kMinuteMs);
  const DurationMs lead_ms = std::max(2 * facts.interval_ms, kTurnoverLeadMs);
  std::size_t first = times.size() - 1;
  while (first > 0 && times[first] - times[first - 1] <= silence_ms) --first;
  const TimestampMs first_ms = times[first];
  const bool begins = first > 0 || first_ms - range.from > silence_ms;
  const bool ends = is_stale_marker(samples.values.back()) || range.to - facts.last_ms > silence_ms;
  const DurationMs late_ms = std::max(2 * facts.interval_ms, kTurnoverLateMs);
  const auto is_near = [&](TimestampMs at) { return at >= since_ms - lead_ms && at <= since_ms + late_ms; };
  const Reading reading = reading_of(job);
  if (begins && !ends && is_near(first_ms)) {
    turn.course = Course::kBegan;
    turn.at_ms = first_ms;
    turn.size = size_within(samples, reading, first_ms, range.to);
  } else if (ends && !begins && is_near(facts.last_ms)) {
    turn.course = Course::kEnded;
    turn.at_ms = facts.last_ms;
    turn.size = size_within(samples, reading, facts.last_ms - kHourMs, facts.last_ms - 1);
  } else if (!ends && first_ms <= since_ms) {
    turn.course = Course::kThere;
    turn.size = wanted == Course::kBegan ? size_within(samples, reading, since_ms, range.to)
                                         : size_within(samples, reading, since_ms - kHourMs, since_ms);
  }
  if (turn.course == wanted) turn.chart = chart_of(job, samples, facts.interval_ms, range, turn.at_ms);
  return turn;
}

std::string words(const Turn& turn, const Evidence& main, TimestampMs since_ms) {
  const bool began = turn.course == Course::kBegan;
  const double change = std::abs(main.now - main.usual);
  const DurationMs ahead_ms = since_ms - turn.at_ms;
  const std::string when = std::abs(ahead_ms) <= kMinuteMs ? "at the same time"
                           : ahead_ms > 0                  ? format_duration_human(ahead_ms) + " before"
                                                           : format_duration_human(-ahead_ms) + " after";
  const std::string_view verb = began ? "begins" : "ends";
  if (is_share(main.unit))
    return fmt::format("{} {}; {:.0f} % of all that its metric tells of", verb, when, 100 * turn.share);
  const std::string of = turn.main == 0 ? "" : " of " + std::string(main.series.metric_name());
  const std::string against =
      turn.share <= kSameSize
          ? fmt::format("as much as {:.0f} % of the change{}", 100 * turn.share, of)
          : fmt::format("more than the change{} by {}", of, format_with_unit(change, main.unit));
  return fmt::format("{} {}; its {} {} {}", verb, when, format_with_unit(turn.size, main.unit),
                     began ? "are" : "were", against);
}

Evidence to_evidence(const Job& job, Turn& turn, const Evidence& main, TimestampMs since_ms,
                     const TimeRange& range) {
  const Meaning meaning = meaning_of(job, reading_of(job));
  const bool began = turn.course == Course::kBegan;
  Evidence evidence;
  evidence.series = job.labels;
  evidence.expression = expression_of(job, reading_of(job));
  evidence.domain = job.signal.domain;
  evidence.aspect = meaning.aspect;
  evidence.unit = meaning.unit;
  evidence.worse = meaning.worse;
  evidence.method = began ? kBeganWithIt : kEndedWithIt;
  evidence.statistic = words(turn, main, since_ms);
  evidence.window = {turn.at_ms, range.to};
  evidence.usual = began ? 0 : turn.size;
  evidence.now = began ? turn.size : 0;
  evidence.usual_low = evidence.usual_high = evidence.effect = evidence.score = kNone;  // no past to vary
  evidence.sparkline = std::move(turn.chart.values);
  evidence.sparkline_range = turn.chart.range;
  return evidence;
}

// When what this evidence tells of began.
TimestampMs start_of(const Finding& finding, const Evidence& main) {
  return main.window.empty() || main.window == TimeRange{} ? finding.since_ms : main.window.from;
}

class Explanation {
 public:
  Explanation(const Finding& finding, const Plan& plan, const SeriesSet& set, TimestampMs at_ms)
      : finding_(finding), plan_(plan), set_(set), at_ms_(at_ms) {}

  // What came or went with one series of the finding's evidence.
  void add(std::size_t evidence, std::span<const std::size_t> jobs) {
    const Evidence& main = finding_.evidence[evidence];
    const auto direction = rose(main);
    const TimestampMs since_ms = start_of(finding_, main);
    if (!direction || at_ms_ - since_ms > kTurnoverAgeMax) return;
    const Course wanted = *direction ? Course::kBegan : Course::kEnded;
    const std::set<std::string> main_words = words_of(main.series.metric_name());
    const double change = std::abs(main.now - main.usual);
    std::vector<Turn> turns;
    std::map<std::string, double, std::less<>> totals;    // by metric
    std::map<std::string, double, std::less<>> replaced;  // what turned the other way: one pod for another
    std::size_t there = 0;
    for (const std::size_t job : jobs) {
      if (plan_.jobs[job].entity != finding_.entity || !adds_up(plan_.jobs[job], main, main_words)) continue;
      if (++read_ > kTurnoverReadsMax) continue;
      if (!set_.read(plan_.jobs[job].members[0].index, range(since_ms), samples_)) continue;
      Turn turn = turn_of(plan_.jobs[job], samples_, range(since_ms), since_ms, wanted);
      turn.job = job;
      turn.main = evidence;
      there += turn.course == Course::kThere;
      if (!(turn.size > 0) || turn.course == Course::kSilent) continue;
      const bool stays = turn.course == Course::kThere || turn.course == wanted;
      (stays ? totals : replaced)[std::string(plan_.jobs[job].labels.metric_name())] += turn.size;
      if (turn.course == wanted) turns.push_back(std::move(turn));
    }
    if (turns.size() > there) return;
    for (Turn& turn : turns) {
      const std::string_view metric = plan_.jobs[turn.job].labels.metric_name();
      turn.share = turn.size / (is_share(main.unit) ? totals.find(metric)->second : change);
      const auto other = replaced.find(metric);
      const double net = other == replaced.end() ? 1 : 1 - other->second / turn.size;
      if (turn.share * net >= kTurnoverShareMin) turns_.push_back(std::move(turn));
    }
  }

  // The largest shares, each series once.
  std::vector<Evidence> take() {
    std::ranges::stable_sort(turns_, std::greater<>(), &Turn::share);
    std::vector<Evidence> out;
    std::set<std::size_t> told;
    for (Turn& turn : turns_) {
      if (out.size() == kTurnoverPerFindingMax) break;
      const Evidence& main = finding_.evidence[turn.main];
      const TimestampMs since_ms = start_of(finding_, main);
      const auto same = [&](const Evidence& one) { return one.series == plan_.jobs[turn.job].labels; };
      if (!told.insert(turn.job).second || std::ranges::any_of(finding_.evidence, same)) continue;
      out.push_back(to_evidence(plan_.jobs[turn.job], turn, main, since_ms, range(since_ms)));
    }
    return out;
  }

  std::uint64_t left_out() const { return read_ > kTurnoverReadsMax ? read_ - kTurnoverReadsMax : 0; }

 private:
  TimeRange range(TimestampMs since_ms) const { return {since_ms - kTurnoverLeadMs - kPastMs, at_ms_}; }

  const Finding& finding_;
  const Plan& plan_;
  const SeriesSet& set_;
  const TimestampMs at_ms_;
  SampleBuffer samples_;
  std::vector<Turn> turns_;
  std::uint64_t read_ = 0;
};

}  // namespace

std::uint64_t add_turnover(std::vector<Finding>& findings, std::span<const Neighbourhood> near,
                           const Plan& plan, const SeriesSet& set, TimestampMs at_ms) {
  std::uint64_t left_out = 0;
  for (const Neighbourhood& one : near) {
    Finding& finding = findings[one.finding];
    Explanation explanation(finding, plan, set, at_ms);
    for (std::size_t i = 0; i < finding.evidence.size(); ++i) explanation.add(i, one.jobs);
    std::vector<Evidence> found = explanation.take();
    left_out += explanation.left_out();
    auto& evidence = finding.evidence;
    evidence.insert(evidence.begin() + 1, std::make_move_iterator(found.begin()),
                    std::make_move_iterator(found.end()));
    if (evidence.size() > kEvidencePerFindingMax) evidence.resize(kEvidencePerFindingMax);
  }
  return left_out;
}

}  // namespace trimtab::analyze
