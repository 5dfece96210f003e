// SPDX-License-Identifier: Apache-2.0
#include "server/brief_maker.h"

#include <fmt/format.h>

namespace trimtab {
namespace {

constexpr std::size_t kFindingsMax = 1000;
constexpr std::size_t kEventsMax = 200;

}  // namespace

Result<std::string> BriefMaker::make(const BriefQuestion& question) {
  const TimestampMs now = clock_.now_ms();
  if (question.at_ms && *question.at_ms > now) {
    return invalid(fmt::format("at: {} lies in the future; it is {}", format_timestamp(*question.at_ms),
                               format_timestamp(now)));
  }
  if (question.since_ms && *question.since_ms > question.at_ms.value_or(now)) {
    return invalid(
        fmt::format("since: {} lies after the moment asked for", format_timestamp(*question.since_ms)));
  }
  BriefInput input = TRY(question.at_ms ? gather_past(*question.at_ms, question.since_ms)
                                        : gather_now(kSinceDefaultMs, question.since_ms));
  const auto knowledge = knowledge_.now();
  input.estate = &knowledge->estate;
  return render_brief(input, question.format, question.style);
}

Result<BriefInput> BriefMaker::gather_now(DurationMs since_ago, std::optional<TimestampMs> since_ms) {
  BriefInput input;
  const auto pass = TRY(ledger_.last_pass());
  input.at_ms = pass ? pass->at_ms : clock_.now_ms();
  input.since_ms = since_ms.value_or(input.at_ms - since_ago);
  if (pass) {
    input.pass = *pass;
  } else {
    input.notices.emplace_back("nothing has been judged yet: the first analysis pass has not ended");
  }
  FindingFilter filter;
  filter.overlapping = TimeRange{input.since_ms, kTimestampMax};
  filter.limit = kFindingsMax;
  input.findings = TRY(ledger_.findings(filter));
  input.events = TRY(ledger_.events(
      {.range = {input.since_ms, input.at_ms}, .entity = std::nullopt, .kind = "", .limit = kEventsMax}));
  if (const std::string refusal = store_.write_refusal(); !refusal.empty()) {
    input.notices.push_back("the store takes no writes: " + refusal);
  }
  return input;
}

Result<BriefInput> BriefMaker::gather_past(TimestampMs at, std::optional<TimestampMs> since_ms) {
  BriefInput input;
  input.at_ms = at;
  input.since_ms = since_ms.value_or(at - kSinceDefaultMs);
  AnalysisResult result = TRY(analysis_.judge(at));
  input.pass = result.pass;
  input.findings = std::move(result.findings);
  input.events = TRY(ledger_.events(
      {.range = {input.since_ms, at}, .entity = std::nullopt, .kind = "", .limit = kEventsMax}));
  return input;
}

}  // namespace trimtab
