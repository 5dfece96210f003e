// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "cli/exit_code.h"
#include "cli/offline.h"
#include "cli/server_client.h"
#include "cli/verb.h"
#include "server/brief_maker.h"

namespace trimtab::cli {
namespace {

Result<std::string> ask_server(const Arguments& arguments) {
  ServerClient client = TRY(ServerClient::create(arguments));
  ServerClient::Query query = {{"for", arguments.get("for")}, {"format", arguments.get("format")}};
  for (const char* name : {"at", "since"}) {
    if (arguments.has(name)) query.emplace_back(name, arguments.get(name));
  }
  if (isatty(STDOUT_FILENO) != 0) query.emplace_back("colour", "true");
  return client.get("/api/trimtab/brief", query);
}

// Judges the directory's samples here and now, without a server: as of --at, else of the newest sample.
Result<std::string> judge_directory(const Arguments& arguments) {
  const auto offline = TRY(Offline::open(arguments.get("data-dir"), Offline::Mode::kRead));
  const auto ledger =
      TRY(Ledger::open(arguments.get("data-dir") + "/ledger.sqlite", offline->clock, *offline->logger));
  const auto knowledge = TRY(KnowledgeKeeper::open(arguments.get("estate"), arguments.all("catalog")));
  const auto querier = promql::Querier::local(*offline->store);
  AnalysisSchedule analysis(*offline->store, *querier, *ledger, *knowledge, offline->clock, offline->metrics,
                            *offline->logger, AnalysisScheduleOptions{});
  BriefMaker maker(*offline->store, *ledger, *knowledge, analysis, offline->clock);
  const TimestampMs now = offline->clock.now_ms();
  BriefQuestion question;
  question.at_ms = std::min(now, offline->store->stats().newest_ms.value_or(now));
  if (arguments.has("at")) question.at_ms = TRY(parse_timestamp_relative(arguments.get("at"), now));
  if (arguments.has("since"))
    question.since_ms = TRY(parse_timestamp_relative(arguments.get("since"), *question.at_ms));
  question.format = TRY(parse_brief_format(arguments.get("format")));
  question.style.audience = TRY(parse_audience(arguments.get("for")));
  question.style.colour = isatty(STDOUT_FILENO) != 0;
  return maker.make(question);
}

int brief(const Arguments& arguments) {
  const auto text = arguments.has("data-dir") ? judge_directory(arguments) : ask_server(arguments);
  if (!text) return report(text.error());
  fmt::print("{}", *text);
  return kOk;
}

}  // namespace

Verb brief_verb() {
  Verb verb;
  verb.name = "brief";
  verb.sentence = "How are our services performing? Anything out of the ordinary?";
  verb.details =
      "A server answers from its newest analysis pass; --at and --data-dir judge anew.\n"
      "Examples: trimtab brief --for head | trimtab brief --at now-2h | trimtab brief --data-dir "
      "./trimtab-data";
  verb.options = {
      {"for", "WHO", "Whom to tell", "lead", {"developer", "lead", "head"}, false},
      {"format", "FORMAT", "How to write it", "text", {"text", "json", "html", "markdown"}, false},
      {"at", "TIME", "A past moment to look at: ISO 8601, Unix seconds or now-2h", "", {}, false},
      {"since",
       "TIME",
       "How far back ended findings and events are told [default: 24 h before]",
       "",
       {},
       false},
      {"data-dir", "DIR", "Judge this data directory without a server", "", {}, false},
      {"estate", "FILE", "With --data-dir: estate.yaml", "", {}, false},
      {"catalog", "DIR", "With --data-dir: a directory of catalogue entries; may repeat", "", {}, true}};
  for (auto& option : ServerClient::options()) verb.options.push_back(option);
  verb.run = brief;
  return verb;
}

}  // namespace trimtab::cli
