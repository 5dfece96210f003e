// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trimtab::advise::postgresql {

enum class StatementKind { kSelect, kInsert, kUpdate, kDelete, kOther };

// What the text of a statement shows without a parser: enough to decide whether to plan it, and what it
// writes to. The server itself stays the judge of what the text means.
struct StatementText {
  StatementKind kind = StatementKind::kOther;
  int parameters = 0;  // highest $n
  // The text made fit for PREPARE: pg_stat_statements turns the constant of a typed literal into a
  // parameter ("interval '1 day'" -> "interval $1"), which is no SQL; here it is "$1::interval".
  std::string preparable;
  // INSERT, UPDATE, DELETE: the table as written; schema "" when none is.
  std::string write_schema;
  std::string write_table;
  std::vector<std::string> set_columns;  // UPDATE ... SET a = .., b = ..
  bool has_limit = false;                // at the outermost level: LIMIT or FETCH
  bool has_offset = false;
  bool has_order = false;
  bool has_where = false;
  bool has_aggregate =
      false;             // GROUP BY or a call of an aggregate of the SQL standard at the outermost level
  bool is_ours = false;  // carries kOwnMark
};

// How the comment begins that a connection puts before Trimtab's own statements (targets/postgresql), which
// so are told apart from the load.
inline constexpr std::string_view kOwnMark = "/* trimtab";

// Linear time; total over any bytes.
StatementText read_statement(std::string_view text);

}  // namespace trimtab::advise::postgresql
