// SPDX-License-Identifier: Apache-2.0
#include "server/raw_client_testlib.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "base/check.h"

namespace trimtab {

RawClient::RawClient(std::uint16_t port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int result = ::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  CHECK(result == 0, "connecting to port {}", port);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};  // only a hanging server ever gets that far
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

RawClient::~RawClient() { close(); }

void RawClient::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void RawClient::finish_sending() { ::shutdown(socket_, SHUT_WR); }

bool RawClient::fill() {
  char piece[65536];
  const ssize_t got = ::recv(socket_, piece, sizeof piece, 0);
  if (got <= 0) return false;
  buffer_.append(piece, static_cast<std::size_t>(got));
  return true;
}

std::string RawClient::take(std::size_t bytes) {
  while (buffer_.size() < bytes && fill()) {
  }
  std::string out = buffer_.substr(0, bytes);
  buffer_.erase(0, out.size());
  return out;
}

std::string RawClient::take_line() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  return take(end + 2).substr(0, end);
}

std::string RawClient::Answer::header(std::string_view name) const {
  const std::size_t at = head.find(fmt::format("\r\n{}: ", name));
  if (at == std::string::npos) return {};
  const std::size_t start = at + name.size() + 4;
  return head.substr(start, head.find("\r\n", start) - start);
}

RawClient::Answer RawClient::read_answer(bool head_request) {
  Answer answer;
  const std::string first = take_line();
  if (first.empty()) return answer;
  answer.status = std::stoi(first.substr(9, 3));
  answer.head = first + "\r\n";
  for (std::string line = take_line(); !line.empty(); line = take_line()) answer.head += line + "\r\n";
  if (head_request || answer.status == 100) return answer;
  if (answer.header("Transfer-Encoding") == "chunked") {
    while (true) {
      const std::size_t size = std::stoul("0" + take_line(), nullptr, 16);
      answer.body += take(size);
      take(2);
      if (size == 0) return answer;
    }
  }
  const std::string length = answer.header("Content-Length");
  if (!length.empty()) answer.body = take(std::stoul(length));
  return answer;
}

std::string RawClient::read_all() {
  while (fill()) {
  }
  return std::move(buffer_);
}

RawClient::Answer ask(std::uint16_t port, std::string_view method, std::string_view target,
                      std::string_view body, std::string_view more_headers) {
  RawClient client(port);
  client.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}", method,
                          target, body.size(), more_headers, body));
  return client.read_answer(method == "HEAD");
}

}  // namespace trimtab
