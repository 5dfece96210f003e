// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/server_client.h"
#include "cli/verb.h"

namespace trimtab::cli {

// What a server's answer {"status":"success","data":...} holds. Errors: kInternal, no such answer.
Result<std::string> data_of(const std::string& answer);
// data.<name> as texts; nothing when it is not there.
std::vector<std::string> texts_of(const std::string& answer, std::string_view name);

// The list at `path`: as JSON with --format json, else by `print_table`, which is given one JSON text a
// record. Gives the exit code.
int print_records(const Arguments& arguments, ServerClient& client, const std::string& path,
                  const ServerClient::Query& query, Status (*print_table)(const std::vector<std::string>&));

// --by, else $USER, else the name of the process's user.
std::string who(const Arguments& arguments);
// One change as text or JSON, to standard output. Gives the exit code.
int print_change(const std::string& answer, const std::string& format);

}  // namespace trimtab::cli
