// SPDX-License-Identifier: Apache-2.0
// Events, passes, other rooms' small state, and the ledger's own keeping.
#include <fmt/format.h>

#include <algorithm>

#include "ledger/sqlite_ledger.h"

namespace trimtab {

namespace {

Status check_field(std::string_view name, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return invalid(fmt::format("event: {}: {} bytes; at most {} are kept", name, text.size(), bytes_max));
  }
  if (!is_valid_utf8(text)) return invalid(fmt::format("event: {}: not UTF-8", name));
  return ok();
}

Status check_event(const Event& event) {
  if (event.kind.empty()) return invalid("event: a kind is required, as in \"deploy\" or \"note\"");
  if (event.title.empty()) return invalid("event: a title is required");
  TRY(check_field("kind", event.kind, Ledger::kEventKindBytesMax));
  TRY(check_field("title", event.title, Ledger::kEventTitleBytesMax));
  TRY(check_field("text", event.text, Ledger::kEventTextBytesMax));
  TRY(check_field("author", event.author, Ledger::kShortTextBytesMax));
  TRY(check_field("key", event.key, Ledger::kShortTextBytesMax));
  if (event.entity) {
    if (event.entity->kind.empty() || event.entity->name.empty())
      return invalid("event: entity: needs kind and name");
    TRY(check_field("entity", event.entity->to_string(), Ledger::kShortTextBytesMax));
  }
  std::vector<Label> labels(event.labels.items().begin(), event.labels.items().end());
  TRY(Labels::create(std::move(labels)));
  if (!TimeRange{}.contains(event.at_ms)) return invalid("event: at: outside year 1 to 9999");
  if (event.until_ms && (*event.until_ms < event.at_ms || *event.until_ms > kTimestampMax)) {
    return invalid("event: until: before at, or after year 9999");
  }
  return ok();
}

Result<Event> event_from_row(const Query& row) {
  auto parsed = event_from_json(row.text(1));
  if (!parsed) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("ledger: E-{}: {}", row.integer(0), parsed.error().message()));
  }
  parsed->id = row.integer(0);
  return parsed;
}

}  // namespace

Result<Event> SqliteLedger::add_event(Event event) {
  if (event.at_ms == 0) event.at_ms = clock_.now_ms();
  TRY(check_event(event));
  event.id = 0;
  const std::string json = to_json(event);
  const std::lock_guard lock(mutex_);
  Transaction transaction = TRY(Transaction::begin(database_));
  {
    Query query = TRY(
        database_.query("INSERT INTO events (at_ms, until_ms, kind, entity_kind, entity_name, key, record) "
                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (key) DO UPDATE SET at_ms = ?1, "
                        "until_ms = ?2, kind = ?3, "
                        "entity_kind = ?4, entity_name = ?5, record = ?7 RETURNING id"));
    query.bind(1, event.at_ms).bind(2, event.until_ms.value_or(event.at_ms)).bind(3, event.kind);
    if (event.entity) query.bind(4, event.entity->kind).bind(5, event.entity->name);
    if (!event.key.empty()) query.bind(6, event.key);
    query.bind(7, json);
    TRY(query.step());
    event.id = query.integer(0);
    TRY(query.run());
  }
  Query excess =
      TRY(database_.query("DELETE FROM events WHERE id IN (SELECT id FROM events ORDER BY at_ms DESC, id "
                          "DESC LIMIT -1 OFFSET ?)"));
  if (event.id > static_cast<std::int64_t>(kEventsKept)) {
    excess.bind(1, static_cast<std::int64_t>(kEventsKept));
    TRY(excess.run());
  }
  TRY(transaction.commit());
  return event;
}

Result<std::vector<Event>> SqliteLedger::events(const EventFilter& filter) {
  const std::lock_guard lock(mutex_);
  Query query = TRY(database_.query(
      "SELECT id, record FROM events WHERE at_ms <= ?1 AND until_ms >= ?2 AND (?3 = '' OR kind = ?3) AND "
      "(?4 IS NULL OR (entity_kind = ?4 AND entity_name = ?5)) ORDER BY at_ms DESC, id DESC LIMIT ?6"));
  query.bind(1, filter.range.to).bind(2, filter.range.from).bind(3, filter.kind);
  if (filter.entity) query.bind(4, filter.entity->kind).bind(5, filter.entity->name);
  query.bind(6, static_cast<std::int64_t>(std::min(filter.limit, kRecordsPerQueryMax)));
  std::vector<Event> out;
  while (TRY(query.step())) out.push_back(TRY(event_from_row(query)));
  return out;
}

Status SqliteLedger::write_pass(AnalysisPass pass) {
  if (pass.coverage.examples.size() > 20) pass.coverage.examples.resize(20);
  if (pass.coverage.errors.size() > 20) pass.coverage.errors.resize(20);
  const std::string json = to_json(pass);
  if (json.size() > kRecordBytesMax) {
    return fail(ErrorCode::kLimit,
                fmt::format("pass: {} bytes as JSON; at most {} are kept", json.size(), kRecordBytesMax));
  }
  Query query = TRY(database_.query("INSERT INTO passes (at_ms, record) VALUES (?, ?)"));
  query.bind(1, pass.at_ms).bind(2, json);
  return query.run();
}

Status SqliteLedger::trim() {
  {
    Query query = TRY(database_.query("DELETE FROM passes WHERE id <= (SELECT max(id) FROM passes) - ?"));
    query.bind(1, static_cast<std::int64_t>(kPassesKept));
    TRY(query.run());
  }
  Query query = TRY(
      database_.query("DELETE FROM findings WHERE id IN (SELECT id FROM findings WHERE ended_ms IS NOT NULL "
                      "ORDER BY ended_ms DESC, id DESC LIMIT -1 OFFSET ?)"));
  query.bind(1, static_cast<std::int64_t>(kEndedFindingsKept));
  return query.run();
}

Result<std::optional<AnalysisPass>> SqliteLedger::last_pass() {
  const std::lock_guard lock(mutex_);
  Query query = TRY(database_.query("SELECT id, record FROM passes ORDER BY id DESC LIMIT 1"));
  if (!TRY(query.step())) return std::nullopt;
  auto parsed = pass_from_json(query.text(1));
  if (!parsed)
    return fail(ErrorCode::kCorrupt,
                fmt::format("ledger: pass {}: {}", query.integer(0), parsed.error().message()));
  parsed->id = query.integer(0);
  return *std::move(parsed);
}

Status SqliteLedger::put_state(const std::string& key, const std::string& value) {
  if (key.empty() || key.size() > kStateKeyBytesMax || !is_valid_utf8(key)) {
    return invalid(fmt::format("state key: expected 1 to {} bytes of UTF-8", kStateKeyBytesMax));
  }
  if (value.size() > kStateValueBytesMax) {
    return fail(ErrorCode::kLimit, fmt::format("state {}: {} bytes; at most {} are kept", key, value.size(),
                                               kStateValueBytesMax));
  }
  const std::lock_guard lock(mutex_);
  Query query = TRY(database_.query(
      "INSERT INTO states (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = ?2"));
  query.bind(1, key).bind_blob(2, value);
  return query.run();
}

Result<std::optional<std::string>> SqliteLedger::get_state(const std::string& key) {
  const std::lock_guard lock(mutex_);
  Query query = TRY(database_.query("SELECT value FROM states WHERE key = ?"));
  query.bind(1, key);
  if (!TRY(query.step())) return std::nullopt;
  return std::string(query.blob(0));
}

Result<int> SqliteLedger::schema_version() {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(TRY(database_.pragma_integer("user_version")));
}

Status SqliteLedger::check() {
  const std::lock_guard lock(mutex_);
  Query query = TRY(database_.query("PRAGMA quick_check(1)"));
  if (!TRY(query.step())) return fail(ErrorCode::kIo, "ledger: the integrity check gave no answer");
  if (query.text(0) != "ok") return fail(ErrorCode::kCorrupt, fmt::format("ledger: {}", query.text(0)));
  return ok();
}

}  // namespace trimtab
