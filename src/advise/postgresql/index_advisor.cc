// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/index_advisor.h"

#include <fmt/format.h>

#include <cmath>

#include "advise/postgresql/index_recommendation.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;

namespace {

class IndexAdvisor final : public DatabaseAdvisor {
 public:
  IndexAdvisor(Target of, const StudyOptions& options, Metrics& metrics)
      : DatabaseAdvisor(std::move(of), "postgresql.index"),
        options_(options),
        history_(options.window_min_ms),
        calls_(metrics.counter("trimtab_advise_what_if_plans_total", "What-if plans asked of targets.",
                               Labels{{"target", target().name()}})),
        skipped_(metrics.counter("trimtab_advise_statements_skipped_total",
                                 "Statements of the load that the target would not plan, each pass anew.",
                                 Labels{{"target", target().name()}})),
        exhausted_(metrics.counter("trimtab_advise_what_if_exhausted_total",
                                   "Passes that used up their what-if plans.",
                                   Labels{{"target", target().name()}})) {}

 protected:
  Result<std::vector<Recommendation>> look(Connection& connection, const AdvisedDatabase& where,
                                           const Context& context) override {
    const auto needs = [&](std::string what) {
      return std::vector{
          not_enough(where, fmt::format("No advice on indexes of {} yet", where.database), std::move(what))};
    };
    auto snapshot = read_statements(connection);
    if (!snapshot) {
      if (snapshot.error().code() != ErrorCode::kNotFound) return std::unexpected(snapshot.error());
      return needs(snapshot.error().message());
    }
    const Workload workload = history_.add(std::move(*snapshot));
    if (workload.window_ms < options_.window_min_ms) {
      const double minutes =
          std::ceil(static_cast<double>(options_.window_min_ms - workload.window_ms) / kMinuteMs);
      return needs(fmt::format("{} more minutes of load", minutes));
    }
    if (workload.queries.empty()) {
      return needs("load: no statement ran in the last " + format_duration_human(workload.window_ms));
    }
    StudyOptions options = options_;
    options.cancelled = context.cancelled;
    const auto study = study_indexes(connection, workload, options);
    if (!study) {
      if (study.error().code() != ErrorCode::kNotFound && study.error().code() != ErrorCode::kDenied) {
        return std::unexpected(study.error());
      }
      return needs(study.error().message());
    }
    return recommend(context, *study, where);
  }

 private:
  std::vector<Recommendation> recommend(const Context& context, const IndexStudy& study,
                                        const AdvisedDatabase& where) {
    calls_.add(static_cast<double>(study.calls));
    if (study.calls_exhausted) exhausted_.add();
    for (std::size_t i = 0; i < study.queries.size(); ++i) {
      if (study.queries[i].skipped.empty()) continue;
      skipped_.add();
      context.logger.debug("statement not planned", {{"target", where.target},
                                                     {"queryid", study.workload.queries[i].id},
                                                     {"reason", study.queries[i].skipped}});
    }
    std::vector<Recommendation> out;
    for (std::size_t i = 0; i < study.indexes.size(); ++i) {
      if (study.indexes[i].helped.empty()) continue;
      Recommendation recommendation = index_recommendation(study, i, where);
      for (const Finding& finding : context.findings) {
        const bool fits = finding.kind == FindingKind::kLatency || finding.kind == FindingKind::kSaturation;
        if (fits && finding.entity == where.entity()) recommendation.findings.push_back(finding.id);
      }
      out.push_back(std::move(recommendation));
    }
    return out;
  }

  StudyOptions options_;
  SnapshotHistory history_;
  Counter& calls_;
  Counter& skipped_;
  Counter& exhausted_;
};

}  // namespace

std::unique_ptr<Advisor> create_index_advisor(Target target, const StudyOptions& options, Metrics& metrics) {
  return std::make_unique<IndexAdvisor>(std::move(target), options, metrics);
}

}  // namespace trimtab::advise::postgresql
