// SPDX-License-Identifier: Apache-2.0
#include "advise/memcached/cache_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "advise/recommending.h"
#include "base/format.h"

namespace trimtab::advise::memcached {

namespace {

constexpr double kMebibyte = 1 << 20;

class CacheRules {
 public:
  CacheRules(const MemcachedLook& from, const MemcachedLook& to, const std::string& target)
      : from_(from), to_(to), target_(target), seconds_(static_cast<double>(to.at_ms - from.at_ms) / 1e3) {}

  std::vector<Recommendation> run() {
    if (seconds_ <= 0) return {};
    memory();
    too_large();
    no_memory();
    connections();
    return std::move(out_);
  }

 private:
  std::string period() const {
    return "stats, " + format_duration_human(static_cast<DurationMs>(seconds_ * 1e3));
  }

  void say(const std::string& what, std::string title, std::string why, std::vector<Fact> evidence) {
    out_.push_back(for_people(fmt::format("memcached|{}|{}", target_, what), std::move(title), std::move(why),
                              std::move(evidence)));
  }

  void memory() {
    const double hits = to_.hits - from_.hits, misses = to_.misses - from_.misses;
    const double evicted = to_.evicted - from_.evicted;
    const bool missing = misses >= kMissesMin && misses >= kMissShareMin * (hits + misses) &&
                         evicted >= kEvictionsPerMissMin * misses;
    if (!missing || to_.limit_bytes <= 0) return;
    const double bytes = evicted * to_.bytes_per_item();
    if (bytes < kChurnMin * to_.limit_bytes) {
      const double wanted = bytes > 0 ? seconds_ * kChurnMin * to_.limit_bytes / bytes : 0;
      // In an hour not a tenth of it: what is thrown away was not asked for in ten.
      if (wanted <= 0 || wanted * 1e3 > static_cast<double>(kLooksKeptMs)) return;
      out_.push_back(
          not_enough_data(fmt::format("memcached|{}|memory.needs", target_), "No advice on memory yet",
                          fmt::format("{:.0f} more minutes: a tenth of the memory must have been evicted",
                                      std::ceil((wanted - seconds_) / 60))));
      return;
    }
    const double wanted =
        std::ceil(std::min(to_.limit_bytes + bytes, kGrowthMax * to_.limit_bytes) / kMebibyte);
    say("memory", "Items are evicted and asked for again: give memcached more memory",
        fmt::format(
            "About {:.0f} MiB would have held what was evicted meanwhile, or twice what there is when that "
            "is less. `cache_memlimit {:.0f}` gives it at once, where the host has it to give; `-m {:.0f}` "
            "keeps it beyond a restart. Otherwise: smaller items, shorter lives, or more servers.",
            wanted, wanted, wanted),
        {{"misses",
          fmt::format("{} of {} reads, {}", format_number(misses), format_number(hits + misses),
                      format_with_unit(misses / (hits + misses), "ratio")),
          period()},
         // Where a miss is followed by a write, an evicted item causes at most one miss.
         {"evictions",
          fmt::format("{} items, about {}; at most {} of the misses follow from them", format_number(evicted),
                      format_bytes(bytes), format_with_unit(std::min(1.0, evicted / misses), "ratio")),
          period()},
         {"memory", format_bytes(to_.limit_bytes), "limit_maxbytes"}});
  }

  void too_large() {
    const double refused = to_.too_large - from_.too_large;
    if (refused < kRefusedMin) return;
    say("item_size", "Items are refused because they are too large",
        "Such an item is never stored, so each read of it is a miss and it is made again. Make it smaller "
        "(compression, several items), or allow it with -I, which costs memory at the edges of slab classes.",
        {{"items refused", format_number(refused), "store_too_large, " + period()},
         {"largest item allowed", format_bytes(to_.item_size_max), "item_size_max"}});
  }

  void no_memory() {
    const double refused = to_.no_memory - from_.no_memory;
    if (refused < kRefusedMin) return;
    say("no_memory", "Items are refused for want of memory",
        "Nothing could be evicted for them: eviction is off (-M), or their slab class has no page and can "
        "get none. "
        "Allow eviction, let pages move between classes (slab_automove), or give more memory (-m).",
        {{"items refused", format_number(refused), "store_no_memory, " + period()},
         {"memory", format_bytes(to_.limit_bytes), "limit_maxbytes"}});
  }

  void connections() {
    const double refused = to_.connections_refused - from_.connections_refused;
    if (refused < kRefusedMin) return;
    say("connections", "Connections are refused because there may be no more of them",
        "Raise -c (and the process' limit of open files), or let clients share connections.",
        {{"connections refused", format_number(refused),
          "rejected_connections, listen_disabled_num, " + period()},
         {"connections",
          fmt::format("{} of {}", format_number(to_.connections), format_number(to_.connections_max)),
          "curr_connections, maxconns"}});
  }

  const MemcachedLook& from_;
  const MemcachedLook& to_;
  const std::string& target_;
  double seconds_;
  std::vector<Recommendation> out_;
};

}  // namespace

std::vector<Recommendation> advise_cache(const MemcachedLook& from, const MemcachedLook& to,
                                         const std::string& target) {
  return CacheRules(from, to, target).run();
}

}  // namespace trimtab::advise::memcached
