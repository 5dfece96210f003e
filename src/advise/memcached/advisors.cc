// SPDX-License-Identifier: Apache-2.0
#include "advise/memcached/advisors.h"

#include <fmt/format.h>

#include "advise/memcached/cache_rules.h"
#include "advise/memcached/memcached_look.h"
#include "advise/recommending.h"
#include "targets/memcached/client.h"

namespace trimtab::advise::memcached {

namespace {

constexpr DurationMs kTimeoutMs = 5 * kSecondMs;

class MemcachedAdvisor final : public Advisor {
 public:
  explicit MemcachedAdvisor(Target target) : target_(std::move(target)) {}

  std::string name() const override { return "memcached.server"; }

  Result<std::vector<Recommendation>> advise(const Context& context) override {
    const auto client = TRY(trimtab::memcached::Client::open(target_, kTimeoutMs, context.cancelled));
    MemcachedLook look;
    look.at_ms = context.now_ms;
    read_stats(TRY(client->stats("")), look);
    read_stats(TRY(client->stats("settings")), look);
    history_.add(std::move(look));
    std::vector<Recommendation> out;
    if (history_.window_ms() < kMemcachedWindowMs) {
      const DurationMs left = kMemcachedWindowMs - history_.window_ms();
      out.push_back(
          not_enough_data(fmt::format("memcached|{}|server.needs", target_.name()),
                          "No advice on " + target_.instance + " yet",
                          fmt::format("{} more minutes of load", (left + kMinuteMs - 1) / kMinuteMs)));
    } else {
      out = advise_cache(history_.oldest(), history_.newest(), target_.name());
    }
    // The entity is as catalog/memcached.yaml says.
    complete(out, name(), target_.name(), {"cache", target_.instance}, context);
    return out;
  }

 private:
  const Target target_;
  LookHistory history_;
};

}  // namespace

std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target) {
  std::vector<std::unique_ptr<Advisor>> out;
  out.push_back(std::make_unique<MemcachedAdvisor>(target));
  return out;
}

}  // namespace trimtab::advise::memcached
