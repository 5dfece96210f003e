// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/server_advisor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/recommending.h"
#include "advise/series.h"

namespace trimtab::advise::nginx {

std::string AdvisedServer::labels(const std::string& more) const {
  return fmt::format("{{instance={}{}}}", promql_string(instance), more);
}

Result<double> number_of(const Context& context, const AdvisedServer& where, std::string_view form) {
  return value_now(context,
                   fmt::format(fmt::runtime(form), fmt::arg("labels", where.labels()),
                               fmt::arg("window", fmt::format("{}s", kTrafficWindowMs / kSecondMs))));
}

Result<double> sum_of(const Context& context, const AdvisedServer& where, std::string_view metric,
                      const std::string& more) {
  const double sum = TRY(value_now(context, fmt::format("sum(increase({}{}[{}s]))", metric,
                                                        where.labels(more), kTrafficWindowMs / kSecondMs)));
  return std::isfinite(sum) ? sum : 0;
}

Result<double> seconds_of(const Context& context, const AdvisedServer& where, std::string_view metric) {
  const double seconds = TRY(
      number_of(context, where,
                fmt::format("time() - min(min_over_time(timestamp({}{{labels}})[{{window}}:1s]))", metric)));
  return std::isfinite(seconds) ? seconds : 0;
}

Result<Traffic> read_traffic(const Context& context, const AdvisedServer& where) {
  // This counter is there from the first round on, unlike that of a status.
  const double seconds = TRY(seconds_of(context, where, "nginx_http_response_size_bytes_total"));
  const double requests =
      TRY(number_of(context, where, "sum(increase(nginx_http_response_count_total{labels}[{window}]))"));
  return Traffic{.requests = std::isfinite(requests) ? requests : 0, .seconds = seconds};
}

std::string lacks(const Traffic& traffic) {
  const double rate = traffic.per_second();
  double more = kTrafficSecondsMin - traffic.seconds;
  if (traffic.requests < kRequestsMin) {
    if (rate <= 0) return fmt::format("{:.0f} requests in the access log", kRequestsMin);
    more = std::max(more, (kRequestsMin - traffic.requests) / rate);
    if (more * kSecondMs > static_cast<double>(kTrafficWindowMs)) {
      return fmt::format("{:.0f} requests within {} minutes; there were {:.0f}", kRequestsMin,
                         kTrafficWindowMs / kMinuteMs, traffic.requests);
    }
  }
  if (more <= 0) return "";
  const double minutes = std::ceil(more * kSecondMs / kMinuteMs);
  return fmt::format("{:.0f} more minute{} of requests", minutes, minutes > 1 ? "s" : "");
}

DurationMs look_step(const Traffic& traffic, DurationMs collector_interval_ms) {
  constexpr DurationMs kStepMin = 2 * kSecondMs, kStepMax = 5 * kMinuteMs;
  const double seconds = std::min(kRequestsPerLookMin / std::max(traffic.per_second(), 1e-3), 1e6);
  const auto for_requests = static_cast<DurationMs>(std::ceil(seconds)) * kSecondMs;
  return std::clamp(std::max(for_requests, 4 * collector_interval_ms), kStepMin, kStepMax);
}

std::vector<Guard> request_guards(const AdvisedServer& where) {
  const std::string all = where.labels();
  const std::string failed = where.labels(",status=~\"5..\"");
  std::vector<Guard> out;
  out.push_back({.measure = {.title = "mean request time",
                             .expression = fmt::format(
                                 "sum(rate(nginx_http_response_time_seconds_sum{0}[{{{{.step}}}}])) / "
                                 "sum(rate(nginx_http_response_time_seconds_count{0}[{{{{.step}}}}]))",
                                 all),
                             .unit = "seconds",
                             .worse = WorseDirection::kUp},
                 .harm_max = 0.25,
                 .harm_min_absolute = 0.005});
  out.push_back({.measure = {.title = "p95 of the request time",
                             .expression = fmt::format(
                                 "histogram_quantile(0.95, sum by (le) "
                                 "(rate(nginx_http_response_time_seconds_bucket{}[{{{{.step}}}}])))",
                                 all),
                             .unit = "seconds",
                             .worse = WorseDirection::kUp},
                 .harm_max = 0.5,  // the histogram's bounds lie a factor of 2 to 2.5 apart
                 .harm_min_absolute = 0.01});
  out.push_back({.measure = {.title = "share of answers with status 500 and above",
                             .expression = fmt::format(
                                 "(sum(rate(nginx_http_response_count_total{}[{{{{.step}}}}])) or "
                                 "vector(0)) / sum(rate(nginx_http_response_count_total{}[{{{{.step}}}}]))",
                                 failed, all),
                             .unit = "ratio",
                             .worse = WorseDirection::kUp},
                 .harm_max = 0.1,
                 .harm_min_absolute = 0.01});
  return out;
}

Action edit_action(const ConfigEdit& edit, const AdvisedServer& where) {
  return {.type = "nginx.edit",
          .target = where.target,
          .parameters = {{"path", edit.path}, {"find", edit.find}, {"replace", edit.replace}},
          .apply = fmt::format("in {}: \"{}\" becomes \"{}\"; nginx -t; reload", edit.path, edit.find,
                               edit.replace),
          .undo = fmt::format("the earlier {} takes its place again; reload", edit.path)};
}

Result<std::vector<Recommendation>> ServerAdvisor::advise(const Context& context) {
  const AdvisedServer where{target_.name(), target_.instance, !target_.log.empty()};
  std::vector<Recommendation> out = TRY(look(where, context));
  complete(out, name_, where.target, where.entity(), context);
  return out;
}

Recommendation ServerAdvisor::not_enough(std::string title, std::string needs) const {
  return not_enough_data(fmt::format("{}.needs|{}", name_, target_.name()), std::move(title),
                         std::move(needs));
}

}  // namespace trimtab::advise::nginx
