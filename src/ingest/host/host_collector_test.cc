// SPDX-License-Identifier: Apache-2.0
#include "ingest/host/host_collector.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "store/memory_store_testlib.h"

namespace trimtab {
namespace {

namespace fs = std::filesystem;
constexpr TimestampMs kStart = 1'700'000'000'000;

bool fake_space(const char* mount, FilesystemSpace& out) {
  if (std::string_view(mount) == "/gone") return false;
  out = {.size_bytes = 1000, .free_bytes = 400, .avail_bytes = 300, .files = 50, .files_free = 20};
  return true;
}

// A copy of the recorded tree that the test may change.
class HostTest : public ::testing::Test {
 protected:
  HostTest() {
    root = fs::path(::testing::TempDir()) / ("host_" + std::to_string(::getpid()));
    fs::remove_all(root);
    fs::copy(fs::path(TRIMTAB_SOURCE_DIR) / "src/ingest/host/testdata", root, fs::copy_options::recursive);
    restart({});
  }
  ~HostTest() override { fs::remove_all(root); }

  void restart(HostCollectorOptions options) {
    options.roots = {.proc = root / "proc", .sys = root / "sys"};
    options.instance = "host-a";
    options.filesystem_reader = &fake_space;
    collector = std::make_unique<HostCollector>(options, store, rejects, clock, metrics, *logger);
  }
  void collect() {
    clock.advance(5 * kSecondMs);
    const Status status = collector->collect();
    EXPECT_TRUE(status) << status.error().message();
  }
  double now(const std::string& selector) {
    const auto samples = store.samples(selector);
    const auto it = samples.find(clock.now_ms());
    return it == samples.end() ? -1 : it->second;
  }
  void write(const std::string& name, const std::string& text) { std::ofstream(root / name) << text; }

  fs::path root;
  MemoryStore store;
  FakeClock clock{kStart};
  Metrics metrics;
  Rejects rejects{metrics, clock};
  std::unique_ptr<Logger> logger = create_null_logger();
  std::unique_ptr<HostCollector> collector;
};

TEST_F(HostTest, a_recorded_tree_gives_node_exporters_numbers) {
  collect();
  const std::vector<std::pair<const char*, double>> expected{
      {"node_cpu_seconds_total{cpu=\"0\",mode=\"user\",instance=\"host-a\",job=\"host\"}", 1.0},
      {"node_cpu_seconds_total{cpu=\"1\",mode=\"steal\"}", 0.02},
      {"node_cpu_guest_seconds_total{cpu=\"0\",mode=\"nice\"}", 0.02},
      {"node_intr_total", 123456},
      {"node_context_switches_total", 987654},
      {"node_forks_total", 4321},
      {"node_procs_running", 2},
      {"node_procs_blocked", 1},
      {"node_boot_time_seconds", 1700000000},
      {"node_load1", 0.5},
      {"node_load15", 0.1},
      {"node_memory_MemTotal_bytes", 8192000000},
      {"node_memory_Active_anon_bytes", 126418944},
      {"node_memory_HugePages_Total", 3},
      {"node_vmstat_pgfault", 5555},
      {"node_vmstat_oom_kill", 1},
      {"node_vmstat_pgalloc_dma", -1},
      {"node_pressure_cpu_waiting_seconds_total", 1.5},
      {"node_pressure_io_stalled_seconds_total", 0.5},
      {"node_pressure_memory_waiting_seconds_total", 1e-5},
      {"node_filefd_allocated", 1024},
      {"node_filefd_maximum", 65536},
      {"node_uname_info{nodename=\"host-a\",release=\"6.1.0\",sysname=\"Linux\",domainname=\"(none)\","
       "version=\"#1 SMP\"}",
       1},
      {"node_disk_read_bytes_total{device=\"sda\"}", 1048576},
      {"node_disk_io_time_seconds_total{device=\"sda\"}", 3},
      {"node_disk_flush_requests_time_seconds_total{device=\"sda\"}", 0.012},
      {"node_disk_reads_completed_total{device=\"nvme0n1\"}", 1},
      {"node_disk_reads_completed_total{device=~\"sda1|loop0|nvme0n1p1\"}", -1},
      {"node_filesystem_avail_bytes{device=\"/dev/sda1\",mountpoint=\"/\",fstype=\"ext4\"}", 300},
      {"node_filesystem_readonly{mountpoint=\"/mnt/with blank\"}", 1},
      {"node_filesystem_device_error{mountpoint=\"/gone\"}", 1},
      {"node_filesystem_size_bytes{mountpoint=~\"/gone|/proc|/mnt/nfs|/var/.*\"}", -1},
      {"node_network_receive_bytes_total{device=\"eth0\"}", 1000000},
      {"node_network_transmit_compressed_total{device=\"eth0\"}", 12},
      {"node_network_up{device=\"eth0\"}", 1},
      {"node_network_speed_bytes{device=\"eth0\"}", 125000000},
      {"node_netstat_Tcp_CurrEstab", -1},
      {"node_netstat_Tcp_RetransSegs", 30},
      {"node_netstat_TcpExt_ListenOverflows", 4},
      {"node_netstat_TcpExt_PruneCalled", -1},
      {"node_netstat_IpExt_InOctets", 1000},
      {"node_netstat_Ip6_InOctets", 77},
      {"node_netstat_Udp6_InErrors", 3},
      {"node_sockstat_TCP_inuse", 5},
      {"node_sockstat_TCP_mem_bytes", 3.0 * static_cast<double>(::sysconf(_SC_PAGESIZE))},
      {"node_sockstat_sockets_used", 100}};
  for (const auto& [selector, value] : expected)
    EXPECT_NEAR(now(selector), value, std::abs(value) * 1e-12) << selector;
  EXPECT_EQ(store.metadata().at("node_cpu_seconds_total").type, MetricType::kCounter);
  EXPECT_EQ(store.metadata().at("node_load1").type, MetricType::kGauge);
}

TEST_F(HostTest, cgroups_that_run_something_are_read_under_cadvisors_names) {
  collect();
  const std::string cgroup = "{cgroup=\"/system.slice/db.service\"";
  EXPECT_EQ(now("container_cpu_usage_seconds_total" + cgroup + "}"), 3);
  EXPECT_EQ(now("container_cpu_cfs_throttled_seconds_total" + cgroup + "}"), 0.25);
  EXPECT_EQ(now("container_memory_working_set_bytes" + cgroup + "}"), 100000000);
  EXPECT_EQ(now("container_spec_memory_limit_bytes" + cgroup + "}"), 209715200);
  EXPECT_EQ(now("container_spec_memory_high_bytes" + cgroup + "}"), 188743680);
  EXPECT_EQ(now("container_memory_swap" + cgroup + "}"), 4194304);
  EXPECT_EQ(now("container_oom_events_total" + cgroup + "}"), 1);
  EXPECT_EQ(now("container_spec_cpu_quota" + cgroup + "}"), 50000);
  EXPECT_EQ(now("container_fs_writes_bytes_total" + cgroup + ",device=\"8:0\"}"), 8192);
  EXPECT_EQ(now("container_processes" + cgroup + "}"), 17);
  EXPECT_EQ(now("container_pressure_memory_stalled_seconds_total" + cgroup + "}"), 0.4);
  EXPECT_TRUE(
      store.samples("container_cpu_usage_seconds_total{cgroup!=\"/system.slice/db.service\"}").empty());
}

TEST_F(HostTest, cgroups_stay_within_their_bound) {
  for (int i = 0; i < 10; ++i) {
    const std::string folder = "sys/fs/cgroup/user.slice/s" + std::to_string(i) + ".scope";
    fs::create_directories(root / folder);
    write(folder + "/pids.current", "1\n");
  }
  restart({.cgroups_max = 4});
  collect();
  std::size_t shown = 0;
  for (const std::string& name : store.series_names()) shown += name.starts_with("container_processes");
  EXPECT_EQ(shown, 4u);
  EXPECT_EQ(now("trimtab_host_cgroups_left_out"), 7);
}

TEST_F(HostTest, processes_are_grouped_by_name_and_their_time_only_grows) {
  collect();
  const std::string db = "{groupname=\"db (main) x\"";
  EXPECT_EQ(now("namedprocess_namegroup_cpu_seconds_total" + db + ",mode=\"user\"}"), 5);
  EXPECT_EQ(now("namedprocess_namegroup_memory_bytes" + db + ",memtype=\"virtual\"}"), 104857600);
  EXPECT_EQ(now("namedprocess_namegroup_num_threads" + db + "}"), 8);
  EXPECT_EQ(now("namedprocess_namegroup_num_procs{groupname=\"[kernel]\"}"), 1);
  fs::remove_all(root / "proc/42");
  collect();
  EXPECT_EQ(now("namedprocess_namegroup_num_procs" + db + "}"), 0);
  EXPECT_EQ(now("namedprocess_namegroup_cpu_seconds_total" + db + ",mode=\"user\"}"), 5);
}

TEST_F(HostTest, file_handles_of_shown_processes_are_counted_against_their_limit) {
  const auto handles = [&](const std::string& pid, int count) {
    fs::remove_all(root / "proc" / pid / "fd");
    fs::create_directories(root / "proc" / pid / "fd");
    for (int i = 0; i < count; ++i) write("proc/" + pid + "/fd/" + std::to_string(i), "");
  };
  handles("42", 60);
  write("proc/42/limits",
        "Limit                     Soft Limit           Hard Limit           Units     \n"
        "Max processes             1024                 1024                 processes \n"
        "Max open files            80                   4096                 files     \n");
  const std::string db = "{groupname=\"db (main) x\"}";
  collect();
  EXPECT_EQ(now("namedprocess_namegroup_open_filedesc" + db), -1);
  for (int i = 0; i < 3; ++i) collect();
  EXPECT_EQ(now("namedprocess_namegroup_open_filedesc" + db), 60);
  EXPECT_EQ(now("namedprocess_namegroup_worst_fd_ratio" + db), 0.75);
  EXPECT_EQ(now("namedprocess_namegroup_open_filedesc{groupname=\"web\"}"), -1);  // may not be looked at
  handles("42", 4);
  for (int i = 0; i < 12; ++i) collect();
  EXPECT_EQ(now("namedprocess_namegroup_worst_fd_ratio" + db), 0.05);
}

TEST_F(HostTest, only_top_processes_are_shown_and_churn_is_bounded) {
  restart({.process_groups_max = 2});
  for (int round = 0; round < 30; ++round) {
    const std::string folder = "proc/" + std::to_string(1000 + round);
    fs::create_directories(root / folder);
    write(folder + "/stat", "1 (p" + std::to_string(round) + ") S 1 1 1 0 -1 0 0 0 0 0 " +
                                std::to_string(100 + round) + " 0 0 0 20 0 1 0 7 4096 1 0\n");
    collect();
  }
  std::size_t shown = 0;
  for (const std::string& name : store.series_names()) {
    if (name.starts_with("namedprocess_namegroup_num_procs")) {
      const double last = now(name);
      shown += last >= 0 && !is_stale_marker(last);
    }
  }
  EXPECT_GE(shown, 2u);
  EXPECT_LE(shown, 6u);
}

TEST_F(HostTest, what_vanishes_gets_a_stale_marker) {
  collect();
  write("proc/net/dev", "    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n");
  collect();
  EXPECT_TRUE(is_stale_marker(now("node_network_receive_bytes_total{device=\"eth0\"}")));
  EXPECT_EQ(now("node_network_receive_bytes_total{device=\"lo\"}"), 1);
  collect();
  EXPECT_EQ(store.samples("node_network_receive_bytes_total{device=\"eth0\"}").size(), 2u);
}

TEST_F(HostTest, garbage_and_missing_files_cost_only_their_own_numbers) {
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_regular_file() && entry.path().filename() != "loadavg") {
      std::ofstream(entry.path()) << std::string("\xff\xfe cpu0 ((((\n::: 12 kB =\n) a b", 30);
    }
  }
  collect();
  EXPECT_EQ(now("node_load1"), 0.5);
  fs::remove_all(root / "proc");
  restart({});
  collect();
  EXPECT_EQ(now("up{job=\"host\"}"), 1);
}

TEST_F(HostTest, a_full_store_is_an_error_and_the_next_round_works) {
  store.refusal = "disk full";
  EXPECT_EQ(collector->collect().error().code(), ErrorCode::kUnavailable);
  EXPECT_GE(rejects.count(RejectReason::kStorage), 1u);
  store.refusal = "";
  collect();
  EXPECT_EQ(now("node_load1"), 0.5);
}

TEST_F(HostTest, series_stay_within_their_bound) {
  restart({.series_max = 10});
  collect();
  EXPECT_EQ(store.series_names().size(), 10u);
  EXPECT_GT(rejects.count(RejectReason::kSeriesLimit), 0u);
}

}  // namespace
}  // namespace trimtab
