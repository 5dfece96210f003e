// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "advise/linux/advisors.h"
#include "advise/linux/machine_rules.h"
#include "advise/postgresql/advisor_testlib.h"

namespace trimtab::advise::host {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr double kGibibyte = 1 << 30;
const AdvisedHost kWhere{.instance = "host-a"};

MachineLook paging_machine() {
  MachineLook out;
  out.seconds = 900;
  out.memory_total = 8 * kGibibyte;
  out.memory_available_least = 0.1 * kGibibyte;
  out.swap_total = 4 * kGibibyte;
  out.swap_used_least = 2 * kGibibyte;
  out.pages_in = 500;
  out.paging_share = 1;
  out.memory_waiting = 0.3;
  out.swapped = {{"/db.service", kGibibyte}};
  return out;
}

TEST(MachineSwap, is_told_when_it_is_read_back_and_waited_for) {
  struct Case {
    const char* what;
    std::function<void(MachineLook&)> change;
    std::string expected;
  };
  const std::string told = "linux|linux/host|swap";
  const std::vector<Case> cases = {
      {"paging all the time", [](auto&) {}, told},
      {"swap is full and nobody reads it", [](auto& m) { m.pages_in = 0; }, ""},
      {"a little", [](auto& m) { m.pages_in = 9; }, ""},
      {"nobody waits", [](auto& m) { m.memory_waiting = 0.01; }, ""},
      {"a burst", [](auto& m) { m.paging_share = 0.3; }, ""},
      {"pressure not known", [](auto& m) { m.memory_waiting = kNotKnown; }, told},
      {"pressure not known, few pages",
       [](auto& m) {
         m.memory_waiting = kNotKnown;
         m.pages_in = 90;
       },
       ""},
      {"no swap", [](auto& m) { m.swap_total = 0; }, ""},
      {"five minutes", [](auto& m) { m.seconds = 300; }, "needs: 5 more minutes"},
      {"nothing known", [](auto& m) { m = MachineLook{}; }, ""},
  };
  for (const Case& one : cases) {
    MachineLook machine = paging_machine();
    one.change(machine);
    const auto said = advise_swap(machine, kWhere);
    std::string word;
    if (said) word = said->needs.empty() ? said->fingerprint : "needs: " + said->needs;
    EXPECT_EQ(word, one.expected) << one.what;
  }
}

TEST(MachineHandles, are_told_from_four_fifths_on) {
  MachineLook machine;
  EXPECT_THAT(advise_handles(machine, kWhere), IsEmpty());
  machine.handles = 799;
  machine.handles_max = 1000;
  machine.handle_shares = {{"web", 0.79}};
  EXPECT_THAT(advise_handles(machine, kWhere), IsEmpty());
  machine.handles = 800;
  machine.handle_shares = {{"web", 0.95}, {"db", 0.8}, {"cron", 0.1}};
  const auto said = advise_handles(machine, kWhere);
  ASSERT_EQ(said.size(), 3u);
  EXPECT_EQ(said[0].title, "Find out who holds 80 % of the file handles of host-a");
  EXPECT_EQ(said[1].title, "web has 95 % of the files open that it may");
  EXPECT_EQ(said[2].fingerprint, "linux|linux/host|handles|db");
}

// A filesystem that fills within three days.
Finding filling() {
  Finding out;
  out.id = 12;
  out.kind = FindingKind::kExhaustion;
  out.entity = {"host", "host-a"};
  out.harm = 0.4;
  Evidence evidence;
  evidence.series = Labels()
                        .with("__name__", "node_filesystem_avail_bytes")
                        .with("job", "host")
                        .with("instance", "host-a")
                        .with("device", "/dev/sda1")
                        .with("mountpoint", "/var");
  evidence.now = 5 * kGibibyte;
  out.evidence = {evidence};
  out.exhaustion = Exhaustion{.limit = 100 * kGibibyte,
                              .limit_source = "node_filesystem_size_bytes",
                              .probability = 0.97,
                              .horizon_ms = 30 * kDayMs,
                              .expected_ms = 3 * kDayMs,
                              .earliest_ms = 2 * kDayMs,
                              .latest_ms = 5 * kDayMs};
  return out;
}

TEST(MachineFilesystems, follow_the_findings_about_their_limits) {
  struct Case {
    const char* what;
    std::function<void(Finding&)> change;
    std::string title;
  };
  const auto renamed = [](Finding& finding, const char* label, const char* value) {
    finding.evidence[0].series = finding.evidence[0].series.with(label, value);
  };
  const std::vector<Case> cases = {
      {"space", [](auto&) {}, "Make room on /var: space will run out in about 3 days (2 days to 5 days)"},
      {"inodes", [&](auto& f) { renamed(f, "__name__", "node_filesystem_files_free"); },
       "Make room on /var: inodes will run out in about 3 days (2 days to 5 days)"},
      {"full now",
       [](auto& f) {
         f.kind = FindingKind::kSaturation;
         f.exhaustion.reset();
       },
       "Make room on /var: space is nearly gone"},
      {"the far end is not known", [](auto& f) { f.exhaustion->latest_ms.reset(); },
       "Make room on /var: space will run out in about 3 days (2 days at the soonest)"},
      {"full ever since", [](auto& f) { f.harm = 0.06; }, ""},
      {"another host", [&](auto& f) { renamed(f, "instance", "host-b"); }, ""},
      {"another exporter", [&](auto& f) { renamed(f, "job", "node"); }, ""},
      {"another metric", [&](auto& f) { renamed(f, "__name__", "node_filefd_allocated"); }, ""},
      {"another kind", [](auto& f) { f.kind = FindingKind::kTrend; }, ""},
      {"no evidence", [](auto& f) { f.evidence.clear(); }, ""},
  };
  for (const Case& one : cases) {
    Finding finding = filling();
    one.change(finding);
    const auto said = advise_filesystems({{finding}}, MachineLook{}, kWhere, 0);
    EXPECT_EQ(said.empty() ? "" : said[0].title, one.title) << one.what;
  }
  MachineLook machine;
  machine.writers = {{"/db.service", 3 * kGibibyte}};
  const auto said = advise_filesystems({{filling()}}, machine, kWhere, 0);
  EXPECT_THAT(said.at(0).findings, ElementsAre(12));
  EXPECT_EQ(said[0].evidence.back().value, "/db.service 3 GiB");
}

// The series as the host collector writes them, through the query engine.
TEST(MachineLook, reads_the_collectors_series) {
  AdvisorWorld world;
  const auto add = [&](const std::string& name, const std::function<double(int)>& value,
                       const std::vector<std::pair<std::string, std::string>>& more = {}) {
    Labels labels = Labels().with("__name__", name).with("job", "host").with("instance", "host-a");
    for (const auto& [label, text] : more) labels = labels.with(label, text);
    std::vector<double> values;
    for (int i = 0; i < 240; ++i) values.push_back(value(i));  // 20 minutes
    world.add_series(labels, 5 * kSecondMs, values);
  };
  const auto flat = [](double value) { return [value](int) { return value; }; };
  add("node_memory_MemTotal_bytes", flat(8 * kGibibyte));
  add("node_memory_MemAvailable_bytes", [](int i) { return i == 200 ? 1e6 : 2e6; });
  add("node_memory_SwapTotal_bytes", flat(4 * kGibibyte));
  add("node_memory_SwapFree_bytes", flat(3 * kGibibyte));
  add("node_vmstat_pswpin", [](int i) { return 1000.0 * i; });
  add("node_vmstat_pswpout", [](int i) { return 10.0 * i; });
  add("node_pressure_memory_waiting_seconds_total", [](int i) { return 0.5 * i; });
  add("container_memory_swap", flat(100), {{"cgroup", "/a.service"}});
  add("container_memory_swap", flat(300), {{"cgroup", "/b.service"}});
  add("container_fs_writes_bytes_total", [](int i) { return 100.0 * i; },
      {{"cgroup", "/a.service"}, {"device", "8:0"}});
  add("namedprocess_namegroup_memory_bytes", flat(7), {{"groupname", "db"}, {"memtype", "resident"}});
  add("node_filefd_allocated", flat(900));
  add("node_filefd_maximum", flat(1000));
  add("namedprocess_namegroup_worst_fd_ratio", flat(0.9), {{"groupname", "web"}});
  add("namedprocess_namegroup_open_filedesc", flat(450), {{"groupname", "web"}});
  const auto look = read_machine(world.context(), "host-a");
  ASSERT_TRUE(look) << look.error().message();
  EXPECT_NEAR(look->seconds, 900, 20);
  EXPECT_EQ(look->memory_total, 8 * kGibibyte);
  EXPECT_EQ(look->memory_available_least, 1e6);
  EXPECT_EQ(look->swap_used_least, kGibibyte);
  EXPECT_NEAR(look->pages_in, 200, 1);
  EXPECT_NEAR(look->pages_out, 2, 0.1);
  EXPECT_EQ(look->paging_share, 1);
  EXPECT_NEAR(look->memory_waiting, 0.1, 0.001);
  ASSERT_EQ(look->swapped.size(), 2u);
  EXPECT_EQ(look->swapped[0].who, "/b.service");
  EXPECT_EQ(look->resident.at(0).who, "db");
  const auto writers = read_writers(world.context(), "host-a");
  ASSERT_TRUE(writers) << writers.error().message();
  EXPECT_EQ(writers->at(0).who, "/a.service");
  EXPECT_EQ(look->handle_shares.at(0).amount, 0.9);
  EXPECT_EQ(look->handles_open.at(0).amount, 450);

  for (const auto& advisor : create_advisors("linux/host", "host-a", 5 * kSecondMs)) {
    const auto said = advisor->advise(world.context());
    ASSERT_TRUE(said) << said.error().message();
    if (advisor->name() != "linux.host") continue;
    std::vector<std::string> what;
    for (const Recommendation& one : *said) {
      what.push_back(one.fingerprint);
      EXPECT_EQ(one.entity.to_string(), "host/host-a");
      EXPECT_EQ(one.action.type, "");
    }
    EXPECT_THAT(what, ElementsAre("linux|linux/host|swap", "linux|linux/host|handles",
                                  "linux|linux/host|handles|web"));
  }
  AdvisorWorld empty;
  const auto nothing = read_machine(empty.context(), "host-a");
  ASSERT_TRUE(nothing) << nothing.error().message();
  EXPECT_FALSE(advise_swap(*nothing, kWhere));
}

}  // namespace
}  // namespace trimtab::advise::host
