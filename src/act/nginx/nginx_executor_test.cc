// SPDX-License-Identifier: Apache-2.0
// On a real nginx of the test's own.
#include "act/nginx/nginx_executor.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

#include "act/config/local_server_testlib.h"
#include "ledger/ledger_testlib.h"

namespace trimtab::act {
namespace {

class NginxTest : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(path("etc/conf.d"));
    port_ = free_port();
    std::ofstream(path("etc/nginx.conf")) << fmt::format(
        "pid {};\nerror_log {};\nevents {{ worker_connections 64; }}\nhttp {{ access_log off;\n"
        "client_body_temp_path {}; proxy_temp_path {}; fastcgi_temp_path {}; uwsgi_temp_path {}; "
        "scgi_temp_path {};\ninclude {};\n}}\n",
        path("nginx.pid"), path("error.log"), path("b"), path("p"), path("f"), path("u"), path("s"),
        path("etc/conf.d/*"));
    std::ofstream(site()) << fmt::format("server {{ listen 127.0.0.1:{}; return 200 before; }}\n", port_);
    chmod(site().c_str(), 0640);
    ASSERT_TRUE(start());
    running_ = true;
    ASSERT_TRUE(wait_for("before"));
  }
  void TearDown() override {
    if (running_) quit();
  }
  // The master goes to the background once it listens.
  bool start() {
    std::string words[] = {"nginx", "-c", path("etc/nginx.conf")};
    char* arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    pid_t child = 0;
    int status = 1;
    return posix_spawn(&child, "/usr/sbin/nginx", nullptr, nullptr, arguments, environ) == 0 &&
           waitpid(child, &status, 0) == child && status == 0;
  }
  void quit() {
    std::ifstream in(path("nginx.pid"));
    pid_t master = 0;
    in >> master;
    if (master > 1) kill(master, SIGTERM);
    while (master > 1 && kill(master, 0) == 0 && std::filesystem::exists(path("nginx.pid"))) {
      std::this_thread::yield();
    }
    running_ = false;
  }
  std::string path(const std::string& name) { return scratch_.file(name); }
  std::string site() { return path("etc/conf.d/site"); }
  static std::string bytes(const std::string& name) { return bytes_of(name); }
  bool wait_for(const std::string& body) { return wait_for_answer(port_, body); }
  Action edit(const std::string& find, const std::string& replace, std::string file = "") {
    if (file.empty()) file = site();
    return {"nginx.edit", "nginx/main", {{"path", file}, {"find", find}, {"replace", replace}}, "", ""};
  }
  std::size_t files() { return count_files(path("etc")); }

  ScratchFolder scratch_;
  int port_ = 0;
  bool running_ = false;
  std::unique_ptr<Executor> executor_ = create_nginx_editor([this](const std::string&) -> Result<NginxPlace> {
    return NginxPlace{path("etc/nginx.conf"), "/usr/sbin/nginx", path("nginx.pid")};
  });
};

TEST_F(NginxTest, edit_is_served_and_taken_back_byte_for_byte) {
  const std::string before = bytes(site());
  const std::size_t count = files();
  struct stat earlier{};
  stat(site().c_str(), &earlier);
  const Action one = edit("before", "after");
  const Status possible = executor_->check(one);
  ASSERT_TRUE(possible) << possible.error().message();
  const std::string state = executor_->capture(one).value();
  EXPECT_FALSE(executor_->is_applied(one, state).value());
  const Status made = executor_->apply(one, state);
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(executor_->is_applied(one, state).value());
  EXPECT_FALSE(executor_->is_undone(one, state).value());
  EXPECT_TRUE(wait_for("after"));
  for (int twice = 0; twice < 2; ++twice) {
    ASSERT_TRUE(executor_->undo(one, state));
    EXPECT_TRUE(executor_->is_undone(one, state).value());
  }
  EXPECT_TRUE(wait_for("before"));
  EXPECT_EQ(bytes(site()), before);
  EXPECT_EQ(files(), count);
  struct stat now{};
  stat(site().c_str(), &now);
  EXPECT_EQ(now.st_ino, earlier.st_ino);
  EXPECT_EQ(now.st_mode, earlier.st_mode);
}

TEST_F(NginxTest, configuration_that_nginx_refuses_is_put_back_at_once) {
  const std::string before = bytes(site());
  const std::size_t count = files();
  const Action one = edit("return 200", "retrun 200");
  const std::string state = executor_->capture(one).value();
  const Status made = executor_->apply(one, state);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), ErrorCode::kInvalid);
  EXPECT_NE(made.error().message().find("retrun"), std::string::npos) << made.error().message();
  EXPECT_EQ(bytes(site()), before);
  EXPECT_EQ(files(), count);
  EXPECT_TRUE(executor_->is_undone(one, state).value());
}

TEST_F(NginxTest, crash_between_the_link_and_the_replacement_leaves_no_trace_after_undo) {
  const std::size_t count = files();
  const Action one = edit("before", "after");
  const std::string state = executor_->capture(one).value();
  std::filesystem::create_hard_link(site(), path("etc/conf.d/.site.trimtab-original"));
  EXPECT_FALSE(executor_->is_applied(one, state).value());
  EXPECT_TRUE(executor_->is_undone(one, state).value());
  EXPECT_EQ(files(), count);
}

TEST_F(NginxTest, files_elsewhere_and_texts_that_are_not_unique_are_refused) {
  std::ofstream(path("outside")) << "before";
  std::filesystem::create_symlink(path("outside"), path("etc/conf.d/.link"));
  EXPECT_EQ(executor_->check(edit("before", "x", path("outside"))).error().code(), ErrorCode::kDenied);
  EXPECT_EQ(executor_->check(edit("before", "x", path("etc/conf.d/.link"))).error().code(),
            ErrorCode::kDenied);
  EXPECT_EQ(executor_->check(edit("before", "x", path("etc/gone"))).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(executor_->check(edit("e", "x")).error().code(), ErrorCode::kConflict);
  EXPECT_EQ(executor_->check(edit("", "x")).error().code(), ErrorCode::kInvalid);
}

TEST_F(NginxTest, nginx_that_is_gone_is_away_until_it_returns) {
  const Action one = edit("before", "after");
  const std::string state = executor_->capture(one).value();
  ASSERT_TRUE(executor_->apply(one, state));
  ASSERT_TRUE(wait_for("after"));
  quit();
  EXPECT_FALSE(executor_->undo(one, state));
  ASSERT_TRUE(start());
  running_ = true;
  EXPECT_TRUE(wait_for("before"));
  EXPECT_TRUE(executor_->is_undone(one, state).value());
}

}  // namespace
}  // namespace trimtab::act
