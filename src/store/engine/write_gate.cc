// SPDX-License-Identifier: Apache-2.0
#include "store/engine/write_gate.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

namespace trimtab::embedded {

Status WriteGate::check() const {
  if (is_open()) [[likely]]
    return ok();
  return fail(ErrorCode::kUnavailable, refusal());
}

std::string WriteGate::refusal() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kOpen ? std::string() : reason_;
}

bool WriteGate::is_failed() const {
  const std::lock_guard lock(mutex_);
  return state_ == State::kFailed;
}

void WriteGate::set(State state, std::string reason) {
  const std::lock_guard lock(mutex_);
  if (state_ == State::kClosed) return;
  if (state_ == State::kFailed && state == State::kFull) return;  // resuming comes first
  state_ = state;
  reason_ = std::move(reason);
  open_.store(state == State::kOpen, std::memory_order_release);
}

void WriteGate::refuse_full(std::string reason) { set(State::kFull, std::move(reason)); }
void WriteGate::refuse_failed(std::string reason) { set(State::kFailed, std::move(reason)); }
void WriteGate::close(std::string reason) { set(State::kClosed, std::move(reason)); }
void WriteGate::reopen() { set(State::kOpen, {}); }

Result<std::uint64_t> system_free_bytes(const std::string& directory) {
  struct statvfs info{};
  if (::statvfs(directory.c_str(), &info) != 0) {
    return fail(ErrorCode::kIo, fmt::format("free space of {}: {}", directory, std::strerror(errno)));
  }
  return std::uint64_t{info.f_bavail} * info.f_frsize;
}

}  // namespace trimtab::embedded
