// SPDX-License-Identifier: Apache-2.0
#include "targets/redis/server_testlib.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace trimtab::redis {

Result<std::unique_ptr<TestServer>> TestServer::start(const std::string& config) {
  std::unique_ptr<TestServer> server(new TestServer);
  std::string name = (std::filesystem::temp_directory_path() / "trimtab-redis-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return fail(ErrorCode::kIo, "cannot make " + name);
  server->folder_ = name;
  server->has_config_ = !config.empty();
  if (server->has_config_) std::ofstream(server->config_file()) << config;
  TRY(server->start_again());
  return server;
}

TestServer::~TestServer() {
  stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

Target TestServer::target(const std::string& username, const std::string& password) const {
  Target out;
  out.kind = TargetKind::kRedis;
  out.id = "main";
  out.instance = "main";
  out.url = "unix://" + folder_ + "/redis.sock";
  out.username = username;
  out.password = password;
  return out;
}

Status TestServer::start_again() {
  std::string words[] = {"redis-server", "--port", "0", "--unixsocket", folder_ + "/redis.sock", "--dir",
                         folder_,        "--save", ""};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  std::string config = config_file();
  if (has_config_) arguments.insert(arguments.begin() + 1, config.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  const int problem = posix_spawnp(&server_, words[0].c_str(), &quiet, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&quiet);
  if (problem != 0) {
    server_ = 0;
    return fail(ErrorCode::kIo, "cannot start redis-server");
  }
  while (!connect()) {
    if (waitpid(server_, nullptr, WNOHANG) == server_) {
      server_ = 0;
      return fail(ErrorCode::kIo, "redis-server ended at once");
    }
    std::this_thread::yield();
  }
  return ok();
}

void TestServer::stop() {
  if (server_ == 0) return;
  kill(server_, SIGKILL);
  waitpid(server_, nullptr, 0);
  server_ = 0;
}

}  // namespace trimtab::redis
