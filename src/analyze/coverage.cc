// SPDX-License-Identifier: Apache-2.0
#include "analyze/coverage.h"

#include <array>

namespace trimtab::analyze {
namespace {

// The best that was done with a job: one judged reading makes its series watched.
const Verdict* telling_verdict(const JobResult& result) {
  const Verdict* telling = nullptr;
  for (const Output& output : result.outputs) {
    if (!telling || (output.verdict.judged && (!telling->judged || telling->constant)))
      telling = &output.verdict;
  }
  return telling;
}

void count_unjudged(const Job& job, const Verdict& verdict, std::uint64_t series, Coverage& coverage,
                    std::array<std::size_t, 8>& examples_per_reason) {
  switch (verdict.reason) {
    case Unjudged::kTooShort: coverage.series_too_short += series; break;
    case Unjudged::kStale: coverage.series_stale += series; break;
    case Unjudged::kTooSparse: coverage.series_too_sparse += series; break;
    case Unjudged::kConstant: coverage.series_constant += series; break;
    case Unjudged::kNotNumeric: coverage.series_failed += series; break;
  }
  // A few of each kind tell more than twenty of one.
  std::size_t& shown = examples_per_reason[static_cast<std::size_t>(verdict.reason)];
  if (shown >= kCoverageExamplesMax / 4 || coverage.examples.size() >= kCoverageExamplesMax) return;
  ++shown;
  coverage.examples.push_back({job.labels.to_string(), verdict.reason, verdict.detail});
}

}  // namespace

Coverage count_coverage(const Plan& plan, const std::vector<JobResult>& results, std::uint64_t series_known) {
  Coverage coverage;
  coverage.series_known = series_known;
  std::array<std::size_t, 8> examples_per_reason{};
  for (std::size_t i = 0; i < results.size(); ++i) {
    const Job& job = plan.jobs[i];
    const JobResult& result = results[i];
    coverage.samples_read += job.covers ? result.samples_read : 0;
    if (result.failed && coverage.errors.size() < kCoverageErrorsMax) {
      coverage.errors.push_back(job.labels.to_string() + ": " + result.error);
    }
    if (!job.covers) continue;
    const std::uint64_t series = job.members.size();
    const Verdict* verdict = telling_verdict(result);
    if (!verdict) {
      coverage.series_failed += series;
    } else if (!verdict->judged) {
      count_unjudged(job, *verdict, series, coverage, examples_per_reason);
    } else {
      coverage.series_watched += series;
      coverage.series_constant += verdict->constant ? series : 0;
      coverage.series_without_catalogue += job.signal.inferred ? series : 0;
    }
  }
  return coverage;
}

}  // namespace trimtab::analyze
