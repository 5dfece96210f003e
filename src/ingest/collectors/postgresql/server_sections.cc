// SPDX-License-Identifier: Apache-2.0
// What a PostgreSQL server says about itself as a whole, under postgres_exporter's names where it has one.
// Views and columns: PostgreSQL manual, "The Cumulative Statistics System". Our own sessions are left out.
#include "ingest/collectors/postgresql/section.h"

namespace trimtab::postgresql {
namespace {

constexpr const char* kDatabases = R"(
SELECT datname AS "l:datname",
  numbackends AS "g:pg_stat_database_numbackends",
  xact_commit AS "c:pg_stat_database_xact_commit",
  xact_rollback AS "c:pg_stat_database_xact_rollback",
  blks_read AS "c:pg_stat_database_blks_read",
  blks_hit AS "c:pg_stat_database_blks_hit",
  tup_returned AS "c:pg_stat_database_tup_returned",
  tup_fetched AS "c:pg_stat_database_tup_fetched",
  tup_inserted AS "c:pg_stat_database_tup_inserted",
  tup_updated AS "c:pg_stat_database_tup_updated",
  tup_deleted AS "c:pg_stat_database_tup_deleted",
  conflicts AS "c:pg_stat_database_conflicts",
  temp_files AS "c:pg_stat_database_temp_files",
  temp_bytes AS "c:pg_stat_database_temp_bytes",
  deadlocks AS "c:pg_stat_database_deadlocks",
  blk_read_time AS "c:pg_stat_database_blk_read_time",
  blk_write_time AS "c:pg_stat_database_blk_write_time",
  extract(epoch FROM stats_reset) AS "g:pg_stat_database_stats_reset"
FROM pg_stat_database WHERE datname IS NOT NULL)";

constexpr const char* kSessions = R"(
SELECT datname AS "l:datname",
  session_time / 1000 AS "c:pg_stat_database_session_time_seconds_total",
  active_time / 1000 AS "c:pg_stat_database_active_time_seconds_total",
  idle_in_transaction_time / 1000 AS "c:pg_stat_database_idle_in_transaction_time_seconds_total",
  sessions AS "c:pg_stat_database_sessions_total",
  sessions_abandoned AS "c:pg_stat_database_sessions_abandoned_total",
  sessions_fatal AS "c:pg_stat_database_sessions_fatal_total",
  sessions_killed AS "c:pg_stat_database_sessions_killed_total"
FROM pg_stat_database WHERE datname IS NOT NULL)";

// The usual states are shown with zero, so that their absence is a number.
constexpr const char* kActivity = R"(
SELECT datname AS "l:datname", state AS "l:state", wait AS "l:wait_event_type",
  sum(n) AS "g:pg_stat_activity_count", max(age) AS "g:pg_stat_activity_max_tx_duration"
FROM (
  SELECT datname, coalesce(state, 'unknown') AS state, coalesce(wait_event_type, '') AS wait, 1 AS n,
    coalesce(extract(epoch FROM clock_timestamp() - xact_start), 0) AS age
  FROM pg_stat_activity
  WHERE datname IS NOT NULL AND pid <> pg_backend_pid() AND application_name <> 'trimtab'
  UNION ALL
  SELECT d.datname, s.state, '', 0, 0
  FROM pg_database d, (VALUES ('active'), ('idle'), ('idle in transaction')) s (state)
  WHERE d.datallowconn AND NOT d.datistemplate) x
GROUP BY 1, 2, 3)";

constexpr const char* kTransactions = R"(
SELECT count(*) FILTER (WHERE clock_timestamp() - xact_start > interval '60 s') AS "g:pg_long_running_transactions",
  extract(epoch FROM min(xact_start)) AS "g:pg_long_running_transactions_oldest_timestamp_seconds",
  coalesce(extract(epoch FROM clock_timestamp() - min(xact_start)), 0) AS "g:pg_oldest_transaction_seconds",
  coalesce(max(age(backend_xmin)), 0) AS "g:pg_oldest_xmin_age_transactions",
  count(*) FILTER (WHERE backend_type = 'client backend') AS "g:pg_client_connections",
  count(*) FILTER (WHERE wait_event_type = 'Lock' AND cardinality(pg_blocking_pids(pid)) > 0)
    AS "g:pg_blocked_sessions",
  current_setting('max_connections')::float8 AS "g:pg_settings_max_connections"
FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND application_name <> 'trimtab' AND backend_type <> 'walsender')";

// pg_basebackup shows itself; a dump by the COPY that it or another program runs. pg_dump's own name is its
// application_name unless somebody gave it another.
constexpr const char* kBackups = R"(
SELECT m.method AS "l:method", count(s.pid) AS "g:pg_backup_sessions"
FROM (VALUES ('basebackup'), ('copy')) m (method)
LEFT JOIN (
  SELECT pid, 'basebackup' AS method FROM pg_stat_progress_basebackup
  UNION ALL
  SELECT pid, 'copy' FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND state = 'active' AND query ~* '^\s*copy\s.*\sto\s+stdout'
    AND (application_name = 'pg_dump' OR clock_timestamp() - query_start > interval '60 s')) s USING (method)
GROUP BY 1)";

constexpr const char* kLocks = R"(
SELECT d.datname AS "l:datname", m.mode AS "l:mode", count(l.pid) AS "g:pg_locks_count"
FROM pg_database d CROSS JOIN (VALUES ('AccessShareLock'), ('RowShareLock'), ('RowExclusiveLock'),
  ('ShareUpdateExclusiveLock'), ('ShareLock'), ('ShareRowExclusiveLock'), ('ExclusiveLock'),
  ('AccessExclusiveLock')) m (mode)
LEFT JOIN pg_locks l ON l.database = d.oid AND l.mode = m.mode AND l.pid <> pg_backend_pid()
WHERE d.datallowconn AND NOT d.datistemplate
GROUP BY 1, 2)";

constexpr const char* kBackgroundWriter = R"(
SELECT checkpoints_timed AS "c:pg_stat_bgwriter_checkpoints_timed_total",
  checkpoints_req AS "c:pg_stat_bgwriter_checkpoints_req_total",
  checkpoint_write_time AS "c:pg_stat_bgwriter_checkpoint_write_time_total",
  checkpoint_sync_time AS "c:pg_stat_bgwriter_checkpoint_sync_time_total",
  buffers_checkpoint AS "c:pg_stat_bgwriter_buffers_checkpoint_total",
  buffers_clean AS "c:pg_stat_bgwriter_buffers_clean_total",
  maxwritten_clean AS "c:pg_stat_bgwriter_maxwritten_clean_total",
  buffers_backend AS "c:pg_stat_bgwriter_buffers_backend_total",
  buffers_backend_fsync AS "c:pg_stat_bgwriter_buffers_backend_fsync_total",
  buffers_alloc AS "c:pg_stat_bgwriter_buffers_alloc_total"
FROM pg_stat_bgwriter)";

constexpr const char* kCheckpointer17 = R"(
SELECT c.num_timed AS "c:pg_stat_bgwriter_checkpoints_timed_total",
  c.num_requested AS "c:pg_stat_bgwriter_checkpoints_req_total",
  c.write_time AS "c:pg_stat_bgwriter_checkpoint_write_time_total",
  c.sync_time AS "c:pg_stat_bgwriter_checkpoint_sync_time_total",
  c.buffers_written AS "c:pg_stat_bgwriter_buffers_checkpoint_total",
  b.buffers_clean AS "c:pg_stat_bgwriter_buffers_clean_total",
  b.maxwritten_clean AS "c:pg_stat_bgwriter_maxwritten_clean_total",
  b.buffers_alloc AS "c:pg_stat_bgwriter_buffers_alloc_total"
FROM pg_stat_checkpointer c, pg_stat_bgwriter b)";

constexpr const char* kWal = R"(
SELECT wal_records AS "c:pg_stat_wal_records_total",
  wal_fpi AS "c:pg_stat_wal_full_page_images_total",
  wal_bytes AS "c:pg_stat_wal_bytes_total",
  wal_buffers_full AS "c:pg_stat_wal_buffers_full_total"
FROM pg_stat_wal)";

constexpr const char* kWalTimes = R"(
SELECT wal_write AS "c:pg_stat_wal_write_total", wal_sync AS "c:pg_stat_wal_sync_total",
  wal_write_time / 1000 AS "c:pg_stat_wal_write_time_seconds_total",
  wal_sync_time / 1000 AS "c:pg_stat_wal_sync_time_seconds_total"
FROM pg_stat_wal)";

constexpr const char* kWalPosition = R"(
SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn
  AS "c:pg_wal_position_bytes_total",
  pg_is_in_recovery()::int AS "g:pg_replication_is_replica",
  CASE WHEN NOT pg_is_in_recovery() THEN 0
    WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
    ELSE greatest(0, extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())) END
  AS "g:pg_replication_lag_seconds")";

constexpr const char* kReplicas = R"(
SELECT application_name AS "l:application_name", host(client_addr) AS "l:client_addr", state AS "l:state",
  max(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
    replay_lsn)) AS "g:pg_stat_replication_pg_wal_lsn_diff",
  max(coalesce(extract(epoch FROM replay_lag), 0)) AS "g:pg_stat_replication_replay_lag_seconds"
FROM pg_stat_replication GROUP BY 1, 2, 3)";

constexpr const char* kSlots = R"(
SELECT slot_name AS "l:slot_name", slot_type AS "l:slot_type",
  active::int AS "g:pg_replication_slot_slot_is_active",
  pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
    restart_lsn) AS "g:pg_replication_slots_pg_wal_lsn_diff"
FROM pg_replication_slots)";

constexpr Section kFast[] = {
    {"databases", kDatabases},
    {"sessions", kSessions, 140000},
    {"activity", kActivity},
    {"transactions", kTransactions},
    {"backups", kBackups, 130000},
    {"locks", kLocks},
    {"background writer", kBackgroundWriter, 0, 170000},
    {"background writer", kCheckpointer17, 170000},
    {"wal", kWal, 140000},
    {"wal times", kWalTimes, 140000, 180000},
    {"wal position", kWalPosition},
    {"replicas", kReplicas},
    {"replication slots", kSlots},
};

}  // namespace

std::span<const Section> fast_sections() { return kFast; }

}  // namespace trimtab::postgresql
