// SPDX-License-Identifier: Apache-2.0
// A finding's life: merged by fingerprint, ended when unseen, moved by people.
#include <fmt/format.h>

#include <algorithm>

#include "ledger/sqlite_ledger.h"

namespace trimtab {

namespace {

constexpr std::size_t kSparklinePointsMax = 120;
constexpr std::size_t kRelatedMax = 64;

Status check_text(std::string_view what, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return invalid(fmt::format("{}: {} bytes; at most {} are kept", what, text.size(), bytes_max));
  }
  if (!is_valid_utf8(text)) return invalid(fmt::format("{}: not UTF-8", what));
  return ok();
}

Status check_finding(const Finding& finding) {
  if (finding.fingerprint.empty()) return invalid("finding: without fingerprint");
  if (finding.entity.kind.empty() || finding.entity.name.empty()) {
    return invalid(fmt::format("finding {}: without entity", finding.fingerprint));
  }
  TRY(check_text("finding: fingerprint", finding.fingerprint, 8 << 10));
  return ok();
}

void bound(Finding& finding) {
  if (finding.evidence.size() > kEvidencePerFindingMax) finding.evidence.resize(kEvidencePerFindingMax);
  for (Evidence& evidence : finding.evidence) {
    if (evidence.sparkline.size() > kSparklinePointsMax) evidence.sparkline.resize(kSparklinePointsMax);
  }
  if (finding.related.size() > kRelatedMax) finding.related.resize(kRelatedMax);
  if (!(finding.harm >= 0)) finding.harm = 0;  // NaN too
}

Result<std::string> bounded_json(const Finding& finding) {
  std::string json = to_json(finding);
  if (json.size() > Ledger::kRecordBytesMax) {
    return fail(ErrorCode::kLimit, fmt::format("finding {}: {} bytes as JSON; at most {} are kept",
                                               finding.fingerprint, json.size(), Ledger::kRecordBytesMax));
  }
  return json;
}

}  // namespace

Result<Finding> finding_from_row(const Query& row) {
  const std::int64_t id = row.integer(0);
  auto parsed = finding_from_json(row.text(5));
  if (!parsed)
    return fail(ErrorCode::kCorrupt, fmt::format("ledger: F-{}: {}", id, parsed.error().message()));
  parsed->id = id;
  parsed->state = TRY(parse_finding_state(row.text(1)));
  parsed->since_ms = row.integer(2);
  parsed->last_seen_ms = row.integer(3);
  parsed->ended_ms = row.is_null(4) ? std::nullopt : std::optional<TimestampMs>(row.integer(4));
  return parsed;
}

Result<Finding> SqliteLedger::load(std::int64_t id) {
  Query query = TRY(database_.query("SELECT " TRIMTAB_FINDING_COLUMNS " FROM findings WHERE id = ?"));
  query.bind(1, id);
  if (!TRY(query.step())) return fail(ErrorCode::kNotFound, fmt::format("there is no finding F-{}", id));
  return finding_from_row(query);
}

Result<std::optional<Finding>> SqliteLedger::newest_of(const std::string& fingerprint) {
  Query query = TRY(database_.query("SELECT " TRIMTAB_FINDING_COLUMNS
                                    " FROM findings WHERE fingerprint = ? ORDER BY id DESC LIMIT 1"));
  query.bind(1, fingerprint);
  if (!TRY(query.step())) return std::nullopt;
  return TRY(finding_from_row(query));
}

Status SqliteLedger::insert(Finding& finding) {
  const std::string json = TRY(bounded_json(finding));
  Query query =
      TRY(database_.query("INSERT INTO findings (fingerprint, state, entity_kind, entity_name, since_ms, "
                          "last_seen_ms, ended_ms, harm, "
                          "record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  query.bind(1, finding.fingerprint).bind(2, to_string(finding.state));
  query.bind(3, finding.entity.kind).bind(4, finding.entity.name);
  query.bind(5, finding.since_ms).bind(6, finding.last_seen_ms).bind(7, finding.ended_ms);
  query.bind(8, finding.harm).bind(9, json);
  TRY(query.run());
  finding.id = database_.last_row_id();
  return ok();
}

Status SqliteLedger::update(const Finding& finding) {
  const std::string json = TRY(bounded_json(finding));
  Query query =
      TRY(database_.query("UPDATE findings SET state = ?, since_ms = ?, last_seen_ms = ?, ended_ms = ?, harm "
                          "= ?, record = ? WHERE id = ?"));
  query.bind(1, to_string(finding.state)).bind(2, finding.since_ms).bind(3, finding.last_seen_ms);
  query.bind(4, finding.ended_ms).bind(5, finding.harm).bind(6, json).bind(7, finding.id);
  return query.run();
}

Status SqliteLedger::write_change(std::int64_t id, std::optional<FindingState> from,
                                  const StateChange& change) {
  Query query =
      TRY(database_.query("INSERT INTO finding_changes (finding_id, at_ms, from_state, to_state, by, reason) "
                          "VALUES (?, ?, ?, ?, ?, ?)"));
  query.bind(1, id).bind(2, change.at_ms);
  if (from) {
    query.bind(3, to_string(*from));
  } else {
    query.bind_null(3);
  }
  query.bind(4, to_string(change.to)).bind(5, change.by).bind(6, change.reason);
  return query.run();
}

// Changes the state in the value, the row and the audit trail.
Status SqliteLedger::move(Finding& finding, const StateChange& change) {
  const FindingState from = finding.state;
  finding.state = change.to;
  finding.state_by = change.by;
  finding.state_reason = change.reason;
  finding.state_changed_ms = change.at_ms;
  if (change.to != FindingState::kAcknowledged) finding.state_until_ms.reset();
  TRY(update(finding));
  return write_change(finding.id, from, change);
}

// `known` is seen again: the new facts, with the old identity, beginning and people's words.
Status SqliteLedger::carry_on(Finding known, Finding seen, TimestampMs at) {
  seen.id = known.id;
  seen.state = known.state;
  seen.since_ms = known.since_ms;
  seen.last_seen_ms = std::max(known.last_seen_ms, at);
  seen.ended_ms.reset();
  seen.state_by = std::move(known.state_by);
  seen.state_reason = std::move(known.state_reason);
  seen.state_until_ms = known.state_until_ms;
  seen.state_changed_ms = known.state_changed_ms;
  if (seen.state == FindingState::kResolved) {
    return move(seen, {FindingState::kOpen, at, "", "seen again soon after it had ended"});
  }
  return update(seen);
}

Status SqliteLedger::merge(Finding seen, TimestampMs at, DurationMs resolve_after_ms) {
  std::optional<Finding> known = TRY(newest_of(seen.fingerprint));
  const bool goes_on =
      known && (!known->ended_ms || at - *known->ended_ms < resolve_after_ms + kReopenWindowMs);
  if (goes_on) return carry_on(*std::move(known), std::move(seen), at);
  seen.id = 0;
  seen.state = FindingState::kOpen;
  seen.last_seen_ms = at;
  seen.ended_ms.reset();
  seen.state_by.clear();
  seen.state_reason.clear();
  seen.state_until_ms.reset();
  seen.state_changed_ms = at;
  TRY(insert(seen));
  return write_change(seen.id, std::nullopt, {FindingState::kOpen, at, "", "found"});
}

Status SqliteLedger::end_unseen(TimestampMs at, DurationMs resolve_after_ms) {
  std::vector<Finding> gone;
  {
    Query query = TRY(database_.query("SELECT " TRIMTAB_FINDING_COLUMNS
                                      " FROM findings WHERE ended_ms IS NULL AND last_seen_ms < ?1 AND "
                                      "last_seen_ms <= ?1 - ?2 ORDER BY id"));
    query.bind(1, at).bind(2, resolve_after_ms);
    while (TRY(query.step())) gone.push_back(TRY(finding_from_row(query)));
  }
  for (Finding& finding : gone) {
    finding.ended_ms = finding.last_seen_ms;
    if (finding.state == FindingState::kDismissed) {
      TRY(update(finding));
    } else {
      TRY(move(finding, {FindingState::kResolved, at, "", "no longer seen"}));
    }
  }
  return ok();
}

Status SqliteLedger::expire_acknowledgements(TimestampMs at) {
  std::vector<Finding> expired;
  {
    Query query =
        TRY(database_.query("SELECT " TRIMTAB_FINDING_COLUMNS
                            " FROM findings WHERE ended_ms IS NULL AND state = 'acknowledged' ORDER BY id"));
    while (TRY(query.step())) {
      Finding finding = TRY(finding_from_row(query));
      if (finding.state_until_ms && *finding.state_until_ms <= at) expired.push_back(std::move(finding));
    }
  }
  for (Finding& finding : expired) {
    std::string reason = fmt::format("acknowledged by {} until {}: that time has passed", finding.state_by,
                                     format_timestamp(*finding.state_until_ms));
    TRY(move(finding, {FindingState::kOpen, at, "", std::move(reason)}));
  }
  return ok();
}

Result<std::vector<Finding>> SqliteLedger::live() {
  std::vector<Finding> out;
  Query query =
      TRY(database_.query("SELECT " TRIMTAB_FINDING_COLUMNS
                          " FROM findings WHERE ended_ms IS NULL AND state IN ('open', 'acknowledged') "
                          "ORDER BY harm DESC, since_ms, id LIMIT ?"));
  query.bind(1, static_cast<std::int64_t>(kRecordsPerQueryMax));
  while (TRY(query.step())) out.push_back(TRY(finding_from_row(query)));
  return out;
}

Result<std::vector<Finding>> SqliteLedger::record_pass(const AnalysisPass& pass,
                                                       std::vector<Finding> findings,
                                                       DurationMs resolve_after_ms) {
  if (resolve_after_ms < 0) return invalid(fmt::format("resolve_after_ms: {} is negative", resolve_after_ms));
  for (const Finding& finding : findings) TRY(check_finding(finding));
  const bool complete = findings.size() <= kFindingsPerPassMax;
  if (!complete) {
    logger_.warn("a pass found more than can be kept; the rest is dropped and nothing is resolved",
                 {{"findings", findings.size()}, {"kept", kFindingsPerPassMax}});
    findings.resize(kFindingsPerPassMax);
  }
  const std::lock_guard lock(mutex_);
  Transaction transaction = TRY(Transaction::begin(database_));
  std::unordered_set<std::string> merged;
  for (Finding& finding : findings) {
    if (!merged.insert(finding.fingerprint).second) continue;  // the worst of equals came first
    bound(finding);
    TRY(merge(std::move(finding), pass.at_ms, resolve_after_ms));
  }
  if (complete) TRY(end_unseen(pass.at_ms, resolve_after_ms));
  TRY(expire_acknowledgements(pass.at_ms));
  TRY(write_pass(pass));
  TRY(trim());
  std::vector<Finding> out = TRY(live());
  TRY(transaction.commit());
  return out;
}

Result<std::vector<Finding>> SqliteLedger::findings(const FindingFilter& filter) {
  // An empty list of states means all; "[,open,acknowledged,]" is searched for ",open,".
  std::string states = ",";
  for (const FindingState state : filter.states) states += fmt::format("{},", to_string(state));
  const std::lock_guard lock(mutex_);
  Query query = TRY(database_.query(
      "SELECT " TRIMTAB_FINDING_COLUMNS
      " FROM findings WHERE (?1 = ',' OR instr(?1, ',' || state || ',') > 0) AND since_ms <= ?2 AND "
      "coalesce(ended_ms, ?3) >= ?4 AND (?5 IS NULL OR (entity_kind = ?5 AND entity_name = ?6)) "
      "ORDER BY harm DESC, since_ms, id LIMIT ?7"));
  const TimeRange range = filter.overlapping.value_or(TimeRange{});
  query.bind(1, states).bind(2, range.to).bind(3, std::max(clock_.now_ms(), range.from)).bind(4, range.from);
  if (filter.entity) query.bind(5, filter.entity->kind).bind(6, filter.entity->name);
  query.bind(7, static_cast<std::int64_t>(std::min(filter.limit, kRecordsPerQueryMax)));
  std::vector<Finding> out;
  while (TRY(query.step())) out.push_back(TRY(finding_from_row(query)));
  return out;
}

Result<Finding> SqliteLedger::finding(std::int64_t id) {
  const std::lock_guard lock(mutex_);
  return load(id);
}

Result<Finding> SqliteLedger::set_finding_state(std::int64_t id, FindingState state, const std::string& by,
                                                const std::string& reason,
                                                std::optional<TimestampMs> until_ms) {
  if (by.empty()) return invalid("who does it is required");
  TRY(check_text("by", by, kShortTextBytesMax));
  TRY(check_text("reason", reason, kReasonBytesMax));
  if (state == FindingState::kDismissed && reason.empty())
    return invalid("a reason is required to dismiss a finding");
  const TimestampMs now = clock_.now_ms();
  if (until_ms && state != FindingState::kAcknowledged)
    return invalid("until: only an acknowledgement has an end");
  if (until_ms && (*until_ms <= now || *until_ms > kTimestampMax)) {
    return invalid(fmt::format("until: expected a time after {}", format_timestamp(now)));
  }
  const std::lock_guard lock(mutex_);
  Transaction transaction = TRY(Transaction::begin(database_));
  Finding finding = TRY(load(id));
  if (finding.ended_ms && state != FindingState::kOpen) {
    return fail(ErrorCode::kConflict, fmt::format("F-{} has ended; only reopening it is possible", id));
  }
  if (finding.ended_ms) {
    const std::optional<Finding> newest = TRY(newest_of(finding.fingerprint));
    if (newest && newest->id != id) {
      return fail(ErrorCode::kConflict,
                  fmt::format("F-{} goes on as F-{}; that one can be changed", id, newest->id));
    }
    finding.ended_ms.reset();
    finding.last_seen_ms = std::max(finding.last_seen_ms, now);  // else the next pass would end it again
  }
  if (state == FindingState::kResolved) finding.ended_ms = std::max(now, finding.since_ms);
  finding.state_until_ms = until_ms;
  TRY(move(finding, {state, now, by, reason}));
  TRY(transaction.commit());
  return finding;
}

Result<std::vector<FindingChange>> SqliteLedger::history(std::int64_t finding_id) {
  const std::lock_guard lock(mutex_);
  TRY(load(finding_id));
  Query query =
      TRY(database_.query("SELECT at_ms, from_state, to_state, by, reason FROM finding_changes WHERE "
                          "finding_id = ? ORDER BY id LIMIT ?"));
  query.bind(1, finding_id).bind(2, static_cast<std::int64_t>(kRecordsPerQueryMax));
  std::vector<FindingChange> out;
  while (TRY(query.step())) {
    FindingChange change;
    change.finding_id = finding_id;
    change.at_ms = query.integer(0);
    if (!query.is_null(1)) change.from = TRY(parse_finding_state(query.text(1)));
    change.to = TRY(parse_finding_state(query.text(2)));
    change.by = query.text(3);
    change.reason = query.text(4);
    out.push_back(std::move(change));
  }
  return out;
}

}  // namespace trimtab
