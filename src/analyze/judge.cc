// SPDX-License-Identifier: Apache-2.0
#include "analyze/judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "base/check.h"
#include "base/format.h"
#include "kernels/distributions.h"
#include "kernels/quantile.h"

namespace trimtab::analyze {
namespace {

// The tail is fitted to at most some thousands of looks: what lies further out is not known more exactly.
constexpr double kChanceMin = 1e-6;

std::string chance_words(double probability) {
  return probability < kChanceMin ? "less than once in a million"
                                  : "once in " + format_number(std::round(1 / probability));
}

using kernels::Cells;

// The layout of one judgement, in cells:   |<------ reference ------>|<--- recent --->|
//                                          0                    reference_end  [window] size
struct Layout {
  std::size_t size = 0;
  std::size_t window = 0;
  std::size_t recent = 0;
  std::size_t reference_begin = 0;  // cells before it are of another level, see Learnt
  std::size_t reference_end = 0;
  std::size_t reference() const { return reference_end - reference_begin; }
};

Layout lay_out(const Cells& cells, DurationMs window_ms) {
  Layout layout;
  layout.size = cells.count;
  layout.window = window_cells(cells.step_ms, window_ms);
  const auto day = static_cast<std::size_t>(kDayMs / cells.step_ms);
  layout.recent = std::max(layout.window, std::min(cells.count / 8, day));
  layout.reference_end = cells.count > layout.recent ? cells.count - layout.recent : 0;
  return layout;
}

// Where the reference begins: with the level that holds now, where enough of it is known.
std::size_t begin_of_level(const Cells& cells, const Layout& layout, const Learnt& learnt,
                           const JudgeScratch& scratch) {
  const TimestampMs start_ms = cells.end(0) - cells.step_ms;
  if (learnt.level_since_ms <= start_ms) return 0;
  const auto begin =
      static_cast<std::size_t>((learnt.level_since_ms - start_ms + cells.step_ms - 1) / cells.step_ms);
  if (begin + kReferenceCellsMin > layout.reference_end) return 0;
  return scratch.rolling.present(begin, layout.reference_end) >= kReferenceCellsMin ? begin : 0;
}

struct Usual {
  double centre = 0;
  double scale = 0;
  double low = 0;  // central 95 %
  double high = 0;
  double floor = 0;  // the smallest spread believed in
};

std::string period_words(DurationMs period_ms) {
  return period_ms == kWeekMs   ? "week"
         : period_ms == kDayMs  ? "day"
         : period_ms == kHourMs ? "hour"
                                : "cycle of " + format_duration_human(period_ms);
}

// What is expected besides the level, in words.
struct Expected {
  std::string words;  // "": nothing
  bool calendar = false;
  bool first_day = false;
  EventNow event;
};

// Takes scratch.profile off.
void take_off_profile(const Layout& layout, JudgeScratch& scratch) {
  const std::size_t length = scratch.profile.size();
  for (std::size_t i = 0; i < layout.size; ++i) {
    scratch.residual[i] -= scratch.profile[i % length];
    scratch.season[i] += scratch.profile[i % length];
  }
}

// Takes what was learnt of the series' times off the residual: the calendar, or the profile of each season.
void remove_seasons(const Cells& cells, const Layout& layout, const Learnt& learnt, const CalendarView& view,
                    JudgeScratch& scratch, Expected& expected) {
  if (learnt.calendar_gain > 0) {
    expected.calendar = take_off_calendar(cells, layout.reference_end, view, scratch.expecting,
                                          scratch.residual, scratch.season);
    if (expected.calendar)
      expected.words = fmt::format(
          "calendar (hours of workdays and of weekend days, {:.0f} % nearer than a plain day or week)",
          100 * learnt.calendar_gain);
  }
  for (const std::uint32_t period_ms : learnt.season_ms) {
    if (period_ms == 0 || period_ms % cells.step_ms != 0) continue;
    if (expected.calendar && period_ms >= kDayMs) continue;
    const auto length = static_cast<std::size_t>(period_ms / cells.step_ms);
    if (length < 4 || layout.reference_end / length < kernels::kCyclesMin) continue;
    scratch.profile.resize(length);
    kernels::seasonal_profile({scratch.residual.data(), layout.reference_end}, length, scratch.seasonality,
                              scratch.profile);
    take_off_profile(layout, scratch);
    expected.words += (expected.words.empty() ? "" : " and ") + period_words(period_ms);
  }
}

// One day does not tell how much larger or smaller the swing of another one is. What the last cells are off
// by such a difference is taken for one: kFirstDaySwing of the profile, towards the middle of the later days.
void allow_other_swing(const Layout& layout, std::size_t day, JudgeScratch& scratch) {
  scratch.values.clear();
  for (std::size_t i = day; i < layout.reference_end; ++i) {
    if (!std::isnan(scratch.residual[i])) scratch.values.push_back(scratch.residual[i]);
  }
  if (scratch.values.empty()) return;
  const double centre = kernels::median_in_place(scratch.values);
  for (std::size_t i = layout.reference_end; i < layout.size; ++i) {
    const double off = scratch.residual[i] - centre;
    const double allowed = kFirstDaySwing * std::abs(scratch.profile[i % day]);
    scratch.residual[i] -= std::clamp(off, -allowed, allowed);
  }
}

// Takes the first day off the later ones. It is no reference then: it fits itself.
void remove_first_day(const Cells& cells, Layout& layout, const Learnt& learnt, JudgeScratch& scratch,
                      Expected& expected) {
  if (!learnt.first_day || kDayMs % cells.step_ms != 0) return;
  const auto day = static_cast<std::size_t>(kDayMs / cells.step_ms);
  if (layout.reference_begin > day || layout.reference_end < day + kReferenceCellsMin) return;
  if (scratch.rolling.present(day, layout.reference_end) < kReferenceCellsMin) return;
  scratch.profile.resize(day);
  first_day_profile({scratch.residual.data(), layout.reference_end}, day, scratch.seasonality,
                    scratch.profile);
  take_off_profile(layout, scratch);
  layout.reference_begin = day;
  allow_other_swing(layout, day, scratch);
  expected.first_day = true;
  expected.words += (expected.words.empty() ? "" : " and ") + std::string("first day");
}

Expected remove_expected(const Cells& cells, std::span<const double> values, Layout& layout,
                         const Learnt& learnt, const JudgeOptions& options, JudgeScratch& scratch) {
  static const CalendarView kNoEvents{};
  const CalendarView& view = options.calendar != nullptr ? *options.calendar : kNoEvents;
  Expected expected;
  const bool left_out = leave_out_events(cells, layout.reference_end, view, scratch.residual);
  remove_seasons(cells, layout, learnt, view, scratch, expected);
  remove_first_day(cells, layout, learnt, scratch, expected);
  if (!view.events.empty()) {
    expected.event = expect_events(cells, layout.reference_end, layout.window, view, values,
                                   scratch.expecting, scratch.residual, scratch.season);
  }
  if (left_out || !view.events.empty() || !expected.words.empty()) scratch.rolling.build(scratch.residual);
  return expected;
}

bool all_whole(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(),
                     [](double value) { return std::isnan(value) || value == std::floor(value); });
}

// 1 % of the centre; of a share, 1 % of its distance to the nearer end.
double floor_of(double centre, double resolution, const JudgeOptions& options) {
  const double magnitude =
      options.full_share > 0 ? std::min(std::abs(centre), std::abs(options.full_share - centre)) : centre;
  return kernels::scale_floor(magnitude, resolution);
}

Usual usual_of_reference(const Layout& layout, double resolution, const JudgeOptions& options,
                         JudgeScratch& scratch) {
  scratch.values.clear();
  for (std::size_t i = layout.reference_begin; i < layout.reference_end; ++i) {
    if (!std::isnan(scratch.residual[i])) scratch.values.push_back(scratch.residual[i]);
  }
  Usual usual;
  usual.centre = kernels::median_in_place(scratch.values);
  usual.low = kernels::quantile_in_place(scratch.values, 0.025);
  usual.high = kernels::quantile_in_place(scratch.values, 0.975);
  usual.floor = floor_of(usual.centre, resolution, options);
  const double spread = kernels::mad_in_place(scratch.values, usual.centre);
  // More than half of the cells alike: the width of the central 95 % (2 * 1.96 standard deviations of a
  // normal) still shows what the others do.
  usual.scale = std::max(spread > 0 ? spread : (usual.high - usual.low) / 3.92, usual.floor);
  return usual;
}

// Leaves out of the reference the one past episode, if there was exactly one, it lasted and it was short: an
// incident seen once does not make its repetition usual. Several episodes, and single spikes, are how this
// series behaves, and stay.
bool forget_single_episode(const Layout& layout, const Usual& usual, JudgeScratch& scratch) {
  std::size_t first = layout.reference_end;
  std::size_t last = 0;
  std::size_t span = 0;
  std::size_t beyond = 0;
  for (std::size_t i = layout.reference_begin; i < layout.reference_end; ++i) {
    if (!(std::abs(scratch.residual[i] - usual.centre) > kEpisodeScales * usual.scale)) continue;
    if (first == layout.reference_end) first = i;
    if (i > last + layout.window && first != i) return false;  // a second episode
    last = i;
    span = last - first + 1;
    ++beyond;
  }
  if (beyond < kEpisodeCellsMin || 2 * beyond < span) return false;
  if (static_cast<double>(span) > kEpisodeShareMax * static_cast<double>(layout.reference())) return false;
  std::fill_n(scratch.residual.begin() + static_cast<std::ptrdiff_t>(first), span,
              std::numeric_limits<double>::quiet_NaN());
  return true;
}

// local_usual[b]: the median of the eight block medians that end `recent` before block b.
void prepare_local_usual(const Layout& layout, JudgeScratch& scratch, std::size_t& block) {
  constexpr std::size_t kBlocks = 8;
  block = std::max<std::size_t>(1, layout.recent / kBlocks);
  const std::size_t blocks = layout.size / block;
  scratch.block_medians.assign(blocks, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t b = 0; b < blocks; ++b) {
    scratch.values.clear();
    for (std::size_t i = b * block; i < (b + 1) * block; ++i) {
      if (!std::isnan(scratch.residual[i])) scratch.values.push_back(scratch.residual[i]);
    }
    if (!scratch.values.empty()) scratch.block_medians[b] = kernels::median_in_place(scratch.values);
  }
  scratch.local_usual.assign(blocks + 1, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t b = 2 * kBlocks; b <= blocks; ++b) {
    scratch.values.clear();
    for (std::size_t i = b - 2 * kBlocks; i < b - kBlocks; ++i) {
      if (!std::isnan(scratch.block_medians[i])) scratch.values.push_back(scratch.block_medians[i]);
    }
    if (!scratch.values.empty()) scratch.local_usual[b] = kernels::median_in_place(scratch.values);
  }
}

// Student's t for the next block against `sample`, sliding means of which only every `overlap`-th is
// independent. Their autocorrelation at that distance takes more independence away.
double block_t_probability(std::span<const double> sample, std::size_t overlap, double observed, double floor,
                           std::vector<double>& scratch, double& centre) {
  scratch.assign(sample.begin(), sample.end());
  centre = kernels::median_in_place(scratch);
  const double scale = std::max(kernels::mad_in_place(scratch, centre), floor);
  double products = 0;
  double squares = 0;
  for (std::size_t i = 0; i < sample.size(); ++i) {
    const double here = std::clamp(sample[i] - centre, -4 * scale, 4 * scale);
    squares += here * here;
    if (i >= overlap) products += here * std::clamp(sample[i - overlap] - centre, -4 * scale, 4 * scale);
  }
  const double rho = squares > 0 ? std::clamp(products / squares, 0.0, 0.95) : 0;
  const double blocks =
      static_cast<double>(sample.size()) / static_cast<double>(overlap) * (1 - rho) / (1 + rho);
  if (blocks < 3) return 1;
  const double t = std::abs(observed - centre) / (scale * std::sqrt(1 + 1 / blocks));
  return std::min(1.0, 2 * kernels::student_t_tail(t, blocks - 1));
}

// How rare `observed` is against the sample: by Student's t and by the tail on its side, the less rare
// counts.
double rarity(std::vector<double>& sample, std::size_t overlap, double observed, double floor,
              JudgeScratch& scratch) {
  double centre = 0;
  const double by_t = block_t_probability(sample, overlap, observed, floor, scratch.values, centre);
  if (by_t > kInterestingProbability) return by_t;
  if (observed < centre) {
    for (double& value : sample) value = -value;
    observed = -observed;
  }
  const double by_tail = 2 * kernels::upper_tail_probability(sample, observed, floor, scratch.tail);
  return std::min(1.0, std::max(by_t, by_tail));
}

struct ScaleVerdict {
  double probability = 1;
  double mean = 0;  // of the window that spoke
  std::size_t end = 0;
};

// One window length k: the most unusual of the windows that end within the last `slack` cells.
class ScaleJudge {
 public:
  ScaleJudge(const Layout& layout, const Usual& usual, std::size_t local_block, JudgeScratch& scratch)
      : layout_(layout), usual_(usual), local_block_(local_block), scratch_(scratch) {}

  ScaleVerdict judge(std::size_t k, std::size_t slack) {
    ScaleVerdict verdict;
    const std::size_t present_min = (k + 1) / 2;
    double best = -1;
    for (std::size_t end = layout_.size - slack; end <= layout_.size; ++end) {
      const double mean = scratch_.rolling.mean(end - k, end, present_min);
      if (std::isnan(mean) || std::abs(mean - usual_.centre) <= best) continue;
      best = std::abs(mean - usual_.centre);
      verdict.mean = mean;
      verdict.end = end;
    }
    if (best <= usual_.scale / std::sqrt(static_cast<double>(k))) return verdict;
    const double looks = static_cast<double>(slack) / static_cast<double>(k) + 1;
    verdict.probability = std::min(1.0, looks * probability_of(k, verdict.mean, verdict.end, present_min));
    return verdict;
  }

 private:
  double local_usual(std::size_t end) const {
    const std::size_t block = end / local_block_;
    return block < scratch_.local_usual.size() ? scratch_.local_usual[block]
                                               : std::numeric_limits<double>::quiet_NaN();
  }

  double probability_of(std::size_t k, double mean, std::size_t end, std::size_t present_min) {
    const std::size_t stride = std::max<std::size_t>(1, k / 2);
    const std::size_t overlap = (k + stride - 1) / stride;
    scratch_.level_sample.clear();
    scratch_.move_sample.clear();
    for (std::size_t at = k; at <= layout_.reference_end; at += stride) {
      const double value = scratch_.rolling.mean(at - k, at, present_min);
      if (std::isnan(value)) continue;
      if (at >= layout_.reference_begin + k) scratch_.level_sample.push_back(value);
      const double local = local_usual(at);
      if (!std::isnan(local)) scratch_.move_sample.push_back(value - local);
    }
    if (scratch_.level_sample.size() < 4 * overlap) return 1;
    const double floor_here = std::max(usual_.floor, usual_.scale * 0.1) / std::sqrt(static_cast<double>(k));
    const double by_level = rarity(scratch_.level_sample, overlap, mean, floor_here, scratch_);
    if (by_level > kInterestingProbability) return by_level;
    const double local_now = local_usual(end);
    if (std::isnan(local_now) || scratch_.move_sample.size() < 16 * overlap) return by_level;
    return std::max(by_level, rarity(scratch_.move_sample, overlap, mean - local_now, floor_here, scratch_));
  }

  const Layout& layout_;
  const Usual& usual_;
  const std::size_t local_block_;
  JudgeScratch& scratch_;
};

// The first cell of the window that is clearly off, by two spreads and a quarter of the shift: for what no
// change point dates.
std::size_t first_cell_off(const Layout& layout, const Usual& usual, int direction, double shift,
                           const JudgeScratch& scratch) {
  const double off = std::max(2 * usual.scale, 0.25 * std::abs(shift));
  const std::size_t from = layout.size - std::min(layout.size, layout.window);
  for (std::size_t i = from; i < layout.size; ++i) {
    if ((scratch.residual[i] - usual.centre) * direction > off) return i;
  }
  return from;
}

double median_between(std::span<const double> values, std::size_t from, std::size_t to,
                      std::vector<double>& scratch) {
  scratch.clear();
  for (std::size_t i = from; i < to; ++i) {
    if (!std::isnan(values[i])) scratch.push_back(values[i]);
  }
  return scratch.empty() ? std::numeric_limits<double>::quiet_NaN() : kernels::median_in_place(scratch);
}

// The change-point test that dated the onset, in words.
std::string onset_words(const Onset& onset) {
  const kernels::ChangePoint& change = onset.change;
  std::string words = change.kind == kernels::ChangeKind::kStep
                          ? fmt::format("; begins with a step: t-test p = {}, rank test p = {}",
                                        format_number(std::max(change.t_probability, 1e-12)),
                                        format_number(std::max(change.rank_probability, 1e-12)))
                          : fmt::format("; begins with a bend: t-test p = {}",
                                        format_number(std::max(change.t_probability, 1e-12)));
  if (onset.over) words += "; has come back since";
  return words;
}

struct Spoken {
  ScaleVerdict scale;
  std::size_t k = 0;
};

std::unique_ptr<Unusual> describe(const Cells& cells, std::span<const double> values, const Layout& layout,
                                  const Usual& usual, const Spoken& spoken, const Expected& expected,
                                  double probability, JudgeScratch& scratch) {
  auto unusual = std::make_unique<Unusual>();
  const double shift = spoken.scale.mean - usual.centre;
  unusual->direction = shift >= 0 ? 1 : -1;
  const std::size_t reach = std::max(2 * layout.recent, 4 * layout.window);
  const std::optional<Onset> dated = find_onset(
      std::span<const double>(scratch.residual),
      {.centre = usual.centre, .scale = usual.scale, .shift = shift}, layout.window, reach, scratch.onset);
  const std::size_t onset =
      dated ? dated->cell : first_cell_off(layout, usual, unusual->direction, shift, scratch);
  const std::size_t shown = std::max(onset, layout.size - layout.window);
  unusual->now = median_between(values, shown, layout.size, scratch.values);
  double season = 0;
  for (std::size_t i = shown; i < layout.size; ++i) season += scratch.season[i];
  season /= static_cast<double>(layout.size - shown);
  unusual->usual = usual.centre + season;
  unusual->usual_low = usual.low + season;
  unusual->usual_high = usual.high + season;
  // The median of a short burst can be quiet; the mean of the window that spoke is what was judged.
  if (std::isnan(unusual->now) ||
      (unusual->now - unusual->usual) * unusual->direction < 0.5 * std::abs(shift)) {
    unusual->now = spoken.scale.mean + season;
  }
  unusual->effect = (unusual->now - unusual->usual) / usual.scale;
  unusual->lasting = dated && !dated->over && layout.size - onset >= 2 * layout.window;
  unusual->window = {cells.end(onset) - cells.step_ms, cells.end(layout.size - 1)};
  unusual->compared_with = {cells.end(layout.reference_begin) - cells.step_ms,
                            cells.end(layout.reference_end - 1)};
  unusual->event = expected.event.name;
  unusual->method = unusual->lasting          ? "level_shift"
                    : expected.event.expected ? "event_residual"
                    : expected.calendar       ? "calendar_residual"
                    : !expected.words.empty() ? "seasonal_residual"
                                              : "robust_residual";
  const DurationMs spoke_ms = static_cast<DurationMs>(spoken.k) * cells.step_ms;
  const DurationMs reference_ms = unusual->compared_with.to - unusual->compared_with.from;
  unusual->statistic = fmt::format(
      "{:+.1f} robust standard deviations over {}; by chance {} such looks; "
      "against {} before{}",
      unusual->effect, format_duration_human(spoke_ms), chance_words(probability),
      format_duration_human(reference_ms),
      expected.words.empty() ? "" : ", its " + expected.words + " taken into account");
  if (expected.event.expected) {
    unusual->statistic += fmt::format(", in \"{}\" as in {} of its kind before", expected.event.name,
                                      expected.event.occurrences);
  } else if (!expected.event.name.empty()) {
    unusual->statistic +=
        fmt::format(", during \"{}\", of which too little is known to expect anything", expected.event.name);
  }
  if (layout.reference_begin > 0 && !expected.first_day)
    unusual->statistic += ", since its last change of level";
  if (dated) unusual->statistic += onset_words(*dated);
  return unusual;
}

bool matters(const Unusual& unusual, const JudgeOptions& options) {
  const double change = std::abs(unusual.now - unusual.usual);
  return std::abs(unusual.effect) >= kEffectMin && change >= options.change_min &&
         change >= options.relative_change_min * std::abs(unusual.usual);
}

// True when the verdict is complete without judging: too short, too sparse, or no cell in the window.
bool unjudgeable(const Cells& cells, std::span<const double> values, const Layout& layout,
                 JudgeScratch& scratch, Verdict& verdict) {
  const DurationMs history_ms = static_cast<DurationMs>(cells.count) * cells.step_ms;
  const auto give_up = [&](Unjudged reason, std::string detail) {
    verdict.reason = reason;
    verdict.detail = std::move(detail);
    return true;
  };
  if (history_ms < kHistoryMin || layout.reference_end < kReferenceCellsMin) {
    return give_up(
        Unjudged::kTooShort,
        fmt::format("{} of history in {} values; needs {} and {} values", format_duration_human(history_ms),
                    cells.count, format_duration_human(kHistoryMin), kReferenceCellsMin + layout.recent));
  }
  scratch.rolling.build(values);
  const std::size_t present = scratch.rolling.present(0, layout.reference_end);
  const double share = static_cast<double>(present) / static_cast<double>(layout.reference_end);
  if (present < kReferenceCellsMin || share < kReferencePresentShareMin) {
    return give_up(Unjudged::kTooSparse,
                   fmt::format("values in {:.0f} % of {} intervals; needs {:.0f} %", 100 * share,
                               layout.reference_end, 100 * kReferencePresentShareMin));
  }
  const std::size_t newest = scratch.rolling.present(layout.size - layout.window, layout.size);
  if (newest < 2) {
    return give_up(
        Unjudged::kTooSparse,
        fmt::format("{} values in the last {}; needs 2", newest,
                    format_duration_human(static_cast<DurationMs>(layout.window) * cells.step_ms)));
  }
  return false;
}

bool is_constant(std::span<const double> values) {
  double first = std::numeric_limits<double>::quiet_NaN();
  for (const double value : values) {
    if (std::isnan(value)) continue;
    if (std::isnan(first)) first = value;
    if (value != first) return false;
  }
  return true;
}

}  // namespace

std::size_t reference_cells(const Cells& cells, DurationMs window_ms) {
  return lay_out(cells, window_ms).reference_end;
}

std::size_t window_cells(DurationMs step_ms, DurationMs window_ms) {
  const DurationMs wanted = window_ms > 0 ? window_ms : kWindowMs;
  return std::max(kWindowCellsMin, static_cast<std::size_t>((wanted + step_ms - 1) / step_ms));
}

Verdict judge_cells(const Cells& cells, std::span<const double> values, const JudgeOptions& options,
                    const Learnt& learnt, JudgeScratch& scratch) {
  CHECK(values.size() == cells.count);
  Verdict verdict;
  Layout layout = lay_out(cells, options.window_ms);
  verdict.looks_per_day = static_cast<double>(kDayMs) /
                          static_cast<double>(static_cast<DurationMs>(layout.window) * cells.step_ms);
  scratch.season.assign(values.size(), 0);
  if (unjudgeable(cells, values, layout, scratch, verdict)) return verdict;
  verdict.judged = true;
  verdict.level = scratch.rolling.mean(layout.size - layout.window, layout.size, 1);
  verdict.constant = is_constant(values);
  if (verdict.constant) return verdict;

  scratch.residual.assign(values.begin(), values.end());
  layout.reference_begin = begin_of_level(cells, layout, learnt, scratch);
  const Expected expected = remove_expected(cells, values, layout, learnt, options, scratch);
  const bool counts = options.whole_numbers && all_whole(values);
  const double resolution = counts ? std::max(1.0, options.resolution) : options.resolution;
  const Usual usual = usual_of_reference(layout, resolution, options, scratch);
  if (forget_single_episode(layout, usual, scratch)) scratch.rolling.build(scratch.residual);
  std::size_t local_block = 1;
  prepare_local_usual(layout, scratch, local_block);

  ScaleJudge judge(layout, usual, local_block, scratch);
  Spoken spoken;
  int scales = 0;
  const std::size_t shortest = std::max<std::size_t>(2, layout.window / 6);
  for (const std::size_t k : {shortest, layout.window, 4 * layout.window, 16 * layout.window}) {
    if (k > layout.recent && k > layout.window) break;
    ++scales;
    const ScaleVerdict found = judge.judge(k, k == shortest ? layout.window - shortest : 0);
    if (found.probability >= verdict.probability) continue;
    verdict.probability = found.probability;
    spoken = {found, k};
  }
  verdict.probability = std::min(1.0, verdict.probability * scales);
  if (verdict.probability > kInterestingProbability) return verdict;
  auto unusual = describe(cells, values, layout, usual, spoken, expected, verdict.probability, scratch);
  if (matters(*unusual, options)) {
    verdict.unusual = std::move(unusual);
  } else {
    verdict.probability = std::max(verdict.probability, kInterestingProbability);
  }
  return verdict;
}

}  // namespace trimtab::analyze
