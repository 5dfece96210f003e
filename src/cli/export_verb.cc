// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "cli/exit_code.h"
#include "cli/offline.h"
#include "cli/server_client.h"
#include "cli/verb.h"
#include "server/export_lines.h"

namespace trimtab::cli {
namespace {

Status from_server(const Arguments& arguments) {
  ServerClient client = TRY(ServerClient::create(arguments));
  ServerClient::Query query;
  for (const std::string& selector : arguments.all("match")) query.emplace_back("match[]", selector);
  for (const char* name : {"start", "end"}) {
    if (arguments.has(name)) query.emplace_back(name, arguments.get(name));
  }
  const std::string lines = TRY(client.get("/api/v1/export", query));
  std::fwrite(lines.data(), 1, lines.size(), stdout);
  return ok();
}

Status from_directory(const Arguments& arguments) {
  const auto offline = TRY(Offline::open(arguments.get("data-dir"), Offline::Mode::kRead));
  TimeRange range;
  const TimestampMs now = offline->clock.now_ms();
  if (arguments.has("start")) range.from = TRY(parse_timestamp_relative(arguments.get("start"), now));
  if (arguments.has("end")) range.to = TRY(parse_timestamp_relative(arguments.get("end"), now));
  SampleBuffer buffer;
  for (const std::string& selector : arguments.all("match")) {
    const Matchers matchers = TRY(parse_selector(selector));
    const auto set = TRY(offline->store->select(matchers, range));
    for (std::size_t i = 0; i < set->size(); ++i) {
      TRY(set->read(i, range, buffer));
      std::string lines;
      append_export_lines(lines, set->labels(i), buffer);
      std::fwrite(lines.data(), 1, lines.size(), stdout);
    }
  }
  return ok();
}

int run_export(const Arguments& arguments) {
  if (!arguments.has("match"))
    return report(Error(ErrorCode::kInvalid, "--match is required: a selector such as 'up{job=\"node\"}'"));
  const Status done = arguments.has("data-dir") ? from_directory(arguments) : from_server(arguments);
  return done ? static_cast<int>(kOk) : report(done.error());
}

}  // namespace

Verb export_verb() {
  Verb verb;
  verb.name = "export";
  verb.sentence = "Print samples as JSON lines, the form that import takes.";
  verb.options = {
      {"match", "SELECTOR", "Which series, such as 'up{job=\"node\"}'; may repeat; required", "", {}, true},
      {"start", "TIME", "From here: ISO 8601, Unix seconds or now-2h [default: the oldest]", "", {}, false},
      {"end", "TIME", "Up to here [default: the newest]", "", {}, false},
      {"data-dir", "DIR", "Read this data directory without a server", "", {}, false}};
  for (auto& option : ServerClient::options()) verb.options.push_back(option);
  verb.run = run_export;
  return verb;
}

}  // namespace trimtab::cli
