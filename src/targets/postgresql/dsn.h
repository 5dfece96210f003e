// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"

namespace trimtab::postgresql {

// What libpq reads out of a connection string ("host=a dbname=b" or "postgresql://..."), its defaults and
// PG* environment included.
struct DsnParts {
  std::string host;  // a name, an address or the folder of a socket; "" = libpq's default socket
  std::string port;  // "5432" when nothing says otherwise
  std::string database;
  bool has_password = false;  // in the string itself
};

// Errors: kInvalid, without a word of the string: it may hold a password.
Result<DsnParts> parse_dsn(const std::string& dsn);
// The same connection with this password, spelled key='value'.
Result<std::string> dsn_with_password(const std::string& dsn, const std::string& password);

}  // namespace trimtab::postgresql
