// SPDX-License-Identifier: Apache-2.0
#include "act/config/local_server_testlib.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/http_client.h"

namespace trimtab::act {
namespace {
constexpr std::chrono::seconds kAnswerWaitMax{30};
}  // namespace

int free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(listener);
  return ntohs(address.sin_port);
}

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t count_files(const std::string& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::recursive_directory_iterator(folder), {}));
}

bool wait_for_answer(int port, const std::string& body) {
  const auto deadline = std::chrono::steady_clock::now() + kAnswerWaitMax;
  while (std::chrono::steady_clock::now() < deadline) {
    HttpClient client;
    const auto answer = client.send({.url = fmt::format("http://127.0.0.1:{}/", port)});
    if (answer && answer->body == body) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace trimtab::act
