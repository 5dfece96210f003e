// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace trimtab {

namespace {

constexpr const char* kPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
constexpr int kPollMs = 50;
constexpr int kDescriptor = 3;     // of ProcessOptions::descriptor, in the program
constexpr int kPollDrainedMs = 2;  // a program that has closed its output usually ends at once

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(other.release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.release();
    }
    return *this;
  }
  ~Descriptor() { reset(); }
  int get() const { return fd_; }
  void reset() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }

 private:
  int release() {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }
  int fd_;
};

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(ErrorCode::kIo, fmt::format("pipe: {}", strerror(errno)));
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// posix_spawn's parts, freed with it.
struct SpawnParts {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  SpawnParts() {
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
  }
  SpawnParts(const SpawnParts&) = delete;
  SpawnParts& operator=(const SpawnParts&) = delete;
  ~SpawnParts() {
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
  }
};

Result<pid_t> spawn(const ProcessOptions& options, const Pipe& input, const Pipe& output,
                    const Pipe& errors) {
  SpawnParts parts;
  posix_spawn_file_actions_adddup2(&parts.files, input.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&parts.files, output.write.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&parts.files, (options.errors_apart ? errors : output).write.get(),
                                   STDERR_FILENO);
  // Listening sockets of libraries may lack close-on-exec: a program that outlives us would keep our port.
  int last = STDERR_FILENO;
  if (options.descriptor >= 0) {
    last = kDescriptor;
    posix_spawn_file_actions_adddup2(&parts.files, options.descriptor, last);
  }
  posix_spawn_file_actions_addclosefrom_np(&parts.files, last + 1);
  posix_spawn_file_actions_addchdir_np(&parts.files, "/");
  posix_spawnattr_setflags(&parts.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawnattr_setpgroup(&parts.attributes, 0);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&parts.attributes, &none);
  sigset_t usual;
  sigemptyset(&usual);
  sigaddset(&usual, SIGPIPE);
  posix_spawnattr_setsigdefault(&parts.attributes, &usual);
  const std::vector<std::string> environment =
      options.environment.empty() ? std::vector<std::string>{kPath, "LANG=C"} : options.environment;
  pid_t child = 0;
  const int problem = posix_spawnp(&child, options.command[0].c_str(), &parts.files, &parts.attributes,
                                   pointers(options.command).data(), pointers(environment).data());
  if (problem == 0) return child;
  const ErrorCode code = problem == ENOENT   ? ErrorCode::kNotFound
                         : problem == EACCES ? ErrorCode::kDenied
                                             : ErrorCode::kIo;
  return fail(code, fmt::format("{}: {}", options.command[0], strerror(problem)));
}

bool has_ended(pid_t child) {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == child;
}

// Feeds and drains the child until its output ends and then it, or time is up.
class Conversation {
 public:
  Conversation(const ProcessOptions& options, pid_t child, Descriptor input, Descriptor output,
               Descriptor errors)
      : options_(options),
        child_(child),
        input_(std::move(input)),
        output_(std::move(output)),
        errors_(std::move(errors)) {
    fcntl(input_.get(), F_SETFL, O_NONBLOCK);
    if (options.input.empty()) input_.reset();
    if (!options.errors_apart) errors_.reset();
  }

  Status run(ProcessResult& result) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(options_.timeout_ms);
    while (true) {
      if (options_.cancelled != nullptr && *options_.cancelled)
        return fail(ErrorCode::kCancelled, fmt::format("{}: cancelled", options_.command[0]));
      if (std::chrono::steady_clock::now() >= end) {
        return fail(ErrorCode::kTimeout,
                    fmt::format("{}: not ended within {} ms", options_.command[0], options_.timeout_ms));
      }
      const bool drained = output_.get() < 0 && errors_.get() < 0;
      if (drained && has_ended(child_)) return ok();
      // poll() passes over negative descriptors.
      std::array<pollfd, 3> waiting{pollfd{output_.get(), POLLIN, 0}, pollfd{errors_.get(), POLLIN, 0},
                                    pollfd{drained ? -1 : input_.get(), POLLOUT, 0}};
      if (poll(waiting.data(), waiting.size(), drained ? kPollDrainedMs : kPollMs) <= 0) continue;
      if (waiting[0].revents != 0) read(output_, result.output, result);
      if (waiting[1].revents != 0) read(errors_, result.errors, result);
      if (waiting[2].revents != 0) write();
    }
  }

 private:
  void read(Descriptor& from, std::string& into, ProcessResult& result) const {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::read(from.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) return;
    if (got <= 0) return from.reset();
    const std::size_t taken = result.output.size() + result.errors.size();
    const std::size_t room = options_.output_bytes_max - std::min(taken, options_.output_bytes_max);
    into.append(buffer.data(), std::min(room, static_cast<std::size_t>(got)));
    result.output_cut = result.output_cut || room < static_cast<std::size_t>(got);
  }

  void write() {
    const ssize_t put =
        ::write(input_.get(), options_.input.data() + written_, options_.input.size() - written_);
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (put > 0) written_ += static_cast<std::size_t>(put);
    if (put < 0 || written_ == options_.input.size())
      input_.reset();  // a child that reads no more is no error
  }

  const ProcessOptions& options_;
  pid_t child_;
  Descriptor input_;
  Descriptor output_;
  Descriptor errors_;
  std::size_t written_ = 0;
};

}  // namespace

Result<ProcessResult> run_process(const ProcessOptions& options) {
  if (options.command.empty() || options.command[0].empty()) return invalid("process: no program");
  for (const std::string& word : options.command) {
    if (word.find('\0') != std::string::npos) return invalid("process: a NUL byte in an argument");
  }
  Pipe input = TRY(make_pipe());
  Pipe output = TRY(make_pipe());
  Pipe errors = TRY(make_pipe());
  const pid_t child = TRY(spawn(options, input, output, errors));
  input.read.reset();
  output.write.reset();
  errors.write.reset();
  ProcessResult result;
  Conversation conversation(options, child, std::move(input.write), std::move(output.read),
                            std::move(errors.read));
  // Writing to a child that has ended must be an error code, not the end of us.
  sigset_t broken_pipe;
  sigset_t before;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, &before);
  const Status talked = conversation.run(result);
  const timespec now{};
  while (sigtimedwait(&broken_pipe, nullptr, &now) > 0) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (!talked) kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!talked) return std::unexpected(talked.error());
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace trimtab
