// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/check.h"

namespace trimtab {

// A tiny HTTP/1.1 server on a free loopback port, for tests only. One thread per connection; keep-alive;
// the handler runs on those threads. The destructor ends all of them.
class TestHttpServer {
 public:
  struct Request {
    std::string method = {};
    std::string target = {};                          // path and query
    std::map<std::string, std::string> headers = {};  // names in lower case
    std::string body = {};
  };
  struct Response {
    int status = 200;
    std::string content_type = "text/plain";
    std::string body = {};
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string raw = {};  // when not empty, sent instead of all above, and the connection is closed
    bool hang = false;     // send nothing (or `raw` alone) and wait until the server or the client ends
  };
  using Handler = std::function<Response(const Request&)>;

  explicit TestHttpServer(Handler handler) : handler_(std::move(handler)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    CHECK(::listen(listener_, 16) == 0);
    socklen_t size = sizeof address;
    CHECK(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~TestHttpServer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    ended_.notify_all();
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (std::thread& thread : connections_) thread.join();
    for (const int fd : open_) ::close(fd);
  }
  TestHttpServer(const TestHttpServer&) = delete;
  TestHttpServer& operator=(const TestHttpServer&) = delete;

  int port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "http://" + address(); }
  std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  std::size_t connections() const {
    const std::lock_guard lock(mutex_);
    return open_.size();
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const std::lock_guard lock(mutex_);
      if (fd < 0 || stopping_) {
        if (fd >= 0) ::close(fd);
        return;
      }
      open_.push_back(fd);
      connections_.emplace_back([this, fd] { serve(fd); });
    }
  }

  void serve(int fd) {
    std::string pending = {};
    Request request;
    while (read_request(fd, pending, request)) {
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const Response response = handler_(request);
      const bool plain = response.raw.empty() && !response.hang;
      if (!send_all(fd, plain ? format(response) : response.raw)) break;
      if (response.hang) {
        std::unique_lock lock(mutex_);
        ended_.wait(lock, [this] { return stopping_; });
      }
      if (!plain) break;
    }
    ::shutdown(fd, SHUT_RDWR);
  }

  static bool read_request(int fd, std::string& pending, Request& request) {
    request = {};
    std::size_t head_end = 0;
    while ((head_end = pending.find("\r\n\r\n")) == std::string::npos) {
      if (!receive(fd, pending)) return false;
    }
    std::string_view head = std::string_view(pending).substr(0, head_end);
    std::string_view line = take_line(head);
    request.method = line.substr(0, line.find(' '));
    line.remove_prefix(request.method.size() + 1);
    request.target = line.substr(0, line.find(' '));
    while (!head.empty()) {
      line = take_line(head);
      std::string name(line.substr(0, line.find(':')));
      line.remove_prefix(std::min(line.size(), name.size() + 1));
      while (line.starts_with(' ')) line.remove_prefix(1);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      request.headers[name] = line;
    }
    std::size_t length = 0;
    const std::string& text = request.headers["content-length"];
    std::from_chars(text.data(), text.data() + text.size(), length);
    while (pending.size() < head_end + 4 + length) {
      if (!receive(fd, pending)) return false;
    }
    request.body = pending.substr(head_end + 4, length);
    pending.erase(0, head_end + 4 + length);
    return true;
  }

  static std::string_view take_line(std::string_view& text) {
    const std::size_t end = std::min(text.find("\r\n"), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 2));
    return line;
  }
  static bool receive(int fd, std::string& into) {
    char buffer[16384];
    const ssize_t got = ::recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) return false;
    into.append(buffer, static_cast<std::size_t>(got));
    return true;
  }
  static bool send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  static std::string format(const Response& response) {
    std::string out = "HTTP/1.1 " + std::to_string(response.status) +
                      " X\r\nContent-Type: " + response.content_type +
                      "\r\nContent-Length: " + std::to_string(response.body.size()) + "\r\n";
    for (const auto& [name, value] : response.headers) out += name + ": " + value + "\r\n";
    return out + "\r\n" + response.body;
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  bool stopping_ = false;
  std::vector<int> open_ = {};
  std::vector<std::thread> connections_ = {};
  std::vector<Request> requests_ = {};
};

}  // namespace trimtab
