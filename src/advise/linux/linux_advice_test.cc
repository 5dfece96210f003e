// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "advise/linux/cpu_rules.h"
#include "advise/linux/memory_rules.h"

namespace trimtab::advise::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kMebibyte = 1 << 20;
constexpr double kGibibyte = 1 << 30;
const AdvisedHost kWhere{.instance = "host-a"};

// Eight CPUs, six of them idle; 10 GiB to give.
HostLook calm_host() {
  return {.seconds = 900, .cpus = 8, .cpus_idle = 6, .memory_available = 10 * kGibibyte};
}

// A core allowed, all of it used, and one thread more than that wants to run, for a quarter of an hour.
GroupLook throttled_group() {
  GroupLook out;
  out.path = "/system.slice/shop.service";
  out.seconds = 900;
  out.cpu_limit = 1;
  out.cpu_used = 1;
  out.periods = 9000;
  out.throttled_periods = 9000;
  out.throttled_seconds = 900;
  return out;
}

// At its memory.max of 1 GiB, waiting for a tenth of the time.
GroupLook tight_group() {
  GroupLook out;
  out.path = "/db.service";
  out.seconds = 900;
  out.memory_usage = out.memory_max = kGibibyte;
  out.memory_waiting = 0.1;
  return out;
}

// "cpu.max=210000 100000"; what is for people by its fingerprint; "needs: ..." for what is not known yet.
std::string word(const Recommendation& one) {
  if (one.state == RecommendationState::kNotEnoughData) return "needs: " + one.needs;
  if (one.action.type.empty()) return one.fingerprint;
  return one.action.parameters.at("property") + "=" + one.action.parameters.at("value");
}
std::vector<std::string> words(const std::vector<Recommendation>& all) {
  std::vector<std::string> out;
  for (const Recommendation& one : all) out.push_back(word(one));
  return out;
}

TEST(CgroupCpuRules, quota_follows_what_was_wanted_and_what_the_host_has) {
  struct Case {
    const char* what;
    std::function<void(GroupLook&, HostLook&)> change;
    std::string expected;
  };
  const std::string no_room = "linux|linux/host|/system.slice/shop.service|cpu.no_room";
  const std::vector<Case> cases = {
      {"one thread more than its core", [](auto&, auto&) {}, "cpu.max=220000 100000"},
      {"bursts in every second period",
       [](auto& g, auto&) {
         g.throttled_periods = 4500;
         g.throttled_seconds = 450;
         g.cpu_used = 0.6;
       },
       "cpu.max=220000 100000"},
      {"another period",
       [](auto& g, auto&) {
         g.cpu_period = 0.05;
         g.periods = g.throttled_periods = 18'000;
       },
       "cpu.max=110000 50000"},
      {"a quarter of the periods, up to what the host has",
       [](auto& g, auto&) { g.throttled_periods = 2250; }, "cpu.max=540000 100000"},
      {"less than a quarter", [](auto& g, auto&) { g.throttled_periods = 2249; }, ""},
      {"nothing throttled", [](auto& g, auto&) { g.throttled_periods = g.throttled_seconds = 0; }, ""},
      {"no quota", [](auto& g, auto&) { g.cpu_limit = 0; }, ""},
      {"nothing known of the group", [](auto& g, auto&) { g = GroupLook{.path = "/a.service"}; }, ""},
      {"nothing known of the host", [](auto&, auto& h) { h = HostLook{}; }, ""},
      {"a fifth of the host stays idle", [](auto&, auto& h) { h.cpus_idle = 2.1; }, "cpu.max=150000 100000"},
      {"a tenth more is worth it", [](auto&, auto& h) { h.cpus_idle = 1.7; }, "cpu.max=110000 100000"},
      {"less is not", [](auto&, auto& h) { h.cpus_idle = 1.69; }, no_room},
      {"none left", [](auto&, auto& h) { h.cpus_idle = 0; }, no_room},
      {"never more CPUs than there are",
       [](auto& g, auto& h) {
         g.throttled_seconds = 90'000;
         g.cpu_used = 0;
         h.cpus_idle = 80;
       },
       "cpu.max=800000 100000"},
      {"a minute is enough",
       [](auto& g, auto&) {
         g.seconds = 60;
         g.periods = g.throttled_periods = 600;
         g.throttled_seconds = 60;
       },
       "cpu.max=220000 100000"},
      {"less is not", [](auto& g, auto&) { g.seconds = 59; },
       "needs: 1 more minute of load under the present limits"},
      {"few periods", [](auto& g, auto&) { g.periods = g.throttled_periods = 299; },
       "needs: 1 more minute of load under the present limits"},
  };
  for (const Case& one : cases) {
    GroupLook group = throttled_group();
    HostLook host = calm_host();
    one.change(group, host);
    const auto said = advise_cpu(group, host, kWhere);
    EXPECT_EQ(said ? word(*said) : "", one.expected) << one.what;
  }
}

TEST(CgroupCpuRules, a_quota_that_can_not_be_met_promises_its_share) {
  const auto whole = advise_cpu(throttled_group(), calm_host(), kWhere);
  ASSERT_TRUE(whole);
  EXPECT_DOUBLE_EQ(whole->expected.low, -1);
  EXPECT_DOUBLE_EQ(whole->expected.high, -0.5);
  HostLook busy = calm_host();
  busy.cpus_idle = 2.1;  // half a core of the one that it lacks
  const auto half = advise_cpu(throttled_group(), busy, kWhere);
  ASSERT_TRUE(half);
  EXPECT_NEAR(half->expected.high, -0.25, 1e-9);
  EXPECT_EQ(half->verify.guards.size(), 2u);
}

TEST(CgroupCpuRules, advice_says_what_is_written_where_and_how_it_is_judged) {
  const auto said = advise_cpu(throttled_group(), calm_host(), kWhere);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->title, "Raise cpu.max of /system.slice/shop.service from 1 to 2.2 cores");
  EXPECT_EQ(said->entity.to_string(), "container/host-a//system.slice/shop.service");
  EXPECT_EQ(said->action.type, "linux.cgroup");
  EXPECT_EQ(said->action.parameters.at("group"), "system.slice/shop.service");
  EXPECT_EQ(said->verify.target.expression,
            "rate(container_cpu_cfs_throttled_seconds_total{job=\"host\",instance=\"host-a\",cgroup=\"/"
            "system.slice/shop.service\"}[{{.step}}])");
  EXPECT_THAT(said->verify.guards.at(1).measure.expression,
              HasSubstr("cgroup!=\"/system.slice/shop.service\""));
  EXPECT_EQ(said->verify.step_ms, 20 * kSecondMs);
}

TEST(CgroupMemoryRules, limit_follows_waiting_and_what_the_host_has) {
  struct Case {
    const char* what;
    std::function<void(GroupLook&, HostLook&)> change;
    std::vector<std::string> expected;
  };
  const std::vector<Case> cases = {
      {"half as much again", [](auto&, auto&) {}, {"memory.max=1610612736"}},
      {"at its memory.high",
       [](auto& g, auto&) {
         g.memory_high = kGibibyte;
         g.memory_max = 4 * kGibibyte;
       },
       {"memory.high=1610612736"}},
      {"never above memory.max",
       [](auto& g, auto&) {
         g.memory_high = kGibibyte;
         g.memory_max = 1.25 * kGibibyte;
       },
       {"memory.high=1342177280"}},
      {"memory.high close to memory.max",
       [](auto& g, auto&) { g.memory_high = g.memory_max; },
       {"linux|linux/host|/db.service|memory.no_room"}},
      {"half of what the host has",
       [](auto&, auto& h) { h.memory_available = 512 * kMebibyte; },
       {"memory.max=1342177280"}},
      {"the host has none",
       [](auto&, auto& h) { h.memory_available = 100 * kMebibyte; },
       {"linux|linux/host|/db.service|memory.no_room"}},
      {"nine tenths used, a twentieth waited",
       [](auto& g, auto&) {
         g.memory_usage = 0.9 * kGibibyte;
         g.memory_waiting = 0.05;
       },
       {"memory.max=1610612736"}},
      {"less used", [](auto& g, auto&) { g.memory_usage = 0.89 * kGibibyte; }, {}},
      {"less waited", [](auto& g, auto&) { g.memory_waiting = 0.049; }, {}},
      {"pressure not known", [](auto& g, auto&) { g.memory_waiting = kNotKnown; }, {}},
      {"killed without waiting",
       [](auto& g, auto&) {
         g.memory_waiting = 0;
         g.oom_kills = 1;
       },
       {"linux|linux/host|/db.service|memory.killed"}},
      {"no limit", [](auto& g, auto&) { g.memory_max = 0; }, {}},
      {"nothing known of the group", [](auto& g, auto&) { g = GroupLook{.path = "/a.service"}; }, {}},
      {"nothing known of the host", [](auto&, auto& h) { h = HostLook{}; }, {}},
      {"half a minute",
       [](auto& g, auto&) { g.seconds = 30; },
       {"needs: 1 more minute of load under the present limits"}},
  };
  for (const Case& one : cases) {
    GroupLook group = tight_group();
    HostLook host = calm_host();
    one.change(group, host);
    EXPECT_EQ(words(advise_small_memory(group, host, kWhere)), one.expected) << one.what;
  }
}

TEST(CgroupMemoryRules, large_limits_are_told_after_a_day) {
  GroupLook large{.path = "/a.service"};
  large.memory_max = 4 * kGibibyte;
  large.working_set_peak = kGibibyte;
  large.peak_seconds = 24 * 3600;
  EXPECT_THAT(words(advise_large_memory({{large}}, kWhere)),
              ElementsAre("linux|linux/host|/a.service|memory.large"));
  EXPECT_THAT(advise_large_memory({{large}}, kWhere).front().title, HasSubstr("from 4 GiB to 2 GiB"));
  GroupLook young = large;
  young.peak_seconds = 90 * 60;
  EXPECT_THAT(words(advise_large_memory({{young, young}}, kWhere)), ElementsAre("needs: 23 more hours"));
  const std::pair<const char*, std::function<void(GroupLook&)>> quiet[] = {
      {"less than four times", [](auto& g) { g.working_set_peak = 1.01 * kGibibyte; }},
      {"little in all",
       [](auto& g) {
         g.memory_max = 100 * kMebibyte;
         g.working_set_peak = kMebibyte;
       }},
      {"no limit", [](auto& g) { g.memory_max = 0; }},
      {"peak not known", [](auto& g) { g.working_set_peak = kNotKnown; }},
  };
  for (const auto& [what, change] : quiet) {
    GroupLook group = large;
    change(group);
    EXPECT_THAT(advise_large_memory({{group}}, kWhere), IsEmpty()) << what;
  }
}

// Series of one group, sampled every 5 s.
class GroupSeries {
 public:
  void add(const std::string& name, std::vector<double> values) {
    std::vector<TimestampMs> at(values.size());
    for (std::size_t i = 0; i < at.size(); ++i) at[i] = static_cast<TimestampMs>(i) * 5 * kSecondMs;
    held_[name] = {std::move(at), std::move(values)};
    tracks_[name] = {held_[name].first, held_[name].second};
  }
  GroupLook look() const { return read_group("/a.service", tracks_); }

 private:
  std::map<std::string, std::pair<std::vector<TimestampMs>, std::vector<double>>> held_;
  std::map<std::string, Track, std::less<>> tracks_;
};

TEST(GroupLook, what_happened_under_earlier_limits_does_not_count) {
  GroupSeries series;
  series.add("container_cpu_usage_seconds_total", {0, 1, 2, 7, 12});
  series.add("container_cpu_cfs_throttled_periods_total", {0, 50, 100, 100, 101});
  series.add("container_memory_usage_bytes", {900, 900, 10, 30, 20});
  series.add("container_spec_cpu_quota", {20'000, 20'000, 100'000, 100'000, 100'000});
  series.add("container_spec_cpu_period", {100'000, 100'000, 100'000, 100'000, 100'000});
  const GroupLook look = series.look();
  EXPECT_EQ(look.seconds, 10);
  EXPECT_EQ(look.cpu_limit, 1);
  EXPECT_EQ(look.cpu_used, 1);
  EXPECT_EQ(look.throttled_periods, 1);
  EXPECT_EQ(look.memory_usage, 30);
}

TEST(GroupLook, a_limit_that_was_lifted_is_none_any_more) {
  GroupSeries series;
  series.add("container_cpu_usage_seconds_total", {0, 1, 2, 7, 12});
  series.add("container_spec_cpu_quota", {20'000, 20'000, 20'000});
  series.add("container_spec_cpu_period", {100'000, 100'000, 100'000, 100'000, 100'000});
  EXPECT_EQ(series.look().cpu_limit, 0);
  EXPECT_EQ(series.look().seconds, 10);
}

TEST(GroupLook, a_counter_that_begins_anew_counts_from_zero) {
  const std::vector<TimestampMs> at = {0, 5, 10, 15};
  const std::vector<double> values = {100, 110, 3, 5};
  EXPECT_EQ(growth({at, values}, 0), 15);
  EXPECT_EQ(growth({at, values}, 10), 2);
  EXPECT_EQ(growth({}, 0), 0);
}

TEST(GroupLook, host_is_the_sum_of_its_cpus_and_the_least_memory) {
  const std::vector<TimestampMs> at = {0, 10'000};
  const std::vector<double> idle = {0, 10}, busy = {5, 5}, memory = {300, 200};
  const Track cpus[] = {{at, idle}, {at, busy}};
  const HostLook look = read_host(cpus, {at, memory});
  EXPECT_EQ(look.cpus, 2);
  EXPECT_EQ(look.cpus_idle, 1);
  EXPECT_EQ(look.memory_available, 200);
  EXPECT_TRUE(std::isnan(read_host({}, {}).cpus_idle));
}

}  // namespace
}  // namespace trimtab::advise::host
