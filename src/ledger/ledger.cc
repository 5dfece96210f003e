// SPDX-License-Identifier: Apache-2.0
#include "ledger/ledger.h"

#include "ledger/sqlite_ledger.h"

namespace trimtab {

Result<std::unique_ptr<Ledger>> Ledger::open(const std::string& path, const Clock& clock, Logger& logger) {
  Database database = TRY(open_ledger_database(path, ledger_migrations()));
  return std::make_unique<SqliteLedger>(std::move(database), clock, logger);
}

}  // namespace trimtab
