// SPDX-License-Identifier: Apache-2.0
// On a real HAProxy of the test's own.
#include "act/haproxy/haproxy_executor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "act/config/local_server_testlib.h"
#include "act/haproxy/haproxy_master.h"
#include "ledger/ledger_testlib.h"

namespace trimtab::act {
namespace {

using testing::HasSubstr;

class HaproxyTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(path("etc"));
    port_ = free_port();
    std::ofstream(config()) << fmt::format(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 1s\n"
        "frontend web\n  bind 127.0.0.1:{}\n"
        "  http-request return status 200 content-type text/plain string before\n",
        port_);
    chmod(config().c_str(), 0640);
    start();
  }
  void TearDown() override { stop(SIGTERM); }

  // In the foreground, so that it is this process's child and its end can be waited for.
  void start(bool with_master = true) {
    std::vector<std::string> words{"haproxy", "-q", "-p", path("pid"), "-f", config()};
    words.insert(words.end() - 2, with_master ? "-W" : "-db");
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ASSERT_EQ(posix_spawn(&server_, "/usr/sbin/haproxy", nullptr, nullptr, arguments.data(), environ), 0);
    ASSERT_TRUE(wait_for_answer(port_, "before"));
  }
  // Workers end by themselves when their master is gone.
  void stop(int signal) {
    if (server_ == 0) return;
    kill(server_, signal);
    waitpid(server_, nullptr, 0);
    server_ = 0;
  }

  std::string path(const std::string& name) { return scratch_.file(name); }
  std::string config() { return path("etc/haproxy.cfg"); }
  std::string original() { return path("etc/.haproxy.cfg.trimtab-original"); }
  Action edit(const std::string& find = "string before", const std::string& replace = "string after") {
    return {
        "haproxy.edit", "haproxy/edge", {{"path", config()}, {"find", find}, {"replace", replace}}, "", ""};
  }
  std::string workers() {
    const auto master = HaproxyMaster::find(path("pid"), "haproxy");
    return master ? master->running().value_or("away") : master.error().message();
  }
  std::unique_ptr<Executor> create() {
    return create_haproxy_editor([this](const std::string&) -> Result<HaproxyPlace> { return place_; });
  }

  ScratchFolder scratch_;
  HaproxyPlace place_{config(), "/usr/sbin/haproxy", path("pid")};
  std::unique_ptr<Executor> executor_ = create();
  int port_ = 0;
  pid_t server_ = 0;
};

TEST_F(HaproxyTest, edit_is_served_and_taken_back_byte_for_byte) {
  const std::string before = bytes_of(config());
  const std::size_t count = count_files(path("etc"));
  struct stat earlier{};
  stat(config().c_str(), &earlier);
  const Action one = edit();
  const Status possible = executor_->check(one);
  ASSERT_TRUE(possible) << possible.error().message();
  const std::string state = executor_->capture(one).value();
  EXPECT_FALSE(executor_->is_applied(one, state).value());
  const Status made = executor_->apply(one, state);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(executor_->is_applied(one, state).value());
  EXPECT_FALSE(executor_->is_undone(one, state).value());
  EXPECT_TRUE(wait_for_answer(port_, "after"));
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_TRUE(executor_->undo(one, state));
    EXPECT_TRUE(executor_->is_undone(one, state).value());
  }
  EXPECT_TRUE(wait_for_answer(port_, "before"));
  EXPECT_EQ(bytes_of(config()), before);
  EXPECT_EQ(count_files(path("etc")), count);
  struct stat now{};
  stat(config().c_str(), &now);
  EXPECT_EQ(now.st_ino, earlier.st_ino);
  EXPECT_EQ(now.st_mode, earlier.st_mode);
}

TEST_F(HaproxyTest, configuration_that_haproxy_refuses_is_put_back_and_never_loaded) {
  const std::string before = bytes_of(config()), running = workers();
  const std::size_t count = count_files(path("etc"));
  const Action one = edit("timeout client", "timeuot client");
  const std::string state = executor_->capture(one).value();
  const Status made = executor_->apply(one, state);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::kInvalid);
  EXPECT_THAT(made.error().message(), HasSubstr("timeuot"));
  EXPECT_EQ(bytes_of(config()), before);
  EXPECT_EQ(count_files(path("etc")), count);
  EXPECT_EQ(workers(), running);
  EXPECT_TRUE(executor_->is_undone(one, state).value());
}

// Every other time somebody else's reload is under way: a signal that came now would be lost, and a worker
// that appears soon may have read the file as it was before.
TEST_F(HaproxyTest, undo_right_after_apply_is_in_force) {
  const Action one = edit();
  const std::string state = executor_->capture(one).value();
  for (int i = 0; i < 20; ++i) {
    SCOPED_TRACE(i);
    if (i % 2 == 1) kill(server_, SIGUSR2);
    const Status made = executor_->apply(one, state);
    ASSERT_TRUE(made) << made.error().message();
    if (i % 4 < 2) {
      ASSERT_TRUE(wait_for_answer(port_, "after"));
    }
    if (i % 2 == 1) kill(server_, SIGUSR2);
    const Status taken = executor_->undo(one, state);
    ASSERT_TRUE(taken) << taken.error().message();
    EXPECT_TRUE(executor_->is_undone(one, state).value());
    ASSERT_TRUE(wait_for_answer(port_, "before"));
  }
}

TEST_F(HaproxyTest, what_is_known_to_be_in_force_is_not_loaded_again) {
  const Action one = edit();
  const std::string state = executor_->capture(one).value();
  ASSERT_TRUE(executor_->apply(one, state));
  const std::string running = workers();
  EXPECT_TRUE(executor_->is_applied(one, state).value());
  EXPECT_EQ(workers(), running);
  // Of another process's doing nothing is known.
  EXPECT_TRUE(create()->is_applied(one, state).value());
  EXPECT_NE(workers(), running);
}

TEST_F(HaproxyTest, crash_between_writing_and_loading_is_repaired) {
  const Action one = edit();
  const std::string state = executor_->capture(one).value();
  std::string text = bytes_of(config());
  text.replace(text.find("string before"), 13, "string after");
  std::filesystem::create_hard_link(config(), original());
  std::ofstream(path("etc/new")) << text;
  std::filesystem::rename(path("etc/new"), config());
  EXPECT_TRUE(executor_->is_applied(one, state).value());
  EXPECT_TRUE(wait_for_answer(port_, "after"));

  std::filesystem::rename(original(), config());
  EXPECT_TRUE(create()->is_undone(one, state).value());
  EXPECT_TRUE(wait_for_answer(port_, "before"));
}

TEST_F(HaproxyTest, crash_between_writing_and_testing_puts_back_what_haproxy_refuses) {
  const std::string before = bytes_of(config());
  const Action one = edit("timeout client", "timeuot client");
  const std::string state = executor_->capture(one).value();
  std::string text = before;
  text.replace(text.find("timeout client"), 7, "timeuot");
  std::filesystem::create_hard_link(config(), original());
  std::ofstream(path("etc/new")) << text;
  std::filesystem::rename(path("etc/new"), config());
  EXPECT_EQ(executor_->is_applied(one, state).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(bytes_of(config()), before);
  EXPECT_FALSE(executor_->is_applied(one, state).value());
}

TEST_F(HaproxyTest, crash_before_the_replacement_leaves_no_trace_after_undo) {
  const std::size_t count = count_files(path("etc"));
  const Action one = edit();
  const std::string state = executor_->capture(one).value();
  std::filesystem::create_hard_link(config(), original());
  std::ofstream(path("etc/.haproxy.cfg.trimtab-new")) << "half";
  EXPECT_FALSE(executor_->is_applied(one, state).value());
  EXPECT_TRUE(executor_->is_undone(one, state).value());
  EXPECT_EQ(count_files(path("etc")), count);
}

TEST_F(HaproxyTest, haproxy_that_is_killed_is_away_until_it_returns) {
  const std::string before = bytes_of(config());
  const Action one = edit();
  const std::string state = executor_->capture(one).value();
  ASSERT_TRUE(executor_->apply(one, state));
  ASSERT_TRUE(wait_for_answer(port_, "after"));
  stop(SIGKILL);
  const Status away = executor_->undo(one, state);
  ASSERT_FALSE(away);
  EXPECT_EQ(away.error().code(), ErrorCode::kUnavailable) << away.error().message();
  EXPECT_EQ(bytes_of(config()), before);
  EXPECT_EQ(executor_->is_undone(one, state).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(executor_->check(one).error().code(), ErrorCode::kUnavailable);
  start();
  EXPECT_TRUE(executor_->is_undone(one, state).value());
  EXPECT_TRUE(wait_for_answer(port_, "before"));
}

TEST_F(HaproxyTest, what_passes_the_test_and_can_not_be_loaded_is_an_error_and_goes_back) {
  const int taken = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(bind(taken, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(taken, 1), 0);
  ASSERT_EQ(getsockname(taken, reinterpret_cast<sockaddr*>(&address), &size), 0);

  const std::string before = bytes_of(config());
  const Action one =
      edit("frontend web\n", fmt::format("frontend web\n  bind 127.0.0.1:{}\n", ntohs(address.sin_port)));
  ASSERT_TRUE(executor_->check(one));
  const std::string state = executor_->capture(one).value();
  const Status made = executor_->apply(one, state);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::kInvalid) << made.error().message();
  EXPECT_THAT(made.error().message(), HasSubstr("no new worker"));
  EXPECT_TRUE(wait_for_answer(port_, "before"));  // by the earlier worker
  const Status back = executor_->undo(one, state);
  EXPECT_TRUE(back) << back.error().message();
  EXPECT_TRUE(executor_->is_undone(one, state).value());
  EXPECT_EQ(bytes_of(config()), before);
  close(taken);
}

TEST_F(HaproxyTest, haproxy_without_a_master_process_is_refused_and_left_alone) {
  stop(SIGTERM);
  start(false);
  std::ofstream(path("pid")) << server_ << "\n";
  const Status possible = executor_->check(edit());
  ASSERT_FALSE(possible);
  EXPECT_EQ(possible.error().code(), ErrorCode::kInvalid);
  EXPECT_THAT(possible.error().message(), HasSubstr("start it with -W"));
  EXPECT_TRUE(wait_for_answer(port_, "before"));
}

TEST_F(HaproxyTest, other_files_and_processes_are_refused) {
  std::ofstream(path("etc/other.cfg")) << "string before";
  place_.config = path("etc/other.cfg");
  EXPECT_THAT(executor_->check(edit()).error().message(), HasSubstr("HAProxy runs with"));
  place_.config = config();
  EXPECT_EQ(executor_->check(edit("e", "x")).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(executor_->check(edit("", "x")).error().code(), ErrorCode::kInvalid);
  std::ofstream(path("outside")) << "string before";
  Action outside = edit();
  outside.parameters["path"] = path("outside");
  EXPECT_EQ(executor_->check(outside).error().code(), ErrorCode::kDenied);
  place_.pid_file = path("own");
  std::ofstream(place_.pid_file) << getpid();
  EXPECT_EQ(executor_->check(edit()).error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(executor_->describe(outside).value().undo,
            fmt::format("the earlier {} takes its place again; reload", path("outside")));
}

}  // namespace
}  // namespace trimtab::act
