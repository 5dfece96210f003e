// SPDX-License-Identifier: Apache-2.0
#include "cli/record_answer.h"

#include <fmt/format.h>
#include <pwd.h>
#include <simdjson.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "cli/exit_code.h"
#include "ledger/change.h"
#include "report/plan.h"

namespace trimtab::cli {

namespace {

std::unexpected<Error> not_an_answer() {
  return fail(ErrorCode::kInternal,
              "the server's answer is not of the expected shape; is it of another version?");
}

// Of a list, one JSON text each.
Result<std::vector<std::string>> records_of(const std::string& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::array data;
  if (parser.parse(answer)["data"].get(data)) return not_an_answer();
  std::vector<std::string> out;
  for (const auto item : data) out.emplace_back(simdjson::minify(item));
  return out;
}

}  // namespace

Result<std::string> data_of(const std::string& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::element data;
  if (parser.parse(answer)["data"].get(data)) return not_an_answer();
  return std::string(simdjson::minify(data));
}

int print_records(const Arguments& arguments, ServerClient& client, const std::string& path,
                  const ServerClient::Query& query, Status (*print_table)(const std::vector<std::string>&)) {
  const auto answer = client.get(path, query);
  if (!answer) return report(answer.error());
  if (arguments.get("format") == "json") {
    const auto data = data_of(*answer);
    if (!data) return report(data.error());
    fmt::print("{}\n", *data);
    return kOk;
  }
  const auto records = records_of(*answer);
  if (!records) return report(records.error());
  const Status printed = print_table(*records);
  return printed ? static_cast<int>(kOk) : report(printed.error());
}

std::vector<std::string> texts_of(const std::string& answer, std::string_view name) {
  simdjson::dom::parser parser;
  simdjson::dom::array items;
  std::vector<std::string> out;
  if (parser.parse(answer)["data"][name].get(items)) return out;
  for (const auto item : items) {
    std::string_view text;
    if (!item.get(text)) out.emplace_back(text);
  }
  return out;
}

std::string who(const Arguments& arguments) {
  if (arguments.has("by")) return arguments.get("by");
  if (const char* user = std::getenv("USER"); user != nullptr && *user != '\0') return user;
  const passwd* entry = getpwuid(geteuid());
  return entry != nullptr ? entry->pw_name : fmt::format("user {}", geteuid());
}

int print_change(const std::string& answer, const std::string& format) {
  const auto data = data_of(answer);
  if (!data) return report(data.error());
  if (format == "json") {
    fmt::print("{}\n", *data);
    return kOk;
  }
  const auto change = change_from_json(*data);
  if (!change) return report(change.error());
  fmt::print("{}", render_change(*change, BriefFormat::kText, {}));
  return kOk;
}

}  // namespace trimtab::cli
