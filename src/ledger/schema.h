// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ledger/database.h"

namespace trimtab {

// One step of the schema: the statements that lead from version - 1 to version.
struct Migration {
  int version;
  std::string_view sql;
};

// Every schema version ever shipped, in order. A shipped step is never edited: a change is a new step.
std::span<const Migration> ledger_migrations();

// "TRMT", SQLite's application_id of a ledger file.
inline constexpr std::int64_t kLedgerApplicationId = 0x54524d54;

// Opens the file and brings it to the newest of `migrations`, all missing steps in one transaction.
// Errors, the file left untouched: kVersion when it is newer than the newest step, kConflict when it
// is another program's SQLite file, kCorrupt when it is no SQLite file.
Result<Database> open_ledger_database(const std::string& path, std::span<const Migration> migrations);

}  // namespace trimtab
