// SPDX-License-Identifier: Apache-2.0
// Changes under compare-and-set, and leases.
#include <fmt/format.h>

#include <algorithm>

#include "ledger/sqlite_ledger.h"

namespace trimtab {

namespace {

Result<std::string> checked_json(const Change& change) {
  if (change.entity.kind.empty() || change.entity.name.empty()) return invalid("change: without entity");
  if (change.entity.to_string().size() > Ledger::kShortTextBytesMax) {
    return invalid(fmt::format("change: entity: over {} bytes", Ledger::kShortTextBytesMax));
  }
  if (change.action.type.empty()) return invalid("change: without an action to execute");
  if (change.steps.size() > kChangeStepsMax) {
    return fail(ErrorCode::kLimit, fmt::format("change C-{}: {} steps; at most {} are kept", change.id,
                                               change.steps.size(), kChangeStepsMax));
  }
  std::string json = to_json(change);
  if (json.size() > Ledger::kRecordBytesMax) {
    return fail(ErrorCode::kLimit, fmt::format("change C-{}: {} bytes as JSON; at most {} are kept",
                                               change.id, json.size(), Ledger::kRecordBytesMax));
  }
  return json;
}

Result<Change> from_row(const Query& row) {
  const std::int64_t id = row.integer(0);
  auto parsed = change_from_json(row.text(2));
  if (!parsed)
    return fail(ErrorCode::kCorrupt, fmt::format("ledger: C-{}: {}", id, parsed.error().message()));
  parsed->id = id;
  parsed->state = TRY(parse_change_state(row.text(1)));
  return parsed;
}

}  // namespace

Result<Change> SqliteLedger::load_change(std::int64_t id) {
  Query query = TRY(database_.query("SELECT id, state, record FROM changes WHERE id = ?"));
  query.bind(1, id);
  if (!TRY(query.step())) return fail(ErrorCode::kNotFound, fmt::format("there is no change C-{}", id));
  return from_row(query);
}

Result<Change> SqliteLedger::change(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  return load_change(id);
}

Status SqliteLedger::check_entity_is_free(const Change& change) {
  Query query =
      TRY(database_.query("SELECT id FROM changes WHERE ended = 0 AND id <> ?4 AND ((entity_kind = ?1 AND "
                          "entity_name = ?2) OR (recommendation = ?3 AND ?3 <> 0)) LIMIT 1"));
  query.bind(1, change.entity.kind).bind(2, change.entity.name).bind(3, change.recommendation);
  query.bind(4, change.id);
  if (!TRY(query.step())) return ok();
  return fail(ErrorCode::kConflict, fmt::format("{} already has a change that has not ended: C-{}",
                                                change.entity.to_string(), query.integer(0)));
}

Result<Change> SqliteLedger::add_change(Change change) {
  change.id = 0;
  if (change.created_ms == 0) change.created_ms = clock_.now_ms();
  const std::string json = TRY(checked_json(change));
  const std::lock_guard lock(mutex_);
  Transaction transaction = TRY(Transaction::begin(database_));
  if (change.recommendation != 0) TRY(load_recommendation(change.recommendation));
  if (is_live(change)) TRY(check_entity_is_free(change));
  {
    Query query =
        TRY(database_.query("INSERT INTO changes (recommendation, state, ended, steps, entity_kind, "
                            "entity_name, created_ms, record) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"));
    query.bind(1, change.recommendation).bind(2, to_string(change.state));
    query.bind(3, std::int64_t{!is_live(change)});
    query.bind(4, static_cast<std::int64_t>(change.steps.size()));
    query.bind(5, change.entity.kind).bind(6, change.entity.name).bind(7, change.created_ms).bind(8, json);
    TRY(query.run());
    change.id = database_.last_row_id();
  }
  {
    Query excess =
        TRY(database_.query("DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE ended = "
                            "1 ORDER BY id DESC LIMIT -1 OFFSET ?)"));
    excess.bind(1, static_cast<std::int64_t>(kChangesKept));
    if (change.id > static_cast<std::int64_t>(kChangesKept)) TRY(excess.run());
  }
  TRY(transaction.commit());
  return change;
}

Result<Change> SqliteLedger::update_change(Change change, ChangeState expected, std::size_t steps_seen) {
  const std::string json = TRY(checked_json(change));
  const std::lock_guard lock(mutex_);
  Transaction transaction = TRY(Transaction::begin(database_));
  {
    const Change known = TRY(load_change(change.id));
    if (known.state != expected || known.steps.size() != steps_seen) {
      return fail(ErrorCode::kConflict, fmt::format("C-{} was moved meanwhile: it is {}, expected {}",
                                                    change.id, to_string(known.state), to_string(expected)));
    }
    if (is_ended(known.state) && !is_ended(change.state)) {
      return fail(ErrorCode::kConflict,
                  fmt::format("C-{} has ended ({}) and stays so", change.id, to_string(known.state)));
    }
    if (!is_live(known) && is_live(change)) TRY(check_entity_is_free(change));
  }
  Query query =
      TRY(database_.query("UPDATE changes SET state = ?, ended = ?, steps = ?, record = ? WHERE id = ?"));
  query.bind(1, to_string(change.state)).bind(2, std::int64_t{!is_live(change)});
  query.bind(3, static_cast<std::int64_t>(change.steps.size())).bind(4, json).bind(5, change.id);
  TRY(query.run());
  TRY(transaction.commit());
  return change;
}

Result<std::vector<Change>> SqliteLedger::changes(const ChangeFilter& filter) {
  const std::lock_guard lock(mutex_);
  Query query = TRY(database_.query(
      "SELECT id, state, record FROM changes WHERE (?1 IS NULL OR (entity_kind = ?1 AND entity_name = ?2)) "
      "AND (?3 IS NULL OR recommendation = ?3) AND (?4 = 0 OR (?4 & (CASE state WHEN 'proposed' THEN 1 WHEN "
      "'approved' THEN 2 WHEN 'applying' THEN 4 WHEN 'observing' THEN 8 WHEN 'kept' THEN 16 WHEN "
      "'rolled_back' THEN 32 WHEN 'inconclusive' THEN 64 ELSE 128 END)) <> 0) AND (?6 = 0 OR ended = 0) "
      "ORDER BY id DESC LIMIT ?5"));
  if (filter.entity) query.bind(1, filter.entity->kind).bind(2, filter.entity->name);
  if (filter.recommendation) query.bind(3, *filter.recommendation);
  std::int64_t states = 0;
  for (const ChangeState state : filter.states) states |= std::int64_t{1} << static_cast<int>(state);
  query.bind(4, states).bind(5, static_cast<std::int64_t>(std::min(filter.limit, kRecordsPerQueryMax)));
  query.bind(6, std::int64_t{filter.live});
  std::vector<Change> out;
  while (TRY(query.step())) out.push_back(TRY(from_row(query)));
  return out;
}

Result<bool> SqliteLedger::take_lease(const std::string& name, const std::string& holder,
                                      TimestampMs until_ms) {
  if (name.empty() || holder.empty() || name.size() > kShortTextBytesMax ||
      holder.size() > kShortTextBytesMax) {
    return invalid(fmt::format("lease: name and holder need 1 to {} bytes each", kShortTextBytesMax));
  }
  const std::lock_guard lock(mutex_);
  Query query = TRY(database_.query(
      "INSERT INTO leases (name, holder, until_ms) VALUES (?1, ?2, ?3) ON CONFLICT (name) DO "
      "UPDATE SET holder = ?2, until_ms = ?3 WHERE holder = ?2 OR until_ms <= ?4 RETURNING 1"));
  query.bind(1, name).bind(2, holder).bind(3, until_ms).bind(4, clock_.now_ms());
  const bool taken = TRY(query.step());
  TRY(query.run());
  return taken;
}

Status SqliteLedger::release_lease(const std::string& name, const std::string& holder) {
  const std::lock_guard lock(mutex_);
  Query query = TRY(database_.query("DELETE FROM leases WHERE name = ? AND holder = ?"));
  query.bind(1, name).bind(2, holder);
  return query.run();
}

}  // namespace trimtab
