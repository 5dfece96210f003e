// SPDX-License-Identifier: Apache-2.0
#include "advise/series.h"

#include <fmt/format.h>

#include <limits>

namespace trimtab::advise {

std::string promql_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

namespace {

Result<promql::Answer> ask(const Context& context, std::string_view expression) {
  constexpr DurationMs kTimeoutMs = 10 * kSecondMs;
  const auto query = TRY(context.querier.prepare(expression));
  promql::QueryOptions options;
  options.limits.timeout_ms = kTimeoutMs;
  options.cancelled = context.cancelled;
  return query->run(promql::QueryWindow::at(context.now_ms), options);
}

}  // namespace

Result<double> value_now(const Context& context, std::string_view expression) {
  constexpr double kNothing = std::numeric_limits<double>::quiet_NaN();
  const promql::Answer answer = TRY(ask(context, expression));
  if (answer.rows() > 1) {
    return invalid(fmt::format("{} gives {} series; expected one", expression.substr(0, 200), answer.rows()));
  }
  return answer.rows() == 0 || answer.columns == 0 ? kNothing : answer.row(0)[0];
}

Result<NumbersByLabels> values_now(const Context& context, std::string_view expression,
                                   std::span<const std::string_view> labels) {
  const promql::Answer answer = TRY(ask(context, expression));
  NumbersByLabels out;
  for (std::size_t i = 0; i < answer.rows() && answer.columns > 0; ++i) {
    std::vector<std::string> key;
    for (const std::string_view label : labels) key.emplace_back(answer.labels[i].get(label));
    out[std::move(key)] = answer.row(i)[0];
  }
  return out;
}

}  // namespace trimtab::advise
