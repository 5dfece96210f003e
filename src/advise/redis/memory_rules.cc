// SPDX-License-Identifier: Apache-2.0
#include "advise/redis/memory_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/format.h"

namespace trimtab::advise::redis {

namespace {

constexpr double kMebibyte = 1 << 20;
// Added memory fills by misses, which grow fewer meanwhile: as if it took so many times as long.
constexpr double kFillSlower = 2;

class MemoryRules {
 public:
  MemoryRules(const RedisLook& from, const RedisLook& to, std::span<const SampledKey> keys,
              const AdvisedServer& where)
      : to_(to),
        keys_(keys),
        where_(where),
        seconds_(static_cast<double>(to.at_ms - from.at_ms) / 1e3),
        hits_(to.hits - from.hits),
        misses_(to.misses - from.misses),
        evicted_(to.evicted - from.evicted),
        refused_(to.out_of_memory_errors - from.out_of_memory_errors),
        input_bytes_(to.input_bytes - from.input_bytes) {}

  std::vector<Recommendation> run() {
    // A replica leaves eviction to its primary.
    if (seconds_ <= 0 || !to_.is_primary) return {};
    if (to_.max_memory <= 0) {
      no_limit();
    } else if (refused_ >= kRefusedMin) {
      refused_writes();
    } else if (is_missing()) {
      if (to_.policy.ends_with("-random")) random_eviction();
      evictions();
    }
    return std::move(out_);
  }

 private:
  std::string period() const {
    return "INFO, " + format_duration_human(static_cast<DurationMs>(seconds_ * 1e3));
  }
  double miss_share_now() const { return misses_ / (hits_ + misses_); }
  // Where a miss is followed by a write, an evicted key causes at most one miss: so large a share of the
  // misses can be due to evictions. (Callers that ask again and again without writing have more; less is
  // promised.)
  double due_to_evictions() const { return std::min(1.0, evicted_ / misses_); }
  bool is_missing() const {
    return misses_ >= kMissesMin && miss_share_now() >= kMissShareMin &&
           evicted_ >= kEvictionsPerMissMin * misses_;
  }

  // Upper bound: other programs of the host are not in INFO.
  double host_free() const { return std::max(0.0, to_.system_memory - to_.resident_memory); }
  // The most that is proposed, in whole MiB.
  double room() const {
    const double most = std::min(kGrowthMax * to_.max_memory, to_.max_memory + kFreeShareMax * host_free());
    return std::floor(most / kMebibyte) * kMebibyte;
  }

  Fact fact_limit() const {
    return {"maxmemory", fmt::format("{}, {}", format_bytes(to_.max_memory), to_.policy), "CONFIG, by INFO"};
  }
  Fact fact_host() const {
    return {"host",
            fmt::format("{}, of which this server has {}", format_bytes(to_.system_memory),
                        format_bytes(to_.resident_memory)),
            "INFO"};
  }
  Fact fact_misses() const {
    return {"misses",
            fmt::format("{} of {} look-ups, {}", format_number(misses_), format_number(hits_ + misses_),
                        format_with_unit(miss_share_now(), "ratio")),
            period()};
  }
  Fact fact_evictions() const {
    return {"evictions",
            fmt::format("{} keys, about {}; at most {} of the misses follow from them",
                        format_number(evicted_), format_bytes(evicted_ * to_.bytes_per_key()),
                        format_with_unit(due_to_evictions(), "ratio")),
            period()};
  }

  // A step holds enough look-ups for a share, and enough samples for a rate.
  void set_steps(VerifyPlan& plan, double per_second, double settle_seconds) const {
    constexpr double kEventsPerStep = 200;
    constexpr DurationMs kStepMin = 4 * kSecondMs, kStepMax = 5 * kMinuteMs, kObserveMin = 30 * kMinuteMs,
                         kObserveMax = 12 * kHourMs;
    const auto for_events = static_cast<DurationMs>(1e3 * kEventsPerStep / std::max(per_second, 1e-3));
    plan.step_ms = std::clamp(std::max(4 * where_.interval_ms, for_events), kStepMin, kStepMax);
    plan.step_ms -= plan.step_ms % kSecondMs;
    plan.before_ms = std::max<DurationMs>(40 * plan.step_ms, 10 * kMinuteMs);
    const auto settle = static_cast<DurationMs>(1e3 * std::min(settle_seconds, 3600.0 * 12));
    plan.settle_ms = std::min(settle - settle % kSecondMs, kObserveMax / 2);
    plan.observe_min_ms = plan.settle_ms + 5 * plan.step_ms;
    plan.observe_max_ms = std::clamp(std::max(3 * settle, 60 * plan.step_ms), kObserveMin, kObserveMax);
  }

  void evictions() {
    const double bytes = evicted_ * to_.bytes_per_key();
    if (bytes < kChurnMin * to_.max_memory) {
      const double wanted = bytes > 0 ? seconds_ * kChurnMin * to_.max_memory / bytes : 0;
      // In an hour not a tenth of it: what is thrown away was not asked for in ten.
      if (wanted <= 0 || wanted * 1e3 > static_cast<double>(kLooksKeptMs)) return;
      out_.push_back(
          not_enough(where_, "maxmemory", "No advice on maxmemory yet",
                     fmt::format("{:.0f} more minutes: a tenth of maxmemory must have been evicted",
                                 std::ceil((wanted - seconds_) / 60))));
      return;
    }
    const double wanted = std::min(room(), std::ceil((to_.max_memory + bytes) / kMebibyte) * kMebibyte);
    if (wanted < kGrowthMin * to_.max_memory) return no_room();
    Recommendation one = raise_to(wanted);
    one.why =
        "Keys are thrown away for want of memory and asked for again. More memory holds more of what is "
        "asked for.";
    one.evidence = {fact_misses(), fact_evictions(), fact_limit(), fact_host()};
    const double added = wanted - to_.max_memory;
    const double growth = 1 + added / std::max(to_.key_bytes(), 1.0);
    const auto fewer = [&](double exponent) {
      const double hit_share = 1 - miss_share_now();
      const double gained = hit_share * (std::pow(growth, exponent) - 1);
      return -std::min({due_to_evictions(), gained / miss_share_now(), 0.99});
    };
    one.verify.target = miss_share(where_);
    one.expected = {one.verify.target.expression, fewer(kHitGrowthMost), fewer(kHitGrowthLeast)};
    one.verify.minimum_effect = std::clamp(-0.5 * one.expected.high, 0.01, 0.2);
    set_steps(one.verify, (hits_ + misses_) / seconds_, kFillSlower * added * seconds_ / bytes);
    out_.push_back(std::move(one));
  }

  Recommendation raise_to(double bytes) const {
    Recommendation one = set_advice(where_, "maxmemory", fmt::format("{:.0f}mb", bytes / kMebibyte));
    const double added = bytes - to_.max_memory;
    one.cost = fmt::format("{} of memory; {}", format_bytes(added), one.cost);
    one.risk = Risk::kMedium;
    one.risk_reason =
        "INFO does not tell what other programs of the host need, nor a container's limit; a snapshot needs "
        "memory besides";
    one.verify.guards = {resident_guard(where_, to_.resident_memory, added), command_time_guard(where_)};
    return one;
  }

  void no_room() {
    Recommendation one = people_advice(where_, "no_room");
    one.title = "Keys are evicted and the host has no memory to give";
    one.why =
        "Keep fewer or smaller keys (shorter lives, compression, hashes instead of many keys), share the "
        "keys "
        "among more servers, or give the host more memory.";
    one.evidence = {fact_misses(), fact_evictions(), fact_limit(), fact_host()};
    out_.push_back(std::move(one));
  }

  Measure refused_rate() const {
    return {.title = "writes refused for want of memory",
            .expression = where_.rate("redis_errors_total", ",err=\"OOM\""),
            .unit = "1/s",
            .worse = WorseDirection::kUp};
  }

  void refused_writes() {
    const Fact refused{"writes refused", format_number(refused_), "errorstat_OOM, " + period()};
    const Fact expiring{"keys that expire",
                        fmt::format("{} of {}", format_number(to_.keys_expiring), format_number(to_.keys)),
                        "INFO"};
    if (to_.policy == "noeviction" && to_.keys > 0 && to_.keys_expiring >= kExpiringMin * to_.keys) {
      Recommendation one = set_advice(where_, "maxmemory-policy", "volatile-lru");
      one.why =
          "Writes are refused because nothing may be evicted, while nearly all keys are meant to vanish: "
          "what "
          "was not used for longest can go sooner. Keys without an end of life stay.";
      one.evidence = {refused, expiring, fact_limit(), fact_host()};
      one.verify.target = refused_rate();
      one.expected = {one.verify.target.expression, -1, -0.9};
      one.verify.minimum_effect = 0.5;
      Guard misses{.measure = miss_share(where_), .harm_max = 0.5, .harm_min_absolute = 0.05};
      one.verify.guards = {std::move(misses), command_time_guard(where_)};
      one.risk = Risk::kMedium;
      one.risk_reason = "keys go before their time: no place for locks, sessions or queues that must last";
      set_steps(one.verify, refused_ / seconds_, 0);
      out_.push_back(std::move(one));
      return;
    }
    if (room() < kGrowthMin * to_.max_memory) {
      Recommendation one = people_advice(where_, "refused");
      one.title = "Writes are refused and the host has no memory to give";
      one.why =
          "Nothing more may be evicted under this policy. Delete keys, let them expire, or let the server "
          "evict "
          "(maxmemory-policy) what can be made again.";
      one.evidence = {refused, expiring, fact_limit(), fact_host()};
      out_.push_back(std::move(one));
      return;
    }
    const double bytes = room();
    Recommendation one = raise_to(bytes);
    one.why =
        "Writes are refused: memory is full and nothing more may be evicted under this policy. More memory "
        "buys "
        "time; if these keys could be made again, an evicting policy is the answer.";
    one.evidence = {refused, expiring, fact_limit(), fact_host()};
    one.verify.target = refused_rate();
    set_steps(one.verify, refused_ / seconds_, 0);
    // Not more than came in can be kept: so long it lasts at least.
    const double lasts_ms = 1e3 * (bytes - to_.max_memory) * seconds_ / std::max(input_bytes_, 1.0);
    one.expected = {one.verify.target.expression, -1,
                    -std::min(0.9, lasts_ms / static_cast<double>(one.verify.observe_max_ms))};
    one.verify.minimum_effect = std::clamp(-0.5 * one.expected.high, 0.05, 0.5);
    out_.push_back(std::move(one));
  }

  // Under uniform use, times since the last touch are exponential with as many touches a key and second as
  // there are look-ups and writes after misses: half of all keys are below `half_life`. When a few keys are
  // asked for most, fewer are.
  void random_eviction() {
    std::vector<double> idle;
    for (const SampledKey& key : keys_) {
      if (key.idle_seconds >= 0) idle.push_back(key.idle_seconds);
    }
    if (idle.size() < kIdleSampleMin || to_.keys <= 0) return;
    const double half_life = std::log(2.0) * to_.keys * seconds_ / (hits_ + misses_);
    if (half_life < 5) return;  // idle times are whole seconds
    const auto touched =
        static_cast<double>(std::ranges::count_if(idle, [&](double s) { return s < half_life; })) /
        static_cast<double>(idle.size());
    if (touched > kTouchedShareMax) return;
    const std::string policy = to_.policy.starts_with("volatile") ? "volatile-lru" : "allkeys-lru";
    Recommendation one = set_advice(where_, "maxmemory-policy", policy);
    one.why =
        "Keys are evicted at random while some are asked for far more often than others: those go as easily "
        "as "
        "ones that nobody wants.";
    one.evidence = {
        {"touched lately",
         fmt::format("{} of {} keys within {}; under even use half would be",
                     format_with_unit(touched, "ratio"), idle.size(), format_with_unit(half_life, "seconds")),
         "OBJECT IDLETIME of a sample"},
        fact_misses(),
        fact_evictions(),
        fact_limit()};
    one.verify.target = miss_share(where_);
    // How much is not to be told from this; at worst nothing.
    one.expected = {one.verify.target.expression, -std::min(0.99, due_to_evictions()), 0};
    one.verify.minimum_effect = 0.02;
    one.verify.guards = {command_time_guard(where_)};
    one.risk_reason = "only which key goes first changes";
    one.conflicts = {fmt::format("redis.set|{}|maxmemory", where_.target)};
    set_steps(one.verify, (hits_ + misses_) / seconds_, to_.keys * seconds_ / std::max(evicted_, 1.0));
    out_.push_back(std::move(one));
  }

  void no_limit() {
    if (to_.system_memory <= 0 || to_.resident_memory < kHostShareMax * to_.system_memory) return;
    Recommendation one = people_advice(where_, "no_limit");
    one.title = "Set maxmemory: the server has most of the host's memory and no limit";
    one.why =
        "Without maxmemory it grows until the kernel ends it or the host swaps. With one, writes are refused "
        "or "
        "keys evicted, as maxmemory-policy says: which of them is right, people must say.";
    one.evidence = {fact_host(), {"maxmemory", "none", "INFO"}};
    out_.push_back(std::move(one));
  }

  const RedisLook& to_;
  const std::span<const SampledKey> keys_;
  const AdvisedServer& where_;
  double seconds_;
  double hits_;
  double misses_;
  double evicted_;
  double refused_;
  double input_bytes_;
  std::vector<Recommendation> out_;
};

}  // namespace

std::vector<Recommendation> advise_memory(const RedisLook& from, const RedisLook& to,
                                          std::span<const SampledKey> keys, const AdvisedServer& where) {
  return MemoryRules(from, to, keys, where).run();
}

}  // namespace trimtab::advise::redis
