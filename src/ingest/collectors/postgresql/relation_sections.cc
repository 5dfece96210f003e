// SPDX-License-Identifier: Apache-2.0
// Tables, indexes, sizes and settings of a PostgreSQL server, under postgres_exporter's names where it has
// one. Of tables the kTablesMax largest of the connected database are shown, with their indexes.
#include "ingest/collectors/postgresql/section.h"

namespace trimtab::postgresql {
namespace {

constexpr const char* kStatic = R"(
SELECT split_part(version(), ' ', 2) AS "l:version", current_setting('server_version_num') AS "l:short_version",
  1 AS "g:pg_static",
  extract(epoch FROM pg_postmaster_start_time()) AS "g:pg_postmaster_start_time_seconds")";

// Base units (kB, 8kB, ms, ...) become bytes and seconds, and stand in the name as postgres_exporter has it.
constexpr const char* kSettings = R"(
SELECT 'pg_settings_' || replace(name, '.', '_') || CASE WHEN unit IN ('B', 'kB', '8kB', 'MB') THEN '_bytes'
    WHEN unit IN ('ms', 's', 'min') THEN '_seconds' ELSE '' END AS "n:",
  CASE vartype WHEN 'bool' THEN (setting = 'on')::int::float8 ELSE
    setting::float8 * CASE WHEN setting::float8 < 0 THEN 1 ELSE CASE unit WHEN 'kB' THEN 1024
      WHEN '8kB' THEN 8192 WHEN 'MB' THEN 1048576 WHEN 'ms' THEN 0.001 WHEN 'min' THEN 60
      ELSE 1 END END END AS "g:"
FROM pg_settings
WHERE vartype IN ('bool', 'integer', 'real') AND name IN ('superuser_reserved_connections',
  'shared_buffers', 'effective_cache_size', 'work_mem', 'hash_mem_multiplier', 'maintenance_work_mem',
  'autovacuum_work_mem', 'temp_buffers', 'wal_buffers', 'max_wal_size', 'min_wal_size', 'checkpoint_timeout',
  'checkpoint_completion_target', 'wal_compression', 'random_page_cost', 'seq_page_cost',
  'effective_io_concurrency', 'default_statistics_target', 'autovacuum', 'autovacuum_max_workers',
  'autovacuum_naptime', 'autovacuum_vacuum_scale_factor', 'autovacuum_vacuum_threshold',
  'autovacuum_analyze_scale_factor', 'autovacuum_vacuum_cost_delay', 'autovacuum_vacuum_cost_limit',
  'autovacuum_freeze_max_age', 'max_worker_processes', 'max_parallel_workers', 'max_parallel_workers_per_gather',
  'jit', 'fsync', 'full_page_writes', 'track_io_timing', 'idle_in_transaction_session_timeout',
  'deadlock_timeout', 'bgwriter_delay', 'bgwriter_lru_maxpages',
  'max_locks_per_transaction', 'pg_stat_statements.max'))";

constexpr const char* kSizes = R"(
SELECT datname AS "l:datname",
  CASE WHEN has_database_privilege(oid, 'CONNECT') OR pg_has_role('pg_read_all_stats', 'MEMBER')
    THEN pg_database_size(oid) END AS "g:pg_database_size_bytes",
  age(datfrozenxid) AS "g:pg_database_frozen_xid_age_transactions"
FROM pg_database WHERE datallowconn AND NOT datistemplate)";

constexpr const char* kWalFolder = R"(
SELECT count(*) AS "g:pg_wal_segments", coalesce(sum(size), 0) AS "g:pg_wal_size_bytes"
FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$')";

// Sizes come from the last VACUUM or ANALYZE's page counts where asking the file system for each would
// cost: the current ones are one stat() a segment.
constexpr const char* kTables = R"(
SELECT current_database() AS "l:datname", t.schemaname AS "l:schemaname", t.relname AS "l:relname",
  t.seq_scan AS "c:pg_stat_user_tables_seq_scan",
  t.seq_tup_read AS "c:pg_stat_user_tables_seq_tup_read",
  coalesce(t.idx_scan, 0) AS "c:pg_stat_user_tables_idx_scan",
  coalesce(t.idx_tup_fetch, 0) AS "c:pg_stat_user_tables_idx_tup_fetch",
  t.n_tup_ins AS "c:pg_stat_user_tables_n_tup_ins",
  t.n_tup_upd AS "c:pg_stat_user_tables_n_tup_upd",
  t.n_tup_del AS "c:pg_stat_user_tables_n_tup_del",
  t.n_tup_hot_upd AS "c:pg_stat_user_tables_n_tup_hot_upd",
  t.n_live_tup AS "g:pg_stat_user_tables_n_live_tup",
  t.n_dead_tup AS "g:pg_stat_user_tables_n_dead_tup",
  t.n_mod_since_analyze AS "g:pg_stat_user_tables_n_mod_since_analyze",
  coalesce(extract(epoch FROM t.last_vacuum), 0) AS "g:pg_stat_user_tables_last_vacuum",
  coalesce(extract(epoch FROM t.last_autovacuum), 0) AS "g:pg_stat_user_tables_last_autovacuum",
  coalesce(extract(epoch FROM t.last_analyze), 0) AS "g:pg_stat_user_tables_last_analyze",
  coalesce(extract(epoch FROM t.last_autoanalyze), 0) AS "g:pg_stat_user_tables_last_autoanalyze",
  t.vacuum_count AS "c:pg_stat_user_tables_vacuum_count",
  t.autovacuum_count AS "c:pg_stat_user_tables_autovacuum_count",
  t.analyze_count AS "c:pg_stat_user_tables_analyze_count",
  t.autoanalyze_count AS "c:pg_stat_user_tables_autoanalyze_count",
  io.heap_blks_read AS "c:pg_statio_user_tables_heap_blocks_read",
  io.heap_blks_hit AS "c:pg_statio_user_tables_heap_blocks_hit",
  coalesce(io.idx_blks_read, 0) AS "c:pg_statio_user_tables_idx_blocks_read",
  coalesce(io.idx_blks_hit, 0) AS "c:pg_statio_user_tables_idx_blocks_hit",
  pg_table_size(t.relid) AS "g:pg_stat_user_tables_table_size_bytes",
  pg_indexes_size(t.relid) AS "g:pg_stat_user_tables_index_size_bytes"
FROM pg_stat_user_tables t JOIN pg_statio_user_tables io USING (relid) JOIN pg_class c ON c.oid = t.relid
WHERE t.schemaname !~ '^pg_'
ORDER BY c.relpages DESC, t.relid LIMIT 500)";

constexpr const char* kIndexes = R"(
SELECT current_database() AS "l:datname", i.schemaname AS "l:schemaname", i.relname AS "l:relname",
  i.indexrelname AS "l:indexrelname",
  i.idx_scan AS "c:pg_stat_user_indexes_idx_scan_total",
  i.idx_tup_read AS "c:pg_stat_user_indexes_idx_tup_read_total",
  i.idx_tup_fetch AS "c:pg_stat_user_indexes_idx_tup_fetch_total",
  pg_relation_size(i.indexrelid) AS "g:pg_index_size_bytes"
FROM pg_stat_user_indexes i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.schemaname !~ '^pg_'
ORDER BY c.relpages DESC, i.indexrelid LIMIT 2000)";

constexpr Section kSlow[] = {
    {"static", kStatic},       {"settings", kSettings}, {"database sizes", kSizes},
    {"wal files", kWalFolder}, {"tables", kTables},     {"indexes", kIndexes},
};

// Pages the live rows would need at their average width (pg_stats: what ANALYZE saw), with 24 bytes of row
// header, 4 of line pointer, rows aligned to 8 bytes, pages of the server's block size with 24 bytes of
// header, filled to the table's fillfactor. An estimate: it knows nothing of the order of columns. Tables
// whose statistics the role may not read, or that were never analysed, are left out.
constexpr Section kBloat = {"bloat", R"(
SELECT current_database() AS "l:datname", schemaname AS "l:schemaname", relname AS "l:relname",
  greatest(0, relpages - needed) * block AS "g:pg_table_bloat_bytes",
  CASE WHEN relpages > 0 THEN greatest(0, relpages - needed) / relpages ELSE 0 END AS "g:pg_table_bloat_ratio"
FROM (
  SELECT n.nspname AS schemaname, c.relname, c.relpages::float8 AS relpages,
    current_setting('block_size')::float8 AS block,
    ceil(c.reltuples * (ceil((24 + s.width) / 8.0) * 8 + 4) / ((current_setting('block_size')::float8 - 24)
      * coalesce(substring(array_to_string(c.reloptions, ' ') FROM 'fillfactor=([0-9]+)')::float8, 100) / 100))
      AS needed
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN (SELECT schemaname, tablename, sum(avg_width * (1 - null_frac)) AS width FROM pg_stats
    WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema' AND NOT inherited GROUP BY 1, 2) s
    ON s.schemaname = n.nspname AND s.tablename = c.relname
  WHERE c.relkind = 'r' AND c.reltuples >= 0 AND c.relpages > 0
  ORDER BY c.relpages DESC, c.oid LIMIT 500) x)"};

}  // namespace

std::span<const Section> slow_sections() { return kSlow; }
const Section& bloat_section() { return kBloat; }

}  // namespace trimtab::postgresql
