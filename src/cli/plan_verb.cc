// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include "cli/exit_code.h"
#include "cli/server_client.h"
#include "cli/verb.h"

namespace trimtab::cli {
namespace {

int plan(const Arguments& arguments) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  ServerClient::Query query = {{"format", arguments.get("format")}};
  if (isatty(STDOUT_FILENO) != 0) query.emplace_back("colour", "true");
  const auto answer = client->get("/api/trimtab/plan", query);
  if (!answer) return report(answer.error());
  fmt::print("{}", *answer);
  return kOk;
}

}  // namespace

Verb plan_verb() {
  Verb verb;
  verb.name = "plan";
  verb.sentence =
      "The optimisation plan: what was done, what came of it, what is next, and the track record.";
  verb.options = {
      {"format", "FORMAT", "How to write it", "text", {"text", "html", "markdown", "json"}, false}};
  for (auto& option : ServerClient::options()) verb.options.push_back(option);
  verb.run = plan;
  return verb;
}

}  // namespace trimtab::cli
