// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "base/clock.h"
#include "cli/exit_code.h"
#include "cli/server_client.h"
#include "cli/verb.h"
#include "ledger/records.h"

namespace trimtab::cli {
namespace {

Result<Event> event_of(const Arguments& arguments) {
  const SystemClock clock;
  Event event;
  event.title = arguments.positionals.at(0);
  event.kind = arguments.get("kind");
  event.text = arguments.get("text");
  event.key = arguments.get("key");
  event.author = arguments.get("by");
  if (const char* user = std::getenv("USER"); event.author.empty() && user != nullptr) event.author = user;
  event.at_ms = clock.now_ms();
  if (arguments.has("at")) event.at_ms = TRY(parse_timestamp_relative(arguments.get("at"), clock.now_ms()));
  if (const std::string entity = arguments.get("entity"); !entity.empty()) {
    const std::size_t slash = entity.find('/');
    if (slash == 0 || slash == std::string::npos || slash + 1 == entity.size()) {
      return invalid(fmt::format(
          "--entity: \"{}\" is not an entity; write kind/name, such as service/checkout", entity));
    }
    event.entity = EntityRef{entity.substr(0, slash), entity.substr(slash + 1)};
  }
  return event;
}

int annotate(const Arguments& arguments) {
  const auto event = event_of(arguments);
  if (!event) return report(event.error());
  auto client = ServerClient::create(arguments);
  if (!client) return report(client.error());
  const auto answer = client->post("/api/trimtab/events", to_json(*event));
  if (!answer) return report(answer.error());
  fmt::print("{}", *answer);
  return kOk;
}

}  // namespace

Verb annotate_verb() {
  Verb verb;
  verb.name = "annotate";
  verb.sentence = "Tell of an event: a deploy, a configuration change, a note.";
  verb.details = "Example: trimtab annotate \"checkout 1.42\" --kind deploy --entity service/checkout";
  verb.positional = {"TEXT", "What happened, in one line", true, false};
  verb.options = {
      {"kind", "KIND", "deploy, config, incident, note or a word of your own", "note", {}, false},
      {"entity", "KIND/NAME", "What it happened to, such as service/checkout", "", {}, false},
      {"at", "TIME", "When: ISO 8601, Unix seconds or now-2h [default: now]", "", {}, false},
      {"text", "TEXT", "More words", "", {}, false},
      {"by", "NAME", "Who tells [default: $USER]", "", {}, false},
      {"key", "KEY", "The same key again updates the event instead of adding one", "", {}, false}};
  for (auto& option : ServerClient::options()) verb.options.push_back(option);
  verb.run = annotate;
  return verb;
}

}  // namespace trimtab::cli
