// SPDX-License-Identifier: Apache-2.0
#include "store/remote_store_peer_testlib.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "base/http_client.h"

extern char** environ;

namespace trimtab {
namespace {

namespace fs = std::filesystem;
constexpr int kStartTriesMax = 600;  // of 50 ms

std::string find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((folder + "/" + name).c_str(), X_OK) == 0) return folder + "/" + name;
  }
  return "";
}

int free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

std::string fill(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what))
    text.replace(at, what.size(), with);
  return text;
}

}  // namespace

std::unique_ptr<PeerProcess> PeerProcess::start(const std::string& program,
                                                std::vector<std::string> arguments,
                                                const std::string& ready_path) {
  const std::string path = find_program(program);
  if (path.empty()) return nullptr;
  std::unique_ptr<PeerProcess> peer(new PeerProcess());
  const std::string port = std::to_string(free_port());
  peer->folder_ =
      (fs::temp_directory_path() / ("trimtab_peer_" + std::to_string(::getpid()) + "_" + port)).string();
  fs::create_directories(peer->folder_);
  std::ofstream(peer->folder_ + "/prometheus.yml") << "scrape_configs: []\n";
  std::vector<char*> argv{const_cast<char*>(path.c_str())};
  for (std::string& argument : arguments) {
    argument = fill(fill(argument, "{port}", port), "{dir}", peer->folder_);
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  const int failed = ::posix_spawn(&peer->pid_, path.c_str(), &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) return nullptr;
  peer->url_ = "http://127.0.0.1:" + port;
  HttpClient client;
  for (int i = 0; i < kStartTriesMax; ++i) {
    const auto answer = client.send({.url = peer->url_ + ready_path});
    if (answer && answer->status == 200) return peer;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return nullptr;
}

PeerProcess::~PeerProcess() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace trimtab
