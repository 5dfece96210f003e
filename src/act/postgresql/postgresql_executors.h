// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "act/executor.h"
#include "base/result.h"
#include "targets/postgresql/connection.h"

namespace trimtab::act {

// How to reach a target ("postgresql/main") with a role that may change things. Errors: kNotFound (no such
// target), kDenied (changes are not allowed on it). Called from several threads.
using PostgresqlAccess = std::function<Result<postgresql::ConnectionOptions>(const std::string& target)>;

// Parameters are described in docs/closed-loop.md. Each opens a session of its own per call.
//   postgresql.create_index  CREATE INDEX CONCURRENTLY; an invalid leftover is dropped first. Undo drops.
//   postgresql.drop_index    DROP INDEX CONCURRENTLY; its definition, tablespace and comment are kept. Undo
//                            builds it anew under the same name.
//   postgresql.set           ALTER SYSTEM SET and a reload. Undo leaves postgresql.auto.conf as it was, byte
//                            for byte unless somebody else changed it since.
//   postgresql.table_set     ALTER TABLE SET (...). Undo restores pg_class.reloptions as it was.
//   postgresql.column_statistics  ALTER TABLE ... ALTER COLUMN ... SET STATISTICS and ANALYZE of the column, in
//                            one transaction. Undo restores pg_attribute.attstattarget as it was, and
//                            analyses again.
std::unique_ptr<Executor> create_index_creator(PostgresqlAccess access);
std::unique_ptr<Executor> create_index_dropper(PostgresqlAccess access);
std::unique_ptr<Executor> create_setting_changer(PostgresqlAccess access);
std::unique_ptr<Executor> create_table_option_changer(PostgresqlAccess access);
std::unique_ptr<Executor> create_column_statistics_changer(PostgresqlAccess access);

// All of them, under their action types.
void add_postgresql_executors(Executors& executors, const PostgresqlAccess& access);

}  // namespace trimtab::act
