// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/index_advisor.h"

#include <fmt/format.h>

#include <cmath>

#include "advise/postgresql/index_recommendation.h"

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;

namespace {

class IndexAdvisor final : public Advisor {
 public:
  IndexAdvisor(Target target, const StudyOptions& options, Metrics& metrics)
      : target_(std::move(target)),
        options_(options),
        history_(options.window_min_ms),
        calls_(metrics.counter("trimtab_advise_what_if_plans_total", "What-if plans asked of targets.",
                               Labels{{"target", target_.name()}})),
        skipped_(metrics.counter("trimtab_advise_statements_skipped_total",
                                 "Statements of the load that the target would not plan, each pass anew.",
                                 Labels{{"target", target_.name()}})),
        exhausted_(metrics.counter("trimtab_advise_what_if_exhausted_total",
                                   "Passes that used up their what-if plans.",
                                   Labels{{"target", target_.name()}})) {}

  std::string name() const override { return "postgresql.index"; }

  Result<std::vector<Recommendation>> advise(const Context& context) override {
    const auto connection =
        TRY(Connection::open({.dsn = target_.dsn, .name = target_.name(), .read_only = true}));
    auto snapshot = read_statements(*connection);
    AdvisedDatabase where{target_.name(), target_.instance, {}};
    if (!snapshot) {
      if (snapshot.error().code() != ErrorCode::kNotFound) return std::unexpected(snapshot.error());
      where.database = TRY(connection->query("/* trimtab */ SELECT current_database()")).text(0, 0);
      return one(not_enough(context, where, snapshot.error().message()));
    }
    where.database = snapshot->database;
    const Workload workload = history_.add(std::move(*snapshot));
    if (workload.window_ms < options_.window_min_ms) {
      const double minutes =
          std::ceil(static_cast<double>(options_.window_min_ms - workload.window_ms) / kMinuteMs);
      return one(not_enough(context, where, fmt::format("{} more minutes of load", minutes)));
    }
    if (workload.queries.empty()) {
      return one(not_enough(
          context, where, "load: no statement ran in the last " + format_duration_human(workload.window_ms)));
    }
    StudyOptions options = options_;
    options.cancelled = context.cancelled;
    const auto study = study_indexes(*connection, workload, options);
    if (!study) {
      if (study.error().code() != ErrorCode::kNotFound && study.error().code() != ErrorCode::kDenied) {
        return std::unexpected(study.error());
      }
      return one(not_enough(context, where, study.error().message()));
    }
    return recommend(context, *study, where);
  }

 private:
  static std::vector<Recommendation> one(Recommendation recommendation) {
    std::vector<Recommendation> out;
    out.push_back(std::move(recommendation));
    return out;
  }

  Recommendation not_enough(const Context& context, const AdvisedDatabase& where, std::string needs) const {
    Recommendation out;
    out.fingerprint = fmt::format("postgresql.index.needs|{}|{}", where.target, where.database);
    out.advisor = name();
    out.state = RecommendationState::kNotEnoughData;
    out.action.target = where.target;
    out.title = fmt::format("No advice on indexes of {} yet", where.database);
    out.why = "What is known is too little to tell which indexes would help.";
    out.needs = std::move(needs);
    out.created_ms = out.updated_ms = context.now_ms;
    out.expires_ms = context.now_ms + kDayMs;
    place(context, where, out);
    return out;
  }

  static void place(const Context& context, const AdvisedDatabase& where, Recommendation& out) {
    out.entity = where.entity();
    const EntityInfo info = context.estate.info(out.entity);
    out.owner = info.owner;
    out.tier = info.tier;
  }

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
      Recommendation recommendation = index_recommendation(study, i, where, context.now_ms);
      place(context, where, recommendation);
      for (const Finding& finding : context.findings) {
        const bool fits = finding.kind == FindingKind::kLatency || finding.kind == FindingKind::kSaturation;
        if (fits && finding.entity == recommendation.entity) recommendation.findings.push_back(finding.id);
      }
      out.push_back(std::move(recommendation));
    }
    return out;
  }

  Target target_;
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
