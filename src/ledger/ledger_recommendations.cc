// SPDX-License-Identifier: Apache-2.0
// A recommendation's life: merged by fingerprint, withdrawn when unsaid, moved by people and by changes.
#include <fmt/format.h>

#include <algorithm>

#include "ledger/sqlite_ledger.h"

namespace trimtab {

namespace {

constexpr std::string_view kColumns = "SELECT id, state, record FROM recommendations";

bool is_live(RecommendationState state) {
  return state == RecommendationState::kProposed || state == RecommendationState::kNotEnoughData;
}

// Decided by a person or a change: the advisor's word alone does not move it.
bool is_decided(RecommendationState state) {
  return state == RecommendationState::kAccepted || state == RecommendationState::kDone ||
         state == RecommendationState::kDismissed;
}

Status check_text(std::string_view what, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return invalid(fmt::format("{}: {} bytes; at most {} are kept", what, text.size(), bytes_max));
  }
  if (!is_valid_utf8(text)) return invalid(fmt::format("{}: not UTF-8", what));
  return ok();
}

Status check_advice(const Recommendation& said, const std::vector<std::string>& advisors) {
  if (said.fingerprint.empty()) return invalid("recommendation: without fingerprint");
  TRY(check_text("recommendation: fingerprint", said.fingerprint, 8 << 10));
  if (said.entity.kind.empty() || said.entity.name.empty()) {
    return invalid(fmt::format("recommendation {}: without entity", said.fingerprint));
  }
  TRY(check_text("recommendation: entity", said.entity.to_string(), Ledger::kShortTextBytesMax));
  TRY(check_text("recommendation: target", said.action.target, Ledger::kShortTextBytesMax));
  if (std::find(advisors.begin(), advisors.end(), said.advisor) == advisors.end()) {
    return invalid(fmt::format("recommendation {}: its advisor \"{}\" is not one of {}", said.fingerprint,
                               said.advisor, fmt::join(advisors, ", ")));
  }
  if (!is_live(said.state)) {
    return invalid(fmt::format("recommendation {}: an advisor says proposed or not_enough_data, not {}",
                               said.fingerprint, to_string(said.state)));
  }
  return ok();
}

bool may_move(RecommendationState from, RecommendationState to) {
  using enum RecommendationState;
  switch (to) {
    case kAccepted: return from == kProposed || from == kAccepted || from == kDone;  // taken back after all
    case kDone: return from == kAccepted || from == kDone;
    case kDismissed: return is_live(from);
    case kWithdrawn:
    case kExpired: return is_live(from);
    case kProposed: return from == kDismissed || from == kAccepted || from == kWithdrawn || from == kExpired;
    case kNotEnoughData: break;
  }
  return false;
}

double finite_or_zero(double value) { return value >= -1e300 && value <= 1e300 ? value : 0; }

Result<Recommendation> from_row(const Query& row) {
  const std::int64_t id = row.integer(0);
  auto parsed = recommendation_from_json(row.text(2));
  if (!parsed)
    return fail(ErrorCode::kCorrupt, fmt::format("ledger: R-{}: {}", id, parsed.error().message()));
  parsed->id = id;
  parsed->state = TRY(parse_recommendation_state(row.text(1)));
  return parsed;
}

}  // namespace

Result<Recommendation> SqliteLedger::load_recommendation(std::int64_t id) {
  Query query = TRY(database_.query("SELECT id, state, record FROM recommendations WHERE id = ?"));
  query.bind(1, id);
  if (!TRY(query.step()))
    return fail(ErrorCode::kNotFound, fmt::format("there is no recommendation R-{}", id));
  return from_row(query);
}

Result<std::optional<Recommendation>> SqliteLedger::newest_advice(const std::string& fingerprint) {
  Query query = TRY(database_.query(
      "SELECT id, state, record FROM recommendations WHERE fingerprint = ? ORDER BY id DESC LIMIT 1"));
  query.bind(1, fingerprint);
  if (!TRY(query.step())) return std::nullopt;
  return TRY(from_row(query));
}

Status SqliteLedger::write_advice(Recommendation& recommendation) {
  const std::string json = to_json(recommendation);
  if (json.size() > kRecordBytesMax) {
    return fail(ErrorCode::kLimit, fmt::format("recommendation {}: {} bytes as JSON; at most {} are kept",
                                               recommendation.fingerprint, json.size(), kRecordBytesMax));
  }
  Query query = TRY(database_.query(
      "INSERT INTO recommendations (id, fingerprint, state, advisor, target, entity_kind, entity_name, "
      "benefit_time, benefit_money, created_ms, updated_ms, expires_ms, record) VALUES (?1, ?2, ?3, ?4, ?5, "
      "?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) ON CONFLICT (id) DO UPDATE SET state = ?3, advisor = ?4, target = "
      "?5, entity_kind = ?6, entity_name = ?7, benefit_time = ?8, benefit_money = ?9, updated_ms = ?11, "
      "expires_ms = ?12, record = ?13"));
  if (recommendation.id != 0) query.bind(1, recommendation.id);
  query.bind(2, recommendation.fingerprint).bind(3, to_string(recommendation.state));
  query.bind(4, recommendation.advisor).bind(5, recommendation.action.target);
  query.bind(6, recommendation.entity.kind).bind(7, recommendation.entity.name);
  const double weight = risk_weight(recommendation.risk);
  query.bind(8, finite_or_zero(recommendation.benefit_seconds_per_day) / weight);
  query.bind(9, finite_or_zero(recommendation.benefit_money_per_month) / weight);
  query.bind(10, recommendation.created_ms).bind(11, recommendation.updated_ms);
  query.bind(12, recommendation.expires_ms).bind(13, json);
  TRY(query.run());
  if (recommendation.id == 0) recommendation.id = database_.last_row_id();
  return ok();
}

Result<bool> SqliteLedger::has_live_change(std::int64_t recommendation) {
  Query query =
      TRY(database_.query("SELECT 1 FROM changes WHERE recommendation = ? AND ended = 0 AND recommendation "
                          "<> 0 LIMIT 1"));
  query.bind(1, recommendation);
  return query.step();
}

Status SqliteLedger::merge_advice(Recommendation said, TimestampMs now) {
  said.id = 0;
  said.created_ms = now;
  said.updated_ms = now;
  said.state_by.clear();
  said.state_reason.clear();
  const std::optional<Recommendation> known = TRY(newest_advice(said.fingerprint));
  if (known && is_decided(known->state)) {
    if (now - known->updated_ms < kAdviceRestMs || TRY(has_live_change(known->id))) return ok();
  } else if (known) {
    said.id = known->id;
    said.created_ms = known->created_ms;
  }
  return write_advice(said);
}

// Live ones that are past their time expire; those of these advisors and targets that were not said again
// are withdrawn.
Status SqliteLedger::end_advice(const std::vector<std::string>& advisors,
                                const std::vector<std::string>& targets,
                                const std::unordered_set<std::string>& said, TimestampMs now) {
  const auto among = [](const std::vector<std::string>& all, const std::string& one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  RecommendationFilter live;
  live.states = {RecommendationState::kProposed, RecommendationState::kNotEnoughData};
  live.limit = kRecordsPerQueryMax;
  for (Recommendation& known : TRY(find_recommendations(live))) {
    const bool unsaid = !said.contains(known.fingerprint) && among(advisors, known.advisor) &&
                        among(targets, known.action.target);
    const bool old = known.expires_ms != 0 && known.expires_ms <= now;
    if (!unsaid && !old) continue;
    known.state = unsaid ? RecommendationState::kWithdrawn : RecommendationState::kExpired;
    known.state_reason = unsaid ? "its reason is gone" : "it was not acted on in time";
    known.updated_ms = now;
    TRY(write_advice(known));
  }
  return ok();
}

Status SqliteLedger::trim_recommendations() {
  Query query = TRY(database_.query(
      "DELETE FROM recommendations WHERE id IN (SELECT id FROM recommendations WHERE state IN ('done', "
      "'dismissed', 'withdrawn', 'expired') ORDER BY updated_ms DESC, id DESC LIMIT -1 OFFSET ?)"));
  query.bind(1, static_cast<std::int64_t>(kRecommendationsKept));
  return query.run();
}

Result<std::vector<Recommendation>> SqliteLedger::record_advice(const std::vector<std::string>& advisors,
                                                                std::vector<Recommendation> recommendations,
                                                                const std::vector<std::string>& looked_at) {
  if (recommendations.size() > kAdvicePerCallMax) {
    return fail(ErrorCode::kLimit, fmt::format("{} recommendations at once; at most {} are taken",
                                               recommendations.size(), kAdvicePerCallMax));
  }
  std::vector<std::string> targets = looked_at;
  std::unordered_set<std::string> said;
  for (const Recommendation& one : recommendations) {
    TRY(check_advice(one, advisors));
    targets.push_back(one.action.target);
  }
  const TimestampMs now = clock_.now_ms();
  const std::lock_guard lock(mutex_);
  Transaction transaction = TRY(Transaction::begin(database_));
  for (Recommendation& one : recommendations) {
    if (!said.insert(one.fingerprint).second) continue;
    TRY(merge_advice(std::move(one), now));
  }
  TRY(end_advice(advisors, targets, said, now));
  TRY(trim_recommendations());
  RecommendationFilter live;
  live.states = {RecommendationState::kProposed, RecommendationState::kNotEnoughData};
  live.limit = kRecordsPerQueryMax;
  auto out = TRY(find_recommendations(live));
  TRY(transaction.commit());
  return out;
}

Result<std::vector<Recommendation>> SqliteLedger::find_recommendations(const RecommendationFilter& filter) {
  static const std::string sql =
      std::string(kColumns) +
      " WHERE (?1 IS NULL OR (entity_kind = ?1 AND entity_name = ?2)) AND (?3 = 0 OR (?3 & (CASE state WHEN "
      "'proposed' THEN 1 WHEN 'not_enough_data' THEN 2 WHEN 'accepted' THEN 4 WHEN 'done' THEN 8 WHEN "
      "'dismissed' THEN 16 WHEN 'withdrawn' THEN 32 ELSE 64 END)) <> 0) ORDER BY CASE state WHEN 'proposed' "
      "THEN 0 WHEN 'not_enough_data' THEN 1 ELSE 2 END, benefit_time DESC, benefit_money DESC, id LIMIT ?4";
  Query query = TRY(database_.query(sql));
  if (filter.entity) query.bind(1, filter.entity->kind).bind(2, filter.entity->name);
  std::int64_t states = 0;
  for (const RecommendationState state : filter.states) states |= std::int64_t{1} << static_cast<int>(state);
  query.bind(3, states).bind(4, static_cast<std::int64_t>(std::min(filter.limit, kRecordsPerQueryMax)));
  std::vector<Recommendation> out;
  while (TRY(query.step())) out.push_back(TRY(from_row(query)));
  return out;
}

Result<std::vector<Recommendation>> SqliteLedger::recommendations(const RecommendationFilter& filter) {
  const std::lock_guard lock(mutex_);
  return find_recommendations(filter);
}

Result<Recommendation> SqliteLedger::recommendation(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  return load_recommendation(id);
}

Result<Recommendation> SqliteLedger::set_recommendation_state(std::int64_t id, RecommendationState state,
                                                              const std::string& by,
                                                              const std::string& reason) {
  TRY(check_text("by", by, kShortTextBytesMax));
  TRY(check_text("reason", reason, kReasonBytesMax));
  if (state == RecommendationState::kDismissed && (by.empty() || reason.empty())) {
    return invalid("dismissing a recommendation needs who and why");
  }
  const std::lock_guard lock(mutex_);
  Transaction transaction = TRY(Transaction::begin(database_));
  Recommendation known = TRY(load_recommendation(id));
  if (!may_move(known.state, state)) {
    return fail(ErrorCode::kConflict,
                fmt::format("R-{} is {} and cannot become {}", id, to_string(known.state), to_string(state)));
  }
  const bool with_change = state == RecommendationState::kAccepted || state == RecommendationState::kDone;
  if (!with_change && TRY(has_live_change(id))) {
    return fail(ErrorCode::kConflict, fmt::format("R-{} has a change that has not ended", id));
  }
  const std::optional<Recommendation> newest = TRY(newest_advice(known.fingerprint));
  if (newest && newest->id != id && is_live(state)) {
    return fail(ErrorCode::kConflict, fmt::format("R-{} says the same as R-{} and is newer", newest->id, id));
  }
  known.state = state;
  known.state_by = by;
  known.state_reason = reason;
  known.updated_ms = clock_.now_ms();
  TRY(write_advice(known));
  TRY(transaction.commit());
  return known;
}

}  // namespace trimtab
