// SPDX-License-Identifier: Apache-2.0
#include "targets/postgresql/server_testlib.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace trimtab::postgresql {

namespace {

constexpr const char* kBinaries = "/usr/lib/postgresql/15/bin";
constexpr int kStartTriesMax = 3;

int free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  int port = 0;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0) {
    port = ntohs(address.sin_port);
  }
  close(listener);
  return port;
}

// Runs one of the server's programs, as the user postgres when root; its words go to `log`.
Status run(std::vector<std::string> command, const std::string& log) {
  command[0] = std::string(kBinaries) + "/" + command[0];
  if (geteuid() == 0) command.insert(command.begin(), {"runuser", "-u", "postgres", "--"});
  const pid_t child = fork();
  if (child == 0) {
    std::vector<char*> arguments;
    for (std::string& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (freopen(log.c_str(), "a", stdout) == nullptr || dup2(1, 2) < 0) _exit(126);
    if (chdir("/") != 0) _exit(126);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) < 0) return fail(ErrorCode::kIo, "cannot run " + command[0]);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return ok();
  std::ifstream file(log);
  const std::string words{std::istreambuf_iterator<char>(file), {}};
  return fail(ErrorCode::kIo,
              fmt::format("{} failed: {}", fmt::join(command, " "),
                          words.substr(words.size() - std::min<std::size_t>(words.size(), 2000))));
}

}  // namespace

Result<std::unique_ptr<TestServer>> TestServer::start() { return start(Options{}); }

Result<std::unique_ptr<TestServer>> TestServer::start(const Options& options) {
  std::unique_ptr<TestServer> server(new TestServer);
  std::string name = (std::filesystem::temp_directory_path() / "trimtab-postgresql-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) return fail(ErrorCode::kIo, "cannot make " + name);
  server->directory_ = name;
  server->data_ = name + "/data";
  std::filesystem::permissions(name, std::filesystem::perms::all);
  TRY(run({"initdb", "-D", server->data_, "-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8",
           "--locale=C"},
          name + "/initdb.log"));
  std::string lines;
  for (const std::string& line : options.settings) lines += line + "\n";
  std::ofstream(server->data_ + "/postgresql.conf", std::ios::app)
      << "fsync = off\nautovacuum = off\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\n"
      << lines;
  // Another process may take a free port first: the last of several lines counts.
  for (int tries = 1;; ++tries) {
    server->port_ = free_port();
    std::ofstream(server->data_ + "/postgresql.conf", std::ios::app) << "port = " << server->port_ << "\n";
    const Status started = server->start_again();
    if (started) return server;
    if (tries == kStartTriesMax) return std::unexpected(started.error());
  }
}

TestServer::~TestServer() {
  if (running_) static_cast<void>(stop(true));
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

Status TestServer::start_again() {
  TRY(run({"pg_ctl", "-D", data_, "-w", "-l", data_ + "/log", "start"}, directory_ + "/pg_ctl.log"));
  running_ = true;
  return ok();
}

Status TestServer::stop(bool immediately) {
  running_ = false;
  return run({"pg_ctl", "-D", data_, "-w", "-m", immediately ? "immediate" : "fast", "stop"},
             directory_ + "/pg_ctl.log");
}

std::string TestServer::dsn(const std::string& database, const std::string& user) const {
  return fmt::format("host=127.0.0.1 port={} dbname={} user={}", port_, database, user);
}

Result<std::unique_ptr<Connection>> TestServer::connect(const std::string& database, bool read_only,
                                                        const std::string& user) const {
  return Connection::open({.dsn = dsn(database, user), .name = "postgresql/test", .read_only = read_only});
}

}  // namespace trimtab::postgresql
