// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

#include "ledger/database.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"

namespace trimtab {

// The ledger in one SQLite file. One connection, one mutex held for the length of a call (disk
// included: the ledger is small and not on the path of samples). Every change is one transaction.
class SqliteLedger final : public Ledger {
 public:
  SqliteLedger(Database database, const Clock& clock, Logger& logger)
      : database_(std::move(database)), clock_(clock), logger_(logger) {}

  Result<std::vector<Finding>> record_pass(const AnalysisPass& pass, std::vector<Finding> findings,
                                           DurationMs resolve_after_ms) override;
  Result<std::vector<Finding>> findings(const FindingFilter& filter) override;
  Result<Finding> finding(std::int64_t id) override;
  Result<Finding> set_finding_state(std::int64_t id, FindingState state, const std::string& by,
                                    const std::string& reason, std::optional<TimestampMs> until_ms) override;
  Result<std::vector<FindingChange>> history(std::int64_t finding_id) override;
  Result<std::optional<AnalysisPass>> last_pass() override;
  Result<Event> add_event(Event event) override;
  Result<std::vector<Event>> events(const EventFilter& filter) override;
  Result<std::vector<Recommendation>> record_advice(const std::vector<std::string>& advisors,
                                                    std::vector<Recommendation> recommendations,
                                                    const std::vector<std::string>& looked_at) override;
  Result<std::vector<Recommendation>> recommendations(const RecommendationFilter& filter) override;
  Result<Recommendation> recommendation(std::int64_t id) override;
  Result<Recommendation> set_recommendation_state(std::int64_t id, RecommendationState state,
                                                  const std::string& by, const std::string& reason) override;
  Result<Change> add_change(Change change) override;
  Result<Change> update_change(Change change, ChangeState expected, std::size_t steps_seen) override;
  Result<std::vector<Change>> changes(const ChangeFilter& filter) override;
  Result<Change> change(std::int64_t id) override;
  Result<bool> take_lease(const std::string& name, const std::string& holder, TimestampMs until_ms) override;
  Status release_lease(const std::string& name, const std::string& holder) override;
  Status put_state(const std::string& key, const std::string& value) override;
  Result<std::optional<std::string>> get_state(const std::string& key) override;
  Result<int> schema_version() override;
  Status check() override;

 private:
  // All below: with mutex_ held.
  struct StateChange {
    FindingState to;
    TimestampMs at_ms;
    std::string by;
    std::string reason;
  };
  Result<Finding> load(std::int64_t id);
  Result<std::optional<Finding>> newest_of(const std::string& fingerprint);
  Status insert(Finding& finding);
  Status update(const Finding& finding);
  Status write_change(std::int64_t id, std::optional<FindingState> from, const StateChange& change);
  Status move(Finding& finding, const StateChange& change);
  Status merge(Finding seen, TimestampMs at, DurationMs resolve_after_ms);
  Status carry_on(Finding known, Finding seen, TimestampMs at);
  Status end_unseen(TimestampMs at, DurationMs resolve_after_ms);
  Status expire_acknowledgements(TimestampMs at);
  Status write_pass(AnalysisPass pass);
  Status trim();
  Result<std::vector<Finding>> live();
  Result<Recommendation> load_recommendation(std::int64_t id);
  Result<std::optional<Recommendation>> newest_advice(const std::string& fingerprint);
  Status write_advice(Recommendation& recommendation);  // id 0: inserts
  Status merge_advice(Recommendation said, TimestampMs now);
  Status end_advice(const std::vector<std::string>& advisors, const std::vector<std::string>& targets,
                    const std::unordered_set<std::string>& said, TimestampMs now);
  Status trim_recommendations();
  Result<std::vector<Recommendation>> find_recommendations(const RecommendationFilter& filter);
  Result<bool> has_live_change(std::int64_t recommendation);
  Status check_entity_is_free(const Change& change);
  Result<Change> load_change(std::int64_t id);

  std::mutex mutex_;
  Database database_;
  const Clock& clock_;
  Logger& logger_;
};

// A stored record back to a Finding; the columns win over the JSON.
Result<Finding> finding_from_row(const Query& row);
// The columns finding_from_row reads, in its order.
#define TRIMTAB_FINDING_COLUMNS "id, state, since_ms, last_seen_ms, ended_ms, record"

}  // namespace trimtab
