// SPDX-License-Identifier: Apache-2.0
// Memory, partitions and the hours of backups: rules, and the advisors on a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "advise/postgresql/advisor_testlib.h"
#include "advise/postgresql/backup_window.h"
#include "advise/postgresql/memory.h"
#include "advise/postgresql/partitions.h"
#include "targets/postgresql/server_testlib.h"

namespace trimtab::advise::postgresql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using trimtab::postgresql::TestServer;

constexpr double kGibibyte = 1ULL << 30;
constexpr double kBlock = 8192;

// An hour in which 1 GiB of shared_buffers could not keep a table of 2 GiB that is read by index.
struct MemoryHour {
  MemoryLook from;
  MemoryLook to;
  std::optional<MachineMemory> machine = MachineMemory{.total = 16 * kGibibyte,
                                                       .available_least = 8 * kGibibyte,
                                                       .file_cache_least = 6 * kGibibyte,
                                                       .hours = 24};
};
MemoryHour starved_hour() {
  MemoryHour out;
  MemoryLook& look = out.from;
  look.at_ms = 1'000'000;
  look.shared_buffers = kGibibyte;
  look.effective_cache = 4 * kGibibyte;
  look.data_bytes = 20 * kGibibyte;
  look.reads_are_timed = true;
  look.relations[{"public", "orders"}] = {.heap_bytes = 2 * kGibibyte};
  out.to = look;
  out.to.at_ms += kHourMs;
  out.to.blocks_read = 10 * kGibibyte / kBlock;
  out.to.blocks_hit = 9 * out.to.blocks_read;
  out.to.read_seconds = 200;
  out.to.active_seconds = 1000;
  out.to.relations.begin()->second.heap_read = 10 * kGibibyte / kBlock;
  return out;
}

// "2 GiB", "needs: ...", "" for nothing.
std::string buffers_word(const MemoryHour& hour) {
  const auto said = advise_shared_buffers(hour.from, hour.to, hour.machine);
  if (!said) return "";
  return said->needs.empty() ? fmt::format("{:.2f} GiB", said->wanted / kGibibyte) : "needs: " + said->needs;
}

TEST(SharedBuffers, are_raised_for_what_was_read_again_and_waited_for) {
  struct Case {
    const char* what;
    std::function<void(MemoryHour&)> change;
    std::string expected;
  };
  const auto table = [](MemoryHour& hour) -> RelationReads& { return hour.to.relations.begin()->second; };
  const std::vector<Case> cases = {
      {"read again and waited for", [](auto&) {}, "2.00 GiB"},
      {"machine not known", [](auto& h) { h.machine.reset(); }, "2.00 GiB"},
      {"only so much is lacking", [&](auto& h) { table(h).heap_bytes = 0.5 * kGibibyte; }, "1.50 GiB"},
      {"half of what is free", [](auto& h) { h.machine->available_least = kGibibyte; }, "1.50 GiB"},
      {"two fifths of the machine", [](auto& h) { h.machine->total = 3.5 * kGibibyte; }, "1.39 GiB"},
      {"no room for a quarter more", [](auto& h) { h.machine->available_least = 0.4 * kGibibyte; }, ""},
      {"machine known for too short", [](auto& h) { h.machine->hours = 20; },
       "needs: 4 more hours of this machine's memory (host collector)"},
      {"nothing read", [](auto& h) { h.to.blocks_read = 0; }, ""},
      {"less read than there is room", [](auto& h) { h.to.blocks_read = 0.9 * kGibibyte / kBlock; }, ""},
      {"each block read once", [&](auto& h) { table(h).heap_bytes = 10 * kGibibyte; }, ""},
      {"half of it once", [&](auto& h) { table(h).heap_bytes = 5.1 * kGibibyte; }, ""},
      {"by whole scans, which have a ring of their own", [&](auto& h) { table(h).whole_scans = 4; }, ""},
      {"whole scans of a table that would stay",
       [&](auto& h) {
         table(h).heap_bytes = kGibibyte / 4;
         table(h).whole_scans = 40;
       },
       "1.25 GiB"},
      {"few requests miss", [](auto& h) { h.to.blocks_hit *= 20; }, ""},
      {"the file cache answers at once", [](auto& h) { h.to.read_seconds = 40; }, ""},
      {"before version 14: against the window", [](auto& h) { h.to.active_seconds = 0; }, "2.00 GiB"},
      {"reads are not timed", [](auto& h) { h.to.reads_are_timed = false; },
       "needs: the time that reads take: set track_io_timing = on"},
      {"not all of it is used", [](auto& h) { h.to.unused_share = 0.2; }, ""},
      {"all of it is used", [](auto& h) { h.to.unused_share = 0.01; }, "2.00 GiB"},
      {"a table that came meanwhile", [](auto& h) { h.from.relations.clear(); }, ""},
  };
  for (const Case& one : cases) {
    MemoryHour hour = starved_hour();
    one.change(hour);
    EXPECT_EQ(buffers_word(hour), one.expected) << one.what;
  }
}

TEST(SharedBuffers, what_was_read_again_is_a_lower_bound) {
  MemoryHour hour = starved_hour();
  const RereadBytes bytes = reread_between(hour.from, hour.to, kGibibyte);
  EXPECT_EQ(bytes.read, 10 * kGibibyte);
  EXPECT_EQ(bytes.reread, 8 * kGibibyte);
  EXPECT_EQ(bytes.relation_bytes, 2 * kGibibyte);
  hour.to.relations.begin()->second.whole_scans = 3;
  EXPECT_EQ(reread_between(hour.from, hour.to, kGibibyte).reread, 2 * kGibibyte);
  EXPECT_EQ(reread_between(hour.from, hour.to, 4 * kGibibyte).reread, 8 * kGibibyte);
}

TEST(EffectiveCache, follows_what_is_cached_where_the_data_can_use_it) {
  struct Case {
    const char* what;
    std::function<void(MemoryHour&)> change;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"7 GiB are cached, 4 believed", [](auto&) {}, "7168"},
      {"more believed than there is", [](auto& h) { h.to.effective_cache = 12 * kGibibyte; }, "7168"},
      {"nearly right", [](auto& h) { h.to.effective_cache = 5 * kGibibyte; }, ""},
      {"the data is smaller than either", [](auto& h) { h.to.data_bytes = 3 * kGibibyte; }, ""},
      {"machine not known", [](auto& h) { h.machine.reset(); }, ""},
      {"known for too short", [](auto& h) { h.machine->hours = 1; },
       "needs: 23 more hours of this machine's memory (host collector)"},
  };
  for (const Case& one : cases) {
    MemoryHour hour = starved_hour();
    one.change(hour);
    const auto said = advise_effective_cache(hour.to, hour.machine);
    std::string word;
    if (said)
      word = said->needs.empty() ? fmt::format("{:.0f}", said->wanted / (1 << 20)) : "needs: " + said->needs;
    EXPECT_EQ(word, one.expected) << one.what;
  }
}

Plan scan_of(const std::string& type, const std::string& condition, const std::string& index = "") {
  PlanNode node;
  node.type = type;
  node.schema = "public";
  node.relation = node.alias = "events";
  node.index = index;
  if (!condition.empty()) node.conditions = {condition};
  Plan out;
  out.nodes.push_back(node);
  return out;
}

TEST(EffectiveCache, plans_differ_by_their_shape_not_their_cost) {
  const Plan scan = scan_of("Seq Scan", ""), by_index = scan_of("Index Scan", "", "i"), none;
  Plan dearer = scan;
  dearer.nodes[0].cost_total = 99;
  EXPECT_THAT(changed_plans({scan, scan, scan, none}, {dearer, by_index, none, scan}), ElementsAre(1));
  EXPECT_THAT(changed_plans({by_index}, {scan_of("Index Scan", "", "j")}), ElementsAre(0));
}

// A load on one large table "events" that comes in the order of "at".
struct PartitionWorld {
  Workload workload;
  std::vector<Plan> plans;
  std::map<TableName, TableFacts> tables;
};
WorkloadQuery statement(const std::string& text, double calls, double seconds, double rows) {
  WorkloadQuery out;
  out.id = std::to_string(calls);
  out.text = text;
  out.statement = read_statement(text);
  out.calls = calls;
  out.seconds = seconds;
  out.rows = rows;
  return out;
}
PartitionWorld event_world() {
  PartitionWorld out;
  TableFacts& table = out.tables[{"public", "events"}];
  table.bytes = 50 * kGibibyte;
  table.columns["at"] = {.type = "timestamp with time zone", .correlation = 0.999};
  table.columns["kind"] = {.type = "integer", .correlation = 0.1};
  IndexFacts key;
  key.name = "events_pkey";
  key.keys = {"id"};
  key.unique = true;
  table.indexes = {key};
  out.workload.window_ms = kHourMs;
  out.workload.queries = {
      statement("SELECT count(*) FROM events WHERE at > $1", 100, 90, 100),
      statement("SELECT * FROM events WHERE kind = $1", 101, 10, 100),
      statement("DELETE FROM events WHERE at < $1", 4, 30, 400'000),
  };
  out.plans = {scan_of("Seq Scan", "(events.at > $1)"), scan_of("Index Scan", "(events.kind = $1)"),
               scan_of("Index Scan", "(events.at < $1)")};
  return out;
}
std::string partition_word(const PartitionWorld& world) {
  std::string out;
  for (const auto& one : partition_candidates(world.workload, world.plans, world.tables, 10 * kGibibyte)) {
    out += one.name.table + "." + one.column + (one.retention.calls > 0 ? " retention" : " pruning");
  }
  return out;
}

TEST(Partitions, large_ordered_tables_that_are_pruned_or_emptied_by_range) {
  struct Case {
    const char* what;
    std::function<void(PartitionWorld&)> change;
    std::string expected;
  };
  const auto facts = [](PartitionWorld& world) -> TableFacts& { return world.tables.begin()->second; };
  const std::vector<Case> cases = {
      {"old rows are deleted", [](auto&) {}, "events.at retention"},
      {"none are: the scans alone", [](auto& w) { w.workload.queries.pop_back(); }, "events.at pruning"},
      {"few rows a call", [](auto& w) { w.workload.queries[2].rows = 3996; }, "events.at pruning"},
      {"an index serves the range",
       [](auto& w) {
         w.workload.queries.pop_back();
         w.plans[0] = scan_of("Index Scan", "(events.at > $1)");
       },
       ""},
      {"deleted, and read by other columns", [](auto& w) { w.workload.queries[0].seconds = 9; }, ""},
      {"read by other columns for a fifth of the time",
       [](auto& w) {
         w.workload.queries.pop_back();
         w.workload.queries[1].seconds = 25;
       },
       ""},
      {"nothing reads it",
       [](auto& w) {
         w.workload.queries.erase(w.workload.queries.begin(), w.workload.queries.begin() + 2);
         w.plans.erase(w.plans.begin(), w.plans.begin() + 2);
       },
       "events.at retention"},
      {"small", [&](auto& w) { facts(w).bytes = 9 * kGibibyte; }, ""},
      {"partitioned already", [&](auto& w) { facts(w).plain = false; }, ""},
      {"rows in no order", [&](auto& w) { facts(w).columns["at"].correlation = 0.9; }, ""},
      {"in reverse order", [&](auto& w) { facts(w).columns["at"].correlation = -0.99; },
       "events.at retention"},
      {"nulls have no range", [&](auto& w) { facts(w).columns["at"].null_share = 0.01; }, ""},
      {"a text", [&](auto& w) { facts(w).columns["at"].type = "text"; }, ""},
      {"only one side of an OR",
       [](auto& w) {
         w.workload.queries.pop_back();
         w.plans[0] = scan_of("Seq Scan", "((events.at > $1) OR (events.kind = $2))");
       },
       ""},
      {"no plans", [](auto& w) { w.plans.assign(3, Plan{}); }, ""},
  };
  for (const Case& one : cases) {
    PartitionWorld world = event_world();
    one.change(world);
    EXPECT_EQ(partition_word(world), one.expected) << one.what;
  }
  PartitionWorld world = event_world();
  const auto found = partition_candidates(world.workload, world.plans, world.tables, 0);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_THAT(found[0].keys, ElementsAre("events_pkey"));
  EXPECT_EQ(found[0].retention.rows, 400'000);
  EXPECT_DOUBLE_EQ(found[0].restricted_share, 0.9);
}

// Ten sessions at work from 8 to 18, half a one at night, a tenth of that from 2 to 4.
std::vector<HourLoad> office_hours(int days) {
  std::vector<HourLoad> out;
  for (int hour = 0; hour < 24 * days; ++hour) {
    const int of_day = hour % 24;
    const bool office = of_day >= 8 && of_day < 18, quiet = of_day == 2 || of_day == 3;
    out.push_back({hour * kHourMs, office ? 10 : quiet ? 0.05 : of_day == 1 ? 0.4 : 0.5, false});
  }
  return out;
}
void take_backups(std::vector<HourLoad>& hours, int from, int to) {
  for (HourLoad& hour : hours) {
    const auto of_day = static_cast<int>(hour.begin_ms % kDayMs / kHourMs);
    if (of_day >= from && of_day < to) hour.backup = true;
  }
}
std::string window_word(const std::vector<HourLoad>& hours) {
  const auto said = advise_backup_window(hours);
  if (!said) return "";
  if (!said->needs.empty()) return "needs: " + said->needs;
  return fmt::format("{}+{}{}", said->daily->hour, said->daily->hours,
                     said->seen_days > 0 ? fmt::format(", now {}", said->seen_from) : "");
}

TEST(BackupWindow, is_the_quietest_hours_of_enough_days) {
  struct Case {
    const char* what;
    int days;
    std::function<void(std::vector<HourLoad>&)> change;
    std::string expected;
  };
  const std::vector<Case> cases = {
      {"no backup seen", 7, [](auto&) {}, "2+2"},
      {"a backup at noon", 7, [](auto& h) { take_backups(h, 12, 14); }, "2+2, now 12"},
      {"a long one is longer", 7, [](auto& h) { take_backups(h, 12, 15); }, "1+3, now 12"},
      {"a backup at night", 7, [](auto& h) { take_backups(h, 2, 4); }, ""},
      {"seen on one day is not a habit", 7, [](auto& h) { h[12].backup = true; }, "2+2, now 0"},
      {"too few days", 3, [](auto&) {}, "needs: 2 more days of load"},
      {"no hours at all", 0, [](auto&) {}, "needs: 5 more days of load"},
      {"no hour is quiet", 7,
       [](auto& h) {
         for (auto& one : h) one.load = std::max(one.load, 6.0);
       },
       ""},
      {"nothing is at work", 7,
       [](auto& h) {
         for (auto& one : h) one.load /= 1000;
       },
       ""},
      {"hours that are not known do not count", 7,
       [](auto& h) {
         std::erase_if(h, [](const auto& one) { return one.begin_ms % kDayMs == 3 * kHourMs; });
       },
       "1+2"},
  };
  for (const Case& one : cases) {
    std::vector<HourLoad> hours = office_hours(one.days);
    one.change(hours);
    EXPECT_EQ(window_word(hours), one.expected) << one.what;
  }
}

TEST(BackupWindow, change_is_what_the_days_showed) {
  std::vector<HourLoad> hours = office_hours(6);
  take_backups(hours, 12, 14);
  for (HourLoad& hour : hours) {
    if (hour.begin_ms / kDayMs == 2 && hour.backup) hour.load = 1;
  }
  const auto said = advise_backup_window(hours);
  ASSERT_TRUE(said);
  EXPECT_NEAR(said->change_low, -0.995, 1e-9);
  EXPECT_NEAR(said->change_high, -0.95, 1e-9);
  EXPECT_EQ(said->seen_days, 6u);
}

TEST(BackupWindow, a_quieter_day_of_the_week_is_named) {
  std::vector<HourLoad> hours = office_hours(21);
  for (HourLoad& hour : hours) {
    const bool sunday = hour.begin_ms / kDayMs % 7 == 3;  // the epoch was a Thursday
    if (sunday)
      hour.load = hour.begin_ms % kDayMs == 5 * kHourMs || hour.begin_ms % kDayMs == 6 * kHourMs ? 0 : 0.2;
  }
  const auto said = advise_backup_window(hours);
  ASSERT_TRUE(said && said->weekly);
  EXPECT_EQ(said->weekly->weekday, 6);
  EXPECT_EQ(said->weekly->hour, 5);
}

}  // namespace
}  // namespace trimtab::advise::postgresql
