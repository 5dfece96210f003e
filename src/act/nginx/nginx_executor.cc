// SPDX-License-Identifier: Apache-2.0
#include "act/nginx/nginx_executor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/process.h"

namespace trimtab::act {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = 4 << 20;
constexpr DurationMs kTestTimeoutMs = 30 * kSecondMs;

std::unexpected<Error> system_error(int number, const std::string& what) {
  const ErrorCode code = number == ENOENT                      ? ErrorCode::kNotFound
                         : number == EACCES || number == EPERM ? ErrorCode::kDenied
                                                               : ErrorCode::kIo;
  return fail(code, fmt::format("{}: {}", what, std::strerror(number)));
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return system_error(errno, path);
  std::string out{std::istreambuf_iterator<char>(in), {}};
  if (out.size() > kFileBytesMax) return fail(ErrorCode::kLimit, fmt::format("{}: too large", path));
  return out;
}

// FNV-1a of 64 bits with the length: tells the original from any other file, not from a forged one.
std::string fingerprint(const std::string& text) {
  std::uint64_t hash = 14695981039346656037U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211U;
  return fmt::format("{}:{:016x}", text.size(), hash);
}

// Beside the file, with a leading dot: "include conf.d/*" does not take it.
std::string hidden(const std::string& path, const std::string& ending) {
  const fs::path file(path);
  return (file.parent_path() / ("." + file.filename().string() + ending)).string();
}

struct Edit {
  NginxPlace place;
  std::string path;
  std::string find;
  std::string replace;
  std::string original() const { return hidden(path, ".trimtab-original"); }
};

Result<std::string> edited(const std::string& text, const Edit& edit) {
  const std::size_t at = text.find(edit.find);
  if (at == std::string::npos || text.find(edit.find, at + 1) != std::string::npos) {
    return fail(ErrorCode::kConflict,
                fmt::format("{}: the text to replace does not stand there exactly once", edit.path));
  }
  std::string out = text;
  return out.replace(at, edit.find.size(), edit.replace);
}

// Runs `nginx -t -c config` without a shell; its last words on failure.
Status test_configuration(const NginxPlace& place) {
  const ProcessResult tested = TRY(
      run_process({.command = {place.binary, "-t", "-q", "-c", place.config}, .timeout_ms = kTestTimeoutMs}));
  if (tested.exit_code == 0) return ok();
  return invalid(fmt::format("nginx -t refuses it: {}", tested.output.substr(0, 500)));
}

Status reload(const NginxPlace& place) {
  const auto text = read_file(place.pid_file);
  if (!text) return fail(ErrorCode::kUnavailable, "nginx is not running: " + text.error().message());
  pid_t master = 0;
  std::from_chars(text->data(), text->data() + text->size(), master);
  if (master <= 1) return fail(ErrorCode::kUnavailable, fmt::format("{}: no process number", place.pid_file));
  if (kill(master, SIGHUP) == 0) return ok();
  if (errno == ESRCH) return fail(ErrorCode::kUnavailable, "nginx is not running");
  return system_error(errno, "reloading nginx");
}

// The text under a new name, with owner and mode of the old one, then in its place.
Status replace_file(const Edit& edit, const std::string& text) {
  struct stat old{};
  if (stat(edit.path.c_str(), &old) != 0) return system_error(errno, edit.path);
  const std::string fresh = hidden(edit.path, ".trimtab-new");
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0) return system_error(errno, fresh);
  const bool written = write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       fchown(file, old.st_uid, old.st_gid) == 0 && fchmod(file, old.st_mode & 07777) == 0 &&
                       fsync(file) == 0;
  const int problem = errno;
  close(file);
  if (!written) {
    unlink(fresh.c_str());
    return system_error(problem, fresh);
  }
  if (rename(fresh.c_str(), edit.path.c_str()) != 0) return system_error(errno, edit.path);
  return ok();
}

// Undo state: the fingerprint of the original.
class NginxEditor final : public Executor {
 public:
  explicit NginxEditor(NginxAccess access) : access_(std::move(access)) {}

  Status check(const Action& action) override {
    const Edit edit = TRY(read(action));
    const std::string text = TRY(read_file(edit.path));
    TRY(edited(text, edit));
    const std::string folder = fs::path(edit.path).parent_path();
    if (::access(folder.c_str(), W_OK) != 0) return system_error(errno, folder);
    TRY(test_configuration(edit.place));
    return ok();
  }

  Result<std::string> capture(const Action& action) override {
    const Edit edit = TRY(read(action));
    return fingerprint(TRY(read_file(edit.path)));
  }

  Status apply(const Action& action, const std::string& undo_state) override {
    const Edit edit = TRY(read(action));
    const std::string now = TRY(read_file(edit.path));
    if (fingerprint(now) != undo_state) {
      return fail(ErrorCode::kConflict, fmt::format("{} was changed meanwhile", edit.path));
    }
    const std::string text = TRY(edited(now, edit));
    // An original of an earlier, ended edit gives way.
    if (unlink(edit.original().c_str()) != 0 && errno != ENOENT) return system_error(errno, edit.original());
    if (link(edit.path.c_str(), edit.original().c_str()) != 0) return system_error(errno, edit.original());
    TRY(replace_file(edit, text));
    const Status good = test_configuration(edit.place);
    if (!good) {
      TRY(put_back(edit));
      return good;
    }
    return reload(edit.place);
  }

  // Also reloads: whoever wrote the file may have died before it could.
  Result<bool> is_applied(const Action& action, const std::string& undo_state) override {
    const Edit edit = TRY(read(action));
    const auto original = read_file(edit.original());
    if (!original || fingerprint(*original) != undo_state) return false;
    if (TRY(read_file(edit.path)) != TRY(edited(*original, edit))) return false;
    TRY(reload(edit.place));
    return true;
  }

  Status undo(const Action& action, const std::string& undo_state) override {
    const Edit edit = TRY(read(action));
    const auto original = read_file(edit.original());
    if (original && fingerprint(*original) == undo_state) TRY(put_back(edit));
    if (fingerprint(TRY(read_file(edit.path))) != undo_state) {
      return fail(ErrorCode::kConflict, fmt::format("{}: the original is not there any more", edit.path));
    }
    return reload(edit.place);
  }

  Result<bool> is_undone(const Action& action, const std::string& undo_state) override {
    const Edit edit = TRY(read(action));
    if (fingerprint(TRY(read_file(edit.path))) != undo_state) return false;
    // Linked but not replaced yet: the original is in place, its second name goes.
    const auto original = read_file(edit.original());
    if (original && fingerprint(*original) == undo_state) unlink(edit.original().c_str());
    TRY(reload(edit.place));
    return true;
  }

 private:
  // rename() of two names of one file does nothing, so the second name goes by hand then.
  static Status put_back(const Edit& edit) {
    if (rename(edit.original().c_str(), edit.path.c_str()) != 0) return system_error(errno, edit.path);
    unlink(edit.original().c_str());
    return ok();
  }

  Result<Edit> read(const Action& action) {
    Edit out;
    for (const auto& [name, value] : action.parameters) {
      if (name == "path") {
        out.path = value;
      } else if (name == "find") {
        out.find = value;
      } else if (name == "replace") {
        out.replace = value;
      } else {
        return invalid(fmt::format("nginx.edit: unknown parameter \"{}\"", name.substr(0, 64)));
      }
    }
    if (out.find.empty() || out.find == out.replace || out.path.find('\0') != std::string::npos) {
      return invalid("nginx.edit: expected path, find and another text to replace it by");
    }
    out.place = TRY(access_(action.target));
    std::error_code problem;
    const fs::path folder = fs::canonical(fs::path(out.place.config).parent_path(), problem);
    const fs::path file = fs::canonical(out.path, problem);
    if (problem) return fail(ErrorCode::kNotFound, fmt::format("nginx.edit: {}: no such file", out.path));
    const std::string inside = folder.string() + "/";
    if (!file.string().starts_with(inside)) {
      return fail(ErrorCode::kDenied, fmt::format("nginx.edit: {} is not below {}", out.path, inside));
    }
    out.path = file.string();
    return out;
  }

  NginxAccess access_;
};

}  // namespace

std::unique_ptr<Executor> create_nginx_editor(NginxAccess access) {
  return std::make_unique<NginxEditor>(std::move(access));
}

}  // namespace trimtab::act
