// SPDX-License-Identifier: Apache-2.0
// What should change: looking at it, and saying yes or no.
#include <fmt/format.h>
#include <simdjson.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/record_answer.h"
#include "cli/server_client.h"
#include "cli/verb.h"
#include "ledger/recommendation.h"
#include "report/plan.h"

namespace trimtab::cli {
namespace {

std::string worth_of(const Recommendation& r) {
  if (r.state == RecommendationState::kNotEnoughData) return "needs " + r.needs;
  std::string worth = expected_words(r.expected, r.verify);
  if (r.state != RecommendationState::kAccepted || r.state_reason.empty()) return worth;
  return fmt::format("{}; expected {}", r.state_reason, worth);
}

Status print_table(const std::vector<std::string>& records) {
  if (records.empty()) {
    fmt::print(stderr, "Nothing to recommend. Does a collector look at a target? See `trimtab discover`.\n");
    return ok();
  }
  fmt::print("{:<7} {:<16} {:<7} {:<30} {:<58} {}\n", "id", "state", "risk", "entity", "title", "expected");
  for (const std::string& record : records) {
    const Recommendation r = TRY(recommendation_from_json(record));
    fmt::print("{:<7} {:<16} {:<7} {:<30} {:<58} {}\n", fmt::format("R-{}", r.id), to_string(r.state),
               to_string(r.risk), r.entity.to_string(), r.title, worth_of(r));
  }
  return ok();
}

int advise(const Arguments& arguments) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  if (arguments.has("now")) {
    const auto asked = client->post("/api/trimtab/advice", "");
    if (!asked) return report(asked.error());
    for (const std::string& problem : texts_of(*asked, "problems"))
      fmt::print(stderr, "trimtab: {}\n", problem);
  }
  ServerClient::Query query;
  if (!arguments.has("all"))
    query = {{"state", "proposed"}, {"state", "not_enough_data"}, {"state", "accepted"}};
  return print_records(arguments, *client, "/api/trimtab/recommendations", query, print_table);
}

// R-12, C-7 or F-3.
int show(const Arguments& arguments) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  const std::string& id = arguments.positionals.at(0);
  const std::string kind = id.starts_with("C-")   ? "changes"
                           : id.starts_with("F-") ? "findings"
                                                  : "recommendations";
  ServerClient::Query query = {{"format", arguments.get("format")}};
  if (isatty(STDOUT_FILENO) != 0) query.emplace_back("colour", "true");
  const auto answer = client->get("/api/trimtab/" + kind + "/" + id, query);
  if (!answer) return report(answer.error());
  if (arguments.get("format") == "json" || kind == "findings") {
    const auto data = data_of(*answer);
    if (!data) return report(data.error());
    fmt::print("{}\n", *data);
  } else {
    fmt::print("{}", *answer);
  }
  return kOk;
}

int apply(const Arguments& arguments) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  const std::string path = "/api/trimtab/recommendations/" + arguments.positionals.at(0);
  const auto whole = client->get(path, {{"format", "text"}});
  if (!whole) return report(whole.error());
  if (!arguments.has("yes")) {
    fmt::print("{}", *whole);
    if (isatty(STDIN_FILENO) == 0) {
      fmt::print(stderr, "\nNothing was changed. To apply it: trimtab apply {} --yes\n",
                 arguments.positionals.at(0));
      return kOk;
    }
    fmt::print(stderr, "\nApply it? [y/N] ");
    std::string word;
    std::getline(std::cin, word);
    if (word != "y" && word != "yes") {
      fmt::print(stderr, "Nothing was changed.\n");
      return kOk;
    }
  }
  JsonWriter json;
  json.begin_object().field("by", who(arguments)).end_object();
  const auto answer = client->post(path + "/apply", json.take());
  if (!answer) return report(answer.error());
  return print_change(*answer, arguments.get("format"));
}

// The idea as a file: JSON of a recommendation, with what the server adds left out.
int propose(const Arguments& arguments) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  std::ifstream file(arguments.positionals.at(0));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file.is_open()) {
    return report(Error(ErrorCode::kNotFound, fmt::format("cannot open {}", arguments.positionals.at(0))));
  }
  auto idea = recommendation_from_json(text);
  if (!idea) return report(idea.error().within(arguments.positionals.at(0)));
  idea->state_by = who(arguments);
  const auto answer = client->post("/api/trimtab/recommendations", to_json(*idea));
  if (!answer) return report(answer.error());
  const auto data = data_of(*answer);
  if (!data) return report(data.error());
  const auto made = recommendation_from_json(*data);
  if (!made) return report(made.error());
  if (arguments.get("format") == "json") {
    fmt::print("{}\n", *data);
  } else {
    fmt::print("R-{}: {}\nTo make it: trimtab apply R-{}\n", made->id, made->title, made->id);
  }
  return kOk;
}

int dismiss(const Arguments& arguments) {
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  JsonWriter json;
  json.begin_object().field("state", "dismissed").field("by", who(arguments));
  json.field("reason", arguments.get("reason")).end_object();
  const auto answer =
      client->post("/api/trimtab/recommendations/" + arguments.positionals.at(0) + "/state", json.take());
  if (!answer) return report(answer.error());
  fmt::print("{} is dismissed.\n", arguments.positionals.at(0));
  return kOk;
}

}  // namespace

std::vector<Verb> advise_verbs() {
  Verb list;
  list.name = "advise";
  list.sentence = "What should change, and what that is worth.";
  list.options = {{"now", "", "Ask every advisor now instead of telling what they last said", "", {}, false},
                  {"all", "", "Ended ones too: done, dismissed, withdrawn, expired", "", {}, false},
                  {"format", "FORMAT", "How to write it", "table", {"table", "json"}, false}};
  list.run = advise;
  Verb one;
  one.name = "show";
  one.sentence = "One recommendation, change or finding, whole.";
  one.positional = {"ID", "R-12, C-7 or F-3", true, false};
  one.options = {
      {"format", "FORMAT", "How to write it", "text", {"text", "json", "markdown", "html"}, false}};
  one.run = show;
  Verb yes;
  yes.name = "apply";
  yes.sentence = "Make a recommended change; it is measured, and taken back when it does not help.";
  yes.details = "Without --yes it shows what would be done, and asks when a person is there to answer.";
  yes.positional = {"ID", "The recommendation: R-12 or 12", true, false};
  yes.options = {{"yes", "", "Do it without asking", "", {}, false},
                 {"by", "NAME", "Who consents [default: $USER]", "", {}, false},
                 {"format", "FORMAT", "How to write the change", "text", {"text", "json"}, false}};
  yes.run = apply;
  Verb no;
  no.name = "dismiss";
  no.sentence = "Say no to a recommendation; it is not proposed again for seven days.";
  no.positional = {"ID", "The recommendation: R-12 or 12", true, false};
  no.options = {{"reason", "TEXT", "Why; required", "", {}, false},
                {"by", "NAME", "Who decides [default: $USER]", "", {}, false}};
  no.run = dismiss;
  Verb idea;
  idea.name = "propose";
  idea.sentence = "Propose a change of your own, to be made, measured and kept or taken back like any other.";
  idea.details =
      "FILE is JSON: title, entity, action {type, target, parameters}, verify {target {title, expression, "
      "unit, worse}, "
      "guards}.\nSee docs/closed-loop.md for the types and an example.";
  idea.positional = {"FILE", "The idea", true, false};
  idea.options = {{"by", "NAME", "Who proposes it [default: $USER]", "", {}, false},
                  {"format", "FORMAT", "How to write the answer", "text", {"text", "json"}, false}};
  idea.run = propose;
  std::vector<Verb> out = {list, one, yes, no, idea};
  for (Verb& verb : out) {
    for (auto& option : ServerClient::options()) verb.options.push_back(option);
  }
  return out;
}

}  // namespace trimtab::cli
