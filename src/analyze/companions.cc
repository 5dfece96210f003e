// SPDX-License-Identifier: Apache-2.0
#include "analyze/companions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "analyze/findings.h"
#include "analyze/sparkline.h"
#include "analyze/work_pool.h"
#include "base/format.h"
#include "kernels/correlate/changed_rows.h"
#include "kernels/quantile.h"

namespace trimtab::analyze {
namespace {

using kernels::RowChange;

// One look at one row for one finding.
struct Look {
  std::size_t job = 0;
  const Output* output = nullptr;
  std::size_t first = 0;  // cells of the row looked at: [first, size), the window starts at `begin`
  std::size_t begin = 0;
  RowChange change;
};

double median_of(std::span<const double> values) {
  std::vector<double> present;
  std::copy_if(values.begin(), values.end(), std::back_inserter(present),
               [](double value) { return !std::isnan(value); });
  return present.empty() ? std::nan("") : kernels::median_in_place(present);
}

std::optional<Look> look_at_row(std::size_t job, const Output& output, TimestampMs since_ms,
                                kernels::ChangedRowsWorkspace& workspace) {
  const Row& row = output.row;
  const std::size_t size = row.residual.size();
  if (size == 0) return std::nullopt;
  const DurationMs lasted_ms = row.cells.end(size - 1) - since_ms;
  const auto lasted = static_cast<std::size_t>(std::max<DurationMs>(0, lasted_ms) / row.cells.step_ms);
  // A row of wide cells needs its five values, as long as they do not reach far before the finding.
  const std::size_t window = std::max(lasted, kernels::kWindowValuesMin);
  if (lasted == 0 || window > 4 * lasted) return std::nullopt;
  Look look{.job = job, .output = &output, .first = 0, .begin = 0, .change = {}};
  if (static_cast<double>(window) > kCompanionWindowShareMax * static_cast<double>(size)) return std::nullopt;
  look.first = size - std::min(size, std::max(kCompanionColumnsMax, 4 * window));
  look.begin = size - window;
  const kernels::RowBlock block{std::span(row.residual).subspan(look.first), size - look.first};
  kernels::scan_changed_rows(block, {look.begin - look.first, size - look.first}, {&look.change, 1},
                             workspace);
  return look;
}

Evidence to_evidence(const Job& job, const Look& look, TimestampMs since_ms, std::size_t judged) {
  const Meaning meaning = meaning_of(job, look.output->reading);
  const Row& row = look.output->row;
  Evidence evidence;
  evidence.series = job.labels;
  evidence.expression = expression_of(job, look.output->reading);
  evidence.domain = job.signal.domain;
  evidence.aspect = meaning.aspect;
  evidence.unit = meaning.unit;
  evidence.worse = meaning.worse;
  evidence.method = "changed_with_it";
  const RowChange& change = look.change;
  evidence.now = median_of(std::span(row.values).subspan(look.begin));
  // The residual's own shift: the season of the window stays in both.
  evidence.usual = evidence.now - (change.window_median - change.reference_median);
  const double scale = std::abs((change.window_median - change.reference_median) / change.shift);
  evidence.usual_low = evidence.usual - 2 * scale;
  evidence.usual_high = evidence.usual + 2 * scale;
  evidence.effect = change.shift;
  evidence.score = 1 - change.probability;
  const std::size_t onset = look.first + change.onset;
  const TimestampMs onset_ms = row.cells.end(onset) - row.cells.step_ms;
  evidence.window = {onset_ms, row.cells.end(row.values.size() - 1)};
  evidence.compared_with = {row.cells.end(look.first) - row.cells.step_ms,
                            row.cells.end(look.begin) - row.cells.step_ms};
  const DurationMs ahead_ms = since_ms - onset_ms;
  const std::string when = std::abs(ahead_ms) < row.cells.step_ms ? "at the same time"
                           : ahead_ms > 0 ? format_duration_human(ahead_ms) + " before"
                                          : format_duration_human(-ahead_ms) + " after";
  evidence.statistic = fmt::format(
      "{} {} by {:+.1f} robust standard deviations, from {}; Kolmogorov-Smirnov test of {}, p = {}, among {} "
      "related "
      "series at a false discovery rate of {:.0f} %",
      "median moved", change.shift > 0 ? "up" : "down", change.shift, when,
      change.evidence == kernels::ChangeEvidence::kLevels ? "levels" : "differences",
      format_number(std::max(change.probability, 1e-12)), judged, 100 * kCompanionFalseShare);
  const Sparkline chart = draw_sparkline(row.cells, row.values, onset_ms);
  evidence.sparkline = chart.values;
  evidence.sparkline_range = chart.range;
  return evidence;
}

bool is_told(const Finding& finding, const Evidence& evidence) {
  return std::any_of(finding.evidence.begin(), finding.evidence.end(), [&](const Evidence& told) {
    return told.series == evidence.series && told.expression == evidence.expression;
  });
}

void explain(Finding& finding, const std::vector<std::size_t>& jobs, const Plan& plan,
             const std::map<std::size_t, JobResult>& rows, kernels::ChangedRowsWorkspace& workspace) {
  std::vector<Look> looks;
  for (const std::size_t job : jobs) {
    const auto found = rows.find(job);
    if (found == rows.end()) continue;
    for (const Output& output : found->second.outputs) {
      if (auto look = look_at_row(job, output, finding.since_ms, workspace)) looks.push_back(*look);
    }
  }
  std::vector<RowChange> changes;
  std::size_t judged = 0;
  for (const Look& look : looks) {
    changes.push_back(look.change);
    judged += look.change.judged;
  }
  std::size_t added = 0;
  for (const std::size_t index : kernels::rank_changed_rows(changes, kCompanionFalseShare)) {
    if (added == kCompanionsPerFindingMax || finding.evidence.size() >= kEvidencePerFindingMax) return;
    if (!(std::abs(changes[index].shift) >= kCompanionShiftMin)) continue;
    Evidence evidence = to_evidence(plan.jobs[looks[index].job], looks[index], finding.since_ms, judged);
    if (is_told(finding, evidence)) continue;
    finding.evidence.push_back(std::move(evidence));
    ++added;
  }
}

}  // namespace

std::uint64_t add_companions(std::vector<Finding>& findings, std::span<const Neighbourhood> near,
                             const Plan& plan, const SeriesSet& set, const JobOptions& options, int threads) {
  std::set<std::size_t> chosen;
  std::uint64_t left_out = 0;
  for (const Neighbourhood& one : near) {
    for (const std::size_t job : one.jobs) {
      if (!chosen.contains(job) && chosen.size() >= kCompanionJobsMax) {
        ++left_out;
        continue;
      }
      chosen.insert(job);
    }
  }
  if (chosen.empty()) return 0;

  const std::vector<std::size_t> order(chosen.begin(), chosen.end());
  JobOptions keeping = options;
  keeping.keep_rows = true;
  std::vector<JobResult> results(order.size());
  std::vector<JobScratch> scratch(worker_count(threads, order.size()));
  for_each_index(
      order.size(), threads,
      [&](std::size_t worker, std::size_t index) {
        results[index] = run_job(plan.jobs[order[index]], set, keeping, scratch[worker]);
      },
      [](std::size_t) { return true; });
  std::map<std::size_t, JobResult> rows;
  for (std::size_t i = 0; i < order.size(); ++i) rows.emplace(order[i], std::move(results[i]));
  kernels::ChangedRowsWorkspace workspace;
  for (const Neighbourhood& one : near) explain(findings[one.finding], one.jobs, plan, rows, workspace);
  return left_out;
}

}  // namespace trimtab::analyze
