// SPDX-License-Identifier: Apache-2.0
#include "act/haproxy/haproxy_master.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

namespace trimtab::act {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAway = "HAProxy is not running";
constexpr int kEmptyPolls = 400;  // of what is empty for a moment, as at each load

void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(kHaproxyPollMs)); }

std::optional<std::string> text_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(in), {}};
}

template <typename Number>
Number number(std::string_view text, int base = 10) {
  Number out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out, base);
  return out;
}

struct ProcessSeen {
  ProcessId id;
  pid_t parent = 0;
  std::string name;
};
// proc_pid_stat(5): the name stands in parentheses and may hold any; then state, parent, ..., start (22nd).
std::optional<ProcessSeen> see(pid_t pid) {
  const auto text = text_of(fmt::format("/proc/{}/stat", pid));
  if (!text) return std::nullopt;
  const std::size_t open = text->find('('), close = text->rfind(')');
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  std::istringstream rest(text->substr(close + 1));
  std::string word, state, parent;
  rest >> state >> parent;
  for (int field = 5; field <= 22; ++field) rest >> word;
  if (!rest || state == "Z" || state == "X") return std::nullopt;
  return ProcessSeen{
      {pid, number<std::uint64_t>(word)}, number<pid_t>(parent), text->substr(open + 1, close - open - 1)};
}

Result<pid_t> read_pid(const std::string& path) {
  pid_t pid = 0;
  for (int i = 0; i < kEmptyPolls; ++i) {
    const auto text = text_of(path);
    if (!text && errno == EACCES)
      return fail(ErrorCode::kDenied, fmt::format("{}: {}", path, std::strerror(EACCES)));
    if (text && (pid = number<pid_t>(*text)) > 1 && see(pid)) return pid;
    if (pid > 1) break;
    pause();
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("{}: {} {}", kAway, path, pid > 1 ? "names no process" : "has no process number"));
}

// Empty at moments at which the process executes itself anew: before each load, and after it to wait for its
// workers.
std::string command_of(pid_t pid) {
  std::string out;
  for (int i = 0; i < kEmptyPolls; ++i) {
    out = text_of(fmt::format("/proc/{}/cmdline", pid)).value_or("");
    if (!out.empty() || !see(pid)) break;
    pause();
  }
  return out;
}

// Of proc_pid_status(5): is this signal in the set?
bool has_signal(std::string_view status, std::string_view set, int signal) {
  const std::size_t at = status.find(set);
  if (at == std::string_view::npos) return false;
  return (number<std::uint64_t>(status.substr(at + set.size(), 16), 16) >> (signal - 1) & 1) != 0;
}

// Behind each -f, and all behind "--" (management guide, "3. Starting HAProxy").
std::vector<std::string> configurations_in(std::string_view command) {
  std::vector<std::string> words, out;
  for (std::size_t at = 0; at < command.size();) {
    const std::size_t end = std::min(command.find('\0', at), command.size());
    words.emplace_back(command.substr(at, end - at));
    at = end + 1;
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    if (words[i] == "--") {
      out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(i) + 1, words.end());
      break;
    }
    if (words[i] == "-f" && i + 1 < words.size()) out.push_back(words[++i]);
  }
  return out;
}

std::string name_of(const ProcessId& master, const ProcessId& worker) {
  return fmt::format("{}:{}/{}:{}", master.pid, master.start, worker.pid, worker.start);
}

}  // namespace

Result<HaproxyMaster> HaproxyMaster::find(const std::string& pid_file, const std::string& program) {
  const pid_t pid = TRY(read_pid(pid_file));
  const auto seen = see(pid);
  constexpr std::size_t kNameMax = 15;  // what the kernel keeps of it
  if (!seen || seen->name != program.substr(0, kNameMax)) {
    return fail(ErrorCode::kUnavailable, fmt::format("{}: process {} of {} is \"{}\"; expected \"{}\"", kAway,
                                                     pid, pid_file, seen ? seen->name : "", program));
  }
  HaproxyMaster out;
  out.id_ = seen->id;
  out.program_ = seen->name;
  // None is seen for a moment when one takes another's place: /proc is no snapshot.
  std::vector<ProcessId> workers = TRY(out.workers());
  for (int i = 0; workers.empty() && i < kEmptyPolls; ++i) {
    pause();
    workers = TRY(out.workers());
  }
  if (workers.empty()) {
    return invalid(
        fmt::format("process {} of {} has no workers: HAProxy runs without a master process and can not be "
                    "reloaded safely; "
                    "repair: start it with -W (or -Ws under systemd)",
                    pid, pid_file));
  }
  const std::string command = command_of(pid);
  if (command.empty()) {
    return fail(ErrorCode::kUnavailable, fmt::format("{}: process {} shows no command line", kAway, pid));
  }
  out.configurations_ = configurations_in(command);
  if (out.configurations_.empty() ||
      !std::ranges::all_of(out.configurations_, [](const auto& one) { return one.starts_with('/'); })) {
    return invalid(
        "HAProxy was started without -f, or with a relative name behind it; repair: -f /absolute/path");
  }
  return out;
}

Result<std::vector<ProcessId>> HaproxyMaster::workers() const {
  std::vector<ProcessId> out;
  std::error_code problem;
  for (fs::directory_iterator at("/proc", problem), end; !problem && at != end; at.increment(problem)) {
    const pid_t pid = number<pid_t>(at->path().filename().string());
    if (pid <= 1) continue;
    const auto seen = see(pid);
    if (seen && seen->parent == id_.pid && seen->name == program_) out.push_back(seen->id);
  }
  if (problem) return fail(ErrorCode::kDenied, "/proc: " + problem.message());
  const auto master = see(id_.pid);
  if (!master || master->id != id_) return fail(ErrorCode::kUnavailable, std::string(kAway));
  return out;
}

Result<HaproxyMaster::Ear> HaproxyMaster::ear() const {
  const auto status = text_of(fmt::format("/proc/{}/status", id_.pid));
  const auto master = see(id_.pid);
  if (!status || !master || master->id != id_) return fail(ErrorCode::kUnavailable, std::string(kAway));
  if (!has_signal(*status, "\nSigCgt:\t", SIGUSR2)) return Ear::kLoading;
  const bool busy =
      has_signal(*status, "\nSigBlk:\t", SIGUSR2) || has_signal(*status, "\nShdPnd:\t", SIGUSR2);
  return busy ? Ear::kBusy : Ear::kOpen;
}

Status HaproxyMaster::ask() const {
  if (kill(id_.pid, SIGUSR2) == 0) return ok();
  if (errno == ESRCH) return fail(ErrorCode::kUnavailable, std::string(kAway));
  return fail(errno == EPERM ? ErrorCode::kDenied : ErrorCode::kIo,
              fmt::format("reloading HAProxy, process {}: {}", id_.pid, std::strerror(errno)));
}

Result<std::string> HaproxyMaster::running() const {
  const std::vector<ProcessId> all = TRY(workers());
  const auto newest =
      std::ranges::max_element(all, {}, [](const ProcessId& one) { return std::pair(one.start, one.pid); });
  return newest == all.end() ? "" : name_of(id_, *newest);
}

Status HaproxyMaster::wait_until_it_listens(const std::atomic<bool>& cancelled) const {
  for (int i = 0; i < kHaproxyPollsMax; ++i) {
    if (TRY(ear()) == Ear::kOpen) return ok();
    if (cancelled) return fail(ErrorCode::kCancelled, "waiting for HAProxy to load was cancelled");
    pause();
  }
  return fail(ErrorCode::kTimeout,
              fmt::format("HAProxy, process {}, is still loading an earlier configuration "
                          "after {} s",
                          id_.pid, kHaproxyPollsMax * kHaproxyPollMs / kSecondMs));
}

Result<std::string> HaproxyMaster::load(const std::atomic<bool>& cancelled) const {
  // In this order: what is new later was started by a load that began later.
  TRY(wait_until_it_listens(cancelled));
  const std::vector<ProcessId> before = TRY(workers());
  int asks = 0, quiet = kHaproxyQuietPolls;
  bool has_loaded = false;
  for (int i = 0; i < kHaproxyPollsMax; ++i) {
    const Ear now = TRY(ear());  // before the workers: then a load that has ended has left its worker
    if (now == Ear::kLoading) has_loaded = true;
    if (now == Ear::kOpen) {
      for (const ProcessId& one : TRY(workers())) {
        if (std::ranges::find(before, one) == before.end()) return running();
      }
      if (has_loaded || (++quiet > kHaproxyQuietPolls && asks == kHaproxyAsksMax)) {
        return invalid(fmt::format(
            "HAProxy, process {}, started no new worker when asked to reload, and goes on with the earlier "
            "configuration; its log says why",
            id_.pid));
      }
      if (quiet > kHaproxyQuietPolls) {
        TRY(ask());
        ++asks;
        quiet = 0;
      }
    }
    if (cancelled) return fail(ErrorCode::kCancelled, "waiting for HAProxy to load was cancelled");
    pause();
  }
  return fail(ErrorCode::kTimeout,
              fmt::format("HAProxy, process {}, has not loaded its configuration after {} s", id_.pid,
                          kHaproxyPollsMax * kHaproxyPollMs / kSecondMs));
}

}  // namespace trimtab::act
