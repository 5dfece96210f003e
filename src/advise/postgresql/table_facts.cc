// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/table_facts.h"

#include <fmt/format.h>

#include <cmath>

namespace trimtab::advise::postgresql {

using trimtab::postgresql::Connection;
using trimtab::postgresql::Rows;

namespace {

// For a table that was never analysed (reltuples = -1): only whether it is small matters then.
constexpr double kRowBytesAssumed = 100;

// Tables of people, largest first. $1 = how many.
constexpr const char* kWanted =
    "WITH wanted AS (SELECT c.oid, n.nspname, c.relname, c.reltuples, c.relkind, c.relispartition, "
    "  pg_table_size(c.oid) AS bytes FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "  WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' "
    "  AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_toast%' "
    "  ORDER BY c.relpages DESC, c.oid LIMIT $1::bigint) ";

constexpr const char* kTables =
    "SELECT w.nspname, w.relname, w.reltuples, w.bytes, w.relkind = 'r' AND NOT w.relispartition, "
    "  s.n_tup_upd, s.n_tup_hot_upd, s.n_tup_ins, s.n_tup_del, s.n_dead_tup, s.seq_scan, "
    "  coalesce(s.last_analyze, s.last_autoanalyze) IS NOT NULL "
    "FROM wanted w LEFT JOIN pg_stat_user_tables s ON s.relid = w.oid";

constexpr const char* kColumns =
    "SELECT w.nspname, w.relname, a.attname, format_type(a.atttypid, NULL), "
    "  s.n_distinct, s.null_frac, s.avg_width, s.correlation "
    "FROM wanted w JOIN pg_attribute a ON a.attrelid = w.oid AND a.attnum > 0 AND NOT a.attisdropped "
    "LEFT JOIN pg_stats s ON s.schemaname = w.nspname AND s.tablename = w.relname "
    "  AND s.attname = a.attname AND NOT s.inherited";

// Lists come as one name a line, a leading "-" for descending, "+" for ascending; an expression is "+" alone.
constexpr const char* kIndexes =
    "SELECT w.nspname, w.relname, ic.relname, am.amname, "
    "  (SELECT string_agg(CASE WHEN (i.indoption[k - 1] & 1) = 1 THEN '-' ELSE '+' END || "
    "     coalesce(a.attname, ''), E'\\n' ORDER BY k) "
    "   FROM generate_series(1, i.indnkeyatts) k LEFT JOIN pg_attribute a "
    "     ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1] AND a.attnum > 0), "
    "  (SELECT string_agg('+' || a.attname, E'\\n' ORDER BY k) "
    "   FROM generate_series(i.indnkeyatts + 1, i.indnatts) k JOIN pg_attribute a "
    "     ON a.attrelid = i.indrelid AND a.attnum = i.indkey[k - 1]), "
    "  pg_get_expr(i.indpred, i.indrelid), pg_get_indexdef(i.indexrelid), "
    "  concat_ws('|', am.amname, i.indkey, i.indnkeyatts, i.indclass, i.indcollation, i.indoption, "
    "    pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid)), "
    "  i.indisunique, "
    "  i.indisprimary OR i.indisexclusion OR i.indisreplident OR i.indisclustered OR EXISTS (SELECT FROM "
    "    pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype <> 'f'), "
    "  EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype = 'f'), "
    "  i.indisvalid, pg_relation_size(i.indexrelid), coalesce(s.idx_scan, 0) "
    "FROM wanted w JOIN pg_index i ON i.indrelid = w.oid JOIN pg_class ic ON ic.oid = i.indexrelid "
    "JOIN pg_am am ON am.oid = ic.relam LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.indexrelid "
    "ORDER BY 1, 2, 3";

Result<Rows> ask(Connection& connection, const char* query) {
  return connection.query(fmt::format("{}{}", kWanted, query), {std::to_string(kTablesMax)});
}

void add_signed(const std::string& text, std::vector<std::string>& names, std::vector<bool>* descending) {
  for (const std::string& line : lines_of_list(text)) {
    names.push_back(line.substr(1));
    if (descending) descending->push_back(line[0] == '-');
  }
}

IndexFacts index_of(const Rows& rows, std::size_t row) {
  IndexFacts index;
  index.schema = rows.text(row, 0);
  index.name = rows.text(row, 2);
  index.method = rows.text(row, 3);
  add_signed(rows.text(row, 4), index.keys, &index.descending);
  add_signed(rows.text(row, 5), index.include, nullptr);
  index.where = rows.text(row, 6);
  index.definition = rows.text(row, 7);
  index.signature = rows.text(row, 8);
  index.unique = rows.text(row, 9) == "t";
  index.constraint = rows.text(row, 10) == "t";
  index.referenced = rows.text(row, 11) == "t";
  index.valid = rows.text(row, 12) == "t";
  index.bytes = rows.number(row, 13);
  index.scans = rows.number(row, 14);
  return index;
}

}  // namespace

std::vector<std::string> lines_of_list(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (end > at) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

Result<std::map<TableName, TableFacts>> read_tables(Connection& connection) {
  std::map<TableName, TableFacts> out;
  const Rows tables = TRY(ask(connection, kTables));
  for (std::size_t row = 0; row < tables.size(); ++row) {
    TableFacts& table = out[{tables.text(row, 0), tables.text(row, 1)}];
    table.bytes = tables.number(row, 3);
    table.rows = tables.number(row, 2);
    if (table.rows < 0) table.rows = table.bytes / kRowBytesAssumed;
    table.plain = tables.text(row, 4) == "t";
    table.updated = tables.number(row, 5);
    table.hot_share = table.updated > 0 ? tables.number(row, 6) / table.updated : 0;
    table.inserted = tables.number(row, 7);
    table.deleted = tables.number(row, 8);
    table.dead_rows = tables.number(row, 9);
    table.sequential_scans = tables.number(row, 10);
    table.analysed = tables.text(row, 11) == "t";
  }
  const Rows columns = TRY(ask(connection, kColumns));
  for (std::size_t row = 0; row < columns.size(); ++row) {
    const auto table = out.find({columns.text(row, 0), columns.text(row, 1)});
    if (table == out.end()) continue;
    const double distinct = columns.number(row, 4);  // negative: a share of the rows
    table->second.columns[columns.text(row, 2)] = {
        .type = columns.text(row, 3),
        .distinct = distinct < 0 ? -distinct * table->second.rows : distinct,
        .null_share = columns.number(row, 5),
        .width_bytes = columns.number(row, 6),
        .correlation = columns.number(row, 7)};
  }
  const Rows indexes = TRY(ask(connection, kIndexes));
  for (std::size_t row = 0; row < indexes.size(); ++row) {
    const auto table = out.find({indexes.text(row, 0), indexes.text(row, 1)});
    if (table != out.end()) table->second.indexes.push_back(index_of(indexes, row));
  }
  return out;
}

}  // namespace trimtab::advise::postgresql
