// SPDX-License-Identifier: Apache-2.0
#include "advise/redis/advisors.h"

#include <fmt/format.h>

#include "advise/recommending.h"
#include "advise/redis/advised_server.h"
#include "advise/redis/memory_rules.h"
#include "advise/redis/persistence_rules.h"
#include "advise/redis/redis_look.h"
#include "targets/redis/client.h"

namespace trimtab::advise::redis {

namespace {

constexpr DurationMs kTimeoutMs = 5 * kSecondMs;
constexpr double kIdleLookUpsMin = 100;  // a second

class RedisAdvisor final : public Advisor {
 public:
  explicit RedisAdvisor(Target target)
      : target_(std::move(target)), where_{target_.name(), target_.instance, target_.interval_ms} {}

  std::string name() const override { return "redis.server"; }

  Result<std::vector<Recommendation>> advise(const Context& context) override {
    const auto client = TRY(trimtab::redis::Client::open(target_, kTimeoutMs, context.cancelled));
    const auto info = TRY(client->command({"INFO", "all"}));
    history_.add(read_look(info.text, context.now_ms));
    std::vector<Recommendation> out;
    if (history_.window_ms() < kRedisWindowMs) {
      const DurationMs left = kRedisWindowMs - history_.window_ms();
      out = {not_enough(where_, "server", "No advice on " + where_.instance + " yet",
                        fmt::format("{} more minutes of load", (left + kMinuteMs - 1) / kMinuteMs))};
    } else {
      const auto keys = TRY(sample_keys(*client, cursor_, idle()));
      TRY(remember_biggest(*client, keys));
      out = advise_memory(history_.oldest(), history_.newest(), keys, where_);
      for (Recommendation& one :
           advise_persistence(history_.oldest(), history_.newest(), {&biggest_, 1}, where_)) {
        out.push_back(std::move(one));
      }
    }
    complete(out, name(), where_.target, where_.entity(), context);
    return out;
  }

 private:
  // Only where it is of use, and drowns in the look-ups of others.
  AskIdle idle() const {
    const RedisLook& from = history_.oldest();
    const RedisLook& to = history_.newest();
    const double per_second =
        1e3 * (to.hits + to.misses - from.hits - from.misses) / static_cast<double>(history_.window_ms());
    return to.policy.ends_with("-random") && per_second >= kIdleLookUpsMin ? AskIdle::kYes : AskIdle::kNo;
  }

  // Of all samples so far, as large as it is now: advice does not come and go with the sample.
  Status remember_biggest(trimtab::redis::Client& client, std::span<const SampledKey> keys) {
    if (!biggest_.name.empty()) biggest_ = TRY(sample_key(client, std::move(biggest_.name), AskIdle::kNo));
    for (const SampledKey& key : keys) {
      if (key.bytes > biggest_.bytes) biggest_ = key;
    }
    return ok();
  }

  const Target target_;
  const AdvisedServer where_;
  LookHistory history_;
  std::string cursor_ = "0";
  SampledKey biggest_;
};

}  // namespace

std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target) {
  std::vector<std::unique_ptr<Advisor>> out;
  out.push_back(std::make_unique<RedisAdvisor>(target));
  return out;
}

}  // namespace trimtab::advise::redis
