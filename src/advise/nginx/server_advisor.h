// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "advise/advisor.h"
#include "advise/nginx/configuration.h"
#include "targets/target.h"

namespace trimtab::advise::nginx {

// Whose advice it is.
struct AdvisedServer {
  std::string target;    // "nginx/edge"
  std::string instance;  // label of its series
  bool has_log = false;  // an access log is followed
  EntityRef entity() const { return {"service", "nginx@" + instance}; }
  // {instance=".."}, with more matchers behind: ",status=~\"5..\"".
  std::string labels(const std::string& more = {}) const;
};

// What happened in kTrafficWindowMs up to now, of the collector's series.
struct Traffic {
  double requests = 0;
  double seconds = 0;  // how long there have been samples in that time
  double per_second() const { return seconds > 0 ? requests / seconds : 0; }
};
// Of the access log.
Result<Traffic> read_traffic(const Context& context, const AdvisedServer& where);
// A number of an expression in which {labels} and {window} stand for this server and the time looked at.
Result<double> number_of(const Context& context, const AdvisedServer& where, std::string_view form);
// How much a counter grew in the time looked at, over all its series that match; 0 when there are none.
// `more` as in labels().
Result<double> sum_of(const Context& context, const AdvisedServer& where, std::string_view metric,
                      const std::string& more = {});
// How long, in seconds, there have been samples of this metric in the time looked at.
Result<double> seconds_of(const Context& context, const AdvisedServer& where, std::string_view metric);

// "" when there are kTrafficSecondsMin and kRequestsMin, else what is missing: "2 more minutes of requests".
std::string lacks(const Traffic& traffic);

// A look of a verification holds kRequestsPerLookMin requests, four rounds of the collector and 2 s, at most
// 5 minutes.
DurationMs look_step(const Traffic& traffic, DurationMs collector_interval_ms);

// Mean and p95 of the request time, and the share of answers with status 500 and above.
std::vector<Guard> request_guards(const AdvisedServer& where);

// "nginx.edit", and what people read of it.
Action edit_action(const ConfigEdit& edit, const AdvisedServer& where);

inline constexpr DurationMs kTrafficWindowMs = 15 * kMinuteMs;
inline constexpr double kTrafficSecondsMin = 30;
inline constexpr double kRequestsMin = 200;
inline constexpr double kRequestsPerLookMin = 100;

// What the advisors of one nginx share: what every recommendation says about where it belongs.
class ServerAdvisor : public Advisor {
 public:
  ServerAdvisor(Target target, std::string name) : target_(std::move(target)), name_(std::move(name)) {}

  std::string name() const final { return name_; }
  Result<std::vector<Recommendation>> advise(const Context& context) final;

 protected:
  // Fills in all but advisor, entity, owner, tier, target and times.
  virtual Result<std::vector<Recommendation>> look(const AdvisedServer& where, const Context& context) = 0;

  // A kNotEnoughData of this advisor.
  Recommendation not_enough(std::string title, std::string needs) const;
  const Target& target() const { return target_; }

 private:
  Target target_;
  std::string name_;
};

}  // namespace trimtab::advise::nginx
