// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "cli/answer_text.h"
#include "cli/exit_code.h"
#include "cli/offline.h"
#include "cli/server_client.h"
#include "cli/verb.h"
#include "query/answer_json.h"
#include "query/querier.h"

namespace trimtab::cli {
namespace {

constexpr DurationMs kPointsWanted = 250;  // of a range without --step

struct Question {
  std::string text;
  promql::QueryWindow window;
};

Result<Question> read_question(const Arguments& arguments, TimestampMs now) {
  const auto time = [&](const char* name, TimestampMs fallback) -> Result<TimestampMs> {
    if (!arguments.has(name)) return fallback;
    auto read = parse_timestamp_relative(arguments.get(name), now);
    if (!read) return std::unexpected(read.error().within(fmt::format("--{}", name)));
    return read;
  };
  const bool range = arguments.has("start") || arguments.has("end") || arguments.has("step");
  Question question{.text = arguments.positionals.at(0), .window = promql::QueryWindow::at(now)};
  if (!range) {
    question.window = promql::QueryWindow::at(TRY(time("at", now)));
    return question;
  }
  if (arguments.has("at")) return invalid("--at asks for one moment, --start, --end and --step for a range");
  if (!arguments.has("start")) return invalid("--start is required for a range, such as --start now-1h");
  const TimestampMs start = TRY(time("start", now));
  const TimestampMs end = TRY(time("end", now));
  if (end < start) return invalid("--end lies before --start");
  DurationMs step = std::max(kSecondMs, (end - start) / kPointsWanted / kSecondMs * kSecondMs);
  if (arguments.has("step")) {
    const auto read = parse_duration(arguments.get("step"));
    if (!read) return std::unexpected(read.error().within("--step"));
    step = *read;
  }
  if (step <= 0) return invalid("--step must be longer than nothing");
  question.window = promql::QueryWindow::over(start, end, step);
  return question;
}

std::string seconds(std::int64_t ms) {
  std::string out;
  promql::append_api_time(out, ms);
  return out;
}

Result<promql::Answer> ask_server(const Arguments& arguments, const Question& question) {
  ServerClient client = TRY(ServerClient::create(arguments));
  ServerClient::Query query = {{"query", question.text}};
  if (question.window.instant) {
    query.emplace_back("time", seconds(question.window.start_ms));
  } else {
    query.emplace_back("start", seconds(question.window.start_ms));
    query.emplace_back("end", seconds(question.window.end_ms));
    query.emplace_back("step", seconds(question.window.step_ms));
  }
  const std::string body =
      TRY(client.get(question.window.instant ? "/api/v1/query" : "/api/v1/query_range", query));
  return promql::read_answer_json(body, question.window, {});
}

Result<promql::Answer> ask_directory(const Arguments& arguments, const Question& question) {
  const auto offline = TRY(Offline::open(arguments.get("data-dir"), Offline::Mode::kRead));
  const auto querier = promql::Querier::local(*offline->store);
  const auto prepared = TRY(querier->prepare(question.text));
  promql::QueryOptions options;
  options.threads = std::max(1u, std::thread::hardware_concurrency());
  return prepared->run(question.window, options);
}

std::size_t terminal_columns() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 40) return 100;
  return std::min<std::size_t>(size.ws_col, 200);
}

int query(const Arguments& arguments) {
  const SystemClock clock;
  const auto question = read_question(arguments, clock.now_ms());
  if (!question) return report(question.error());
  auto answer =
      arguments.has("data-dir") ? ask_directory(arguments, *question) : ask_server(arguments, *question);
  if (!answer) return report(answer.error());
  for (const auto& sentences : {answer->warnings, answer->infos}) {
    for (const std::string& sentence : sentences) fmt::print(stderr, "{}\n", sentence);
  }
  const std::string format = arguments.get("format");
  const std::string text = format == "json"    ? promql::answer_json(std::move(*answer))
                           : format == "csv"   ? answer_csv(*answer)
                           : format == "chart" ? answer_chart(*answer, terminal_columns())
                                               : answer_table(*answer);
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kOk;
}

}  // namespace

Verb query_verb() {
  Verb verb;
  verb.name = "query";
  verb.sentence = "Answer a PromQL query, of a running server or of a data directory.";
  verb.details =
      "Examples: trimtab query 'sum by (job) (rate(http_requests_total[5m]))'\n"
      "          trimtab query 'up' --start now-1h --step 1m --format chart";
  verb.positional = {"EXPRESSION", "PromQL, in quotes", true, false};
  verb.options = {
      {"at", "TIME", "The moment: ISO 8601, Unix seconds or now-2h [default: now]", "", {}, false},
      {"start", "TIME", "Of a range: its first point", "", {}, false},
      {"end", "TIME", "Of a range: its end [default: now]", "", {}, false},
      {"step", "DURATION", "Of a range: between points [default: 250 points, at least 1s]", "", {}, false},
      {"format", "FORMAT", "How to print the answer", "table", {"table", "json", "csv", "chart"}, false},
      {"data-dir", "DIR", "Read this data directory without a server", "", {}, false}};
  for (auto& option : ServerClient::options()) verb.options.push_back(option);
  verb.run = query;
  return verb;
}

}  // namespace trimtab::cli
