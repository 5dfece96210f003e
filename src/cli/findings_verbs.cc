// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>

#include "base/clock.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/server_client.h"
#include "cli/verb.h"
#include "ledger/records.h"

namespace trimtab::cli {
namespace {

Status print_table(const std::string& answer) {
  simdjson::dom::parser parser;
  simdjson::dom::array data;
  if (parser.parse(answer)["data"].get(data))
    return fail(ErrorCode::kInternal, "the server's answer is not a list of findings");
  fmt::print("{:<8} {:<13} {:<21} {:<36} {}\n", "id", "state", "since", "entity", "title");
  for (const auto item : data) {
    const Finding finding = TRY(finding_from_json(simdjson::minify(item)));
    fmt::print("{:<8} {:<13} {:<21} {:<36} {}\n", fmt::format("F-{}", finding.id), to_string(finding.state),
               format_timestamp(finding.since_ms / 1000 * 1000), finding.entity.to_string(), finding.title);
  }
  return ok();
}

int list(const Arguments& arguments) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  ServerClient::Query query;
  if (!arguments.has("all")) query = {{"state", "open"}, {"state", "acknowledged"}};
  const auto answer = client->get("/api/trimtab/findings", query);
  if (!answer) return report(answer.error());
  if (arguments.get("format") == "json") {
    fmt::print("{}", *answer);
    return kOk;
  }
  const Status printed = print_table(*answer);
  return printed ? static_cast<int>(kOk) : report(printed.error());
}

int decide(const Arguments& arguments, std::string_view state) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  std::string by = arguments.get("by");
  if (const char* user = std::getenv("USER"); by.empty() && user != nullptr) by = user;
  JsonWriter json;
  json.begin_object().field("state", state).field("by", by).field("reason", arguments.get("reason"));
  if (arguments.has("until")) {
    const SystemClock clock;
    const auto until = parse_timestamp_relative(arguments.get("until"), clock.now_ms());
    if (!until) return report(until.error().within("--until"));
    json.field("until", format_timestamp(*until));
  }
  json.end_object();
  const auto answer =
      client->post("/api/trimtab/findings/" + arguments.positionals.at(0) + "/state", json.take());
  if (!answer) return report(answer.error());
  fmt::print("{}", *answer);
  return kOk;
}

Verb decision(const char* name, const char* sentence, std::string_view state) {
  Verb verb;
  verb.name = name;
  verb.sentence = sentence;
  verb.positional = {"ID", "The finding: F-12 or 12", true, false};
  verb.options = {{"reason", "TEXT", "Why; required to dismiss", "", {}, false},
                  {"by", "NAME", "Who decides [default: $USER]", "", {}, false}};
  if (state == "acknowledged")
    verb.options.push_back(
        {"until", "TIME", "Until when: ISO 8601 or Unix seconds [default: open end]", "", {}, false});
  for (auto& option : ServerClient::options()) verb.options.push_back(option);
  verb.run = [state](const Arguments& arguments) { return decide(arguments, state); };
  return verb;
}

}  // namespace

std::vector<Verb> findings_verbs() {
  Verb all;
  all.name = "findings list";
  all.sentence = "List what is out of the ordinary: open and acknowledged findings.";
  all.options = {{"all", "", "Resolved and dismissed ones too", "", {}, false},
                 {"format", "FORMAT", "How to write it", "table", {"table", "json"}, false}};
  for (auto& option : ServerClient::options()) all.options.push_back(option);
  all.run = list;
  return {all, decision("findings ack", "Acknowledge: somebody looks at it.", "acknowledged"),
          decision("findings dismiss", "Dismiss: it is no trouble; say why.", "dismissed"),
          decision("findings resolve", "Resolve: it is over.", "resolved"),
          decision("findings reopen", "Open again.", "open")};
}

}  // namespace trimtab::cli
