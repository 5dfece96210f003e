// SPDX-License-Identifier: Apache-2.0
// What was changed and what came of it; taking it back; stopping everything.
#include <fmt/format.h>

#include <cstdio>

#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/record_answer.h"
#include "cli/server_client.h"
#include "cli/verb.h"
#include "ledger/change.h"
#include "report/plan.h"

namespace trimtab::cli {
namespace {

Status print_table(const std::vector<std::string>& records) {
  if (records.empty()) {
    fmt::print(stderr, "Nothing was changed yet.\n");
    return ok();
  }
  fmt::print("{:<7} {:<7} {:<24} {:<30} {:<52} {}\n", "id", "of", "state", "entity", "title", "measured");
  for (const std::string& record : records) {
    const Change c = TRY(change_from_json(record));
    fmt::print("{:<7} {:<7} {:<24} {:<30} {:<52} {}\n", fmt::format("C-{}", c.id),
               fmt::format("R-{}", c.recommendation), state_words(c), c.entity.to_string(), c.title,
               effect_words(c.verdict, c.verify.target.unit));
  }
  return ok();
}

int list(const Arguments& arguments) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  return print_records(arguments, *client, "/api/trimtab/changes", {}, print_table);
}

std::string decision_body(const Arguments& arguments) {
  JsonWriter json;
  json.begin_object().field("by", who(arguments)).field("reason", arguments.get("reason")).end_object();
  return json.take();
}

int decide(const Arguments& arguments, const char* what) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  const auto answer = client->post("/api/trimtab/changes/" + arguments.positionals.at(0) + "/" + what,
                                   decision_body(arguments));
  if (!answer) return report(answer.error());
  return print_change(*answer, arguments.get("format"));
}

int switch_all(const Arguments& arguments, const char* what, const char* said) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  const auto answer = client->post(std::string("/api/trimtab/changes/") + what, decision_body(arguments));
  if (!answer) return report(answer.error());
  fmt::print("{}\n", said);
  return kOk;
}

}  // namespace

std::vector<Verb> change_verbs() {
  const OptionSpec by = {"by", "NAME", "Who decides [default: $USER]", "", {}, false};
  const OptionSpec reason = {"reason", "TEXT", "Why", "", {}, false};
  const OptionSpec format = {"format", "FORMAT", "How to write the change", "text", {"text", "json"}, false};
  Verb all;
  all.name = "changes";
  all.sentence = "What was changed, how it went and what was measured.";
  all.options = {{"format", "FORMAT", "How to write it", "table", {"table", "json"}, false}};
  all.run = list;
  Verb back;
  back.name = "rollback";
  back.sentence = "Take a change back, under way or kept.";
  back.positional = {"ID", "The change: C-7 or 7", true, false};
  back.options = {by, reason, format};
  back.run = [](const Arguments& arguments) { return decide(arguments, "rollback"); };
  Verb consent;
  consent.name = "approve";
  consent.sentence = "Consent to a change that waits for a person.";
  consent.positional = {"ID", "The change: C-7 or 7", true, false};
  consent.options = {by, reason, format};
  consent.run = [](const Arguments& arguments) { return decide(arguments, "approve"); };
  Verb halt;
  halt.name = "halt";
  halt.sentence =
      "Stop: no change is begun from now on. What is under way is still watched and can be taken back.";
  halt.options = {by, reason};
  halt.run = [](const Arguments& arguments) { return switch_all(arguments, "halt", "Changes are halted."); };
  Verb resume;
  resume.name = "resume";
  resume.sentence = "Allow changes again after a halt.";
  resume.options = {by, reason};
  resume.run = [](const Arguments& arguments) {
    return switch_all(arguments, "resume", "Changes may be made again.");
  };
  std::vector<Verb> out = {all, back, consent, halt, resume};
  for (Verb& verb : out) {
    for (auto& option : ServerClient::options()) verb.options.push_back(option);
  }
  return out;
}

}  // namespace trimtab::cli
