// SPDX-License-Identifier: Apache-2.0
#include "targets/postgresql/dsn.h"

#include <libpq-fe.h>

#include <cstdlib>
#include <memory>
#include <string_view>

namespace trimtab::postgresql {
namespace {

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

Result<Options> read_options(const std::string& dsn) {
  char* problem = nullptr;
  Options options(PQconninfoParse(dsn.c_str(), &problem));
  PQfreemem(problem);  // cites the string, password and all
  if (!options) return invalid("not a libpq connection string or URI");
  return options;
}

// The value in the string, else that of the environment, else libpq's own.
std::string value_of(const Options& options, std::string_view key) {
  for (const PQconninfoOption* one = options.get(); one->keyword != nullptr; ++one) {
    if (key != one->keyword) continue;
    if (one->val != nullptr) return one->val;
    const char* variable = one->envvar == nullptr ? nullptr : std::getenv(one->envvar);
    if (variable != nullptr) return variable;
    return one->compiled == nullptr ? "" : one->compiled;
  }
  return "";
}

}  // namespace

Result<DsnParts> parse_dsn(const std::string& dsn) {
  const Options options = TRY(read_options(dsn));
  DsnParts parts;
  parts.host = value_of(options, "host");
  if (parts.host.empty()) parts.host = value_of(options, "hostaddr");
  parts.port = value_of(options, "port");
  parts.database = value_of(options, "dbname");
  for (const PQconninfoOption* one = options.get(); one->keyword != nullptr; ++one) {
    if (std::string_view(one->keyword) == "password") parts.has_password = one->val != nullptr;
  }
  return parts;
}

Result<std::string> dsn_with_password(const std::string& dsn, const std::string& password) {
  const Options options = TRY(read_options(dsn));
  std::string out;
  const auto add = [&out](std::string_view key, std::string_view value) {
    if (!out.empty()) out += ' ';
    out += key;
    out += "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    }
    out += '\'';
  };
  for (const PQconninfoOption* one = options.get(); one->keyword != nullptr; ++one) {
    if (one->val != nullptr && std::string_view(one->keyword) != "password") add(one->keyword, one->val);
  }
  add("password", password);
  return out;
}

}  // namespace trimtab::postgresql
