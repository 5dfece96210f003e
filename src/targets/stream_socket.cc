// SPDX-License-Identifier: Apache-2.0
#include "targets/stream_socket.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace trimtab {
namespace {

constexpr int kPollMs = 200;  // how soon a cancelled wait ends
constexpr std::size_t kReceiveBytes = 16 << 10;

std::unexpected<Error> unavailable(const StreamSocket::Options& options, std::string_view what) {
  return fail(ErrorCode::kUnavailable, fmt::format("{}: {}: {}", options.name, what, std::strerror(errno)));
}

// Waits until the socket can do `events`.
Status wait_for(int fd, short events, const StreamSocket::Options& options) {
  for (DurationMs waited = 0;; waited += kPollMs) {
    if (options.cancelled != nullptr && options.cancelled->load()) {
      return fail(ErrorCode::kCancelled, options.name + ": given up: stopping");
    }
    if (waited >= options.timeout_ms) {
      return fail(ErrorCode::kTimeout,
                  fmt::format("{}: no answer within {} ms", options.name, options.timeout_ms));
    }
    pollfd socket{.fd = fd, .events = events, .revents = 0};
    const int ready = ::poll(&socket, 1, static_cast<int>(std::min<DurationMs>(kPollMs, options.timeout_ms)));
    if (ready > 0) return ok();
    if (ready < 0 && errno != EINTR) return unavailable(options, "waiting failed");
  }
}

Status connect_fd(int fd, const sockaddr* address, socklen_t size, const StreamSocket::Options& options) {
  if (fd < 0) return unavailable(options, "no socket");
  if (::connect(fd, address, size) == 0) return ok();
  if (errno != EINPROGRESS) return unavailable(options, "can not connect");
  TRY(wait_for(fd, POLLOUT, options));
  int problem = 0;
  socklen_t length = sizeof problem;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &problem, &length);
  if (problem == 0) return ok();
  errno = problem;
  return unavailable(options, "can not connect");
}

Result<int> connect_unix(const std::string& path, const StreamSocket::Options& options) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return invalid(options.name + ": the socket's path is too long");
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const Status connected =
      connect_fd(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address, options);
  if (connected) return fd;
  if (fd >= 0) ::close(fd);
  return detail::error_of(connected.error());
}

Result<int> connect_tcp(const std::string& text, const StreamSocket::Options& options) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return invalid(options.name + ": expected host:port");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  const addrinfo hints{.ai_flags = AI_NUMERICSERV,
                       .ai_family = AF_UNSPEC,
                       .ai_socktype = SOCK_STREAM,
                       .ai_protocol = 0,
                       .ai_addrlen = 0,
                       .ai_addr = nullptr,
                       .ai_canonname = nullptr,
                       .ai_next = nullptr};
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), text.c_str() + colon + 1, &hints, &found); code != 0) {
    return fail(ErrorCode::kUnavailable, fmt::format("{}: {}: {}", options.name, host, ::gai_strerror(code)));
  }
  const std::unique_ptr<addrinfo, decltype([](addrinfo* list) { ::freeaddrinfo(list); })> list(found);
  Status last = fail(ErrorCode::kUnavailable, fmt::format("{}: {} has no address", options.name, host));
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int fd = ::socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    last = connect_fd(fd, one->ai_addr, one->ai_addrlen, options);
    if (last) return fd;
    if (fd >= 0) ::close(fd);
  }
  return detail::error_of(last.error());
}

}  // namespace

Result<StreamSocket> StreamSocket::connect(const std::string& address, const Options& options) {
  const int fd =
      TRY(address.starts_with('/') ? connect_unix(address, options) : connect_tcp(address, options));
  return StreamSocket(fd, options);
}

StreamSocket::StreamSocket(StreamSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), options_(std::move(other.options_)) {}

StreamSocket& StreamSocket::operator=(StreamSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(options_, other.options_);
  return *this;
}

StreamSocket::~StreamSocket() {
  if (fd_ >= 0) ::close(fd_);
}

Status StreamSocket::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      TRY(wait_for(fd_, POLLOUT, options_));
    } else if (errno != EINTR) {
      return unavailable(options_, "sending failed");
    }
  }
  return ok();
}

Status StreamSocket::receive(std::string& out) {
  if (TRY(receive_or_end(out))) return ok();
  return fail(ErrorCode::kUnavailable, options_.name + ": connection closed");
}

Result<bool> StreamSocket::receive_or_end(std::string& out) {
  std::array<char, kReceiveBytes> buffer;
  for (;;) {
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (got > 0) {
      out.append(buffer.data(), static_cast<std::size_t>(got));
      return true;
    }
    if (got == 0) return false;
    if (errno == EAGAIN) {
      TRY(wait_for(fd_, POLLIN, options_));
    } else if (errno != EINTR) {
      return unavailable(options_, "receiving failed");
    }
  }
}

}  // namespace trimtab
