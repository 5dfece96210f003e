// SPDX-License-Identifier: Apache-2.0
#include "act/config/config_editor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>

namespace trimtab::act {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFileBytesMax = 4 << 20;

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
  std::unique_ptr<ConfiguredServer> server;
  std::string path;
  std::string find;
  std::string replace;
  std::string original() const { return hidden(path, ".trimtab-original"); }
  std::string fresh() const { return hidden(path, ".trimtab-new"); }
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

// The text under a new name, with owner and mode of the old one, then in its place.
Status replace_file(const Edit& edit, const std::string& text) {
  struct stat old{};
  if (stat(edit.path.c_str(), &old) != 0) return system_error(errno, edit.path);
  const std::string fresh = edit.fresh();
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

// The parameters, without a look at the target.
Result<Edit> read_parameters(const std::string& type, const Action& action) {
  Edit out;
  for (const auto& [name, value] : action.parameters) {
    if (name == "path") {
      out.path = value;
    } else if (name == "find") {
      out.find = value;
    } else if (name == "replace") {
      out.replace = value;
    } else {
      return invalid(fmt::format("{}: unknown parameter \"{}\"", type, name.substr(0, 64)));
    }
  }
  if (out.path.empty() || out.find.empty() || out.find == out.replace ||
      out.path.find('\0') != std::string::npos) {
    return invalid(fmt::format("{}: expected path, find and another text to replace it by", type));
  }
  return out;
}

// Undo state: the fingerprint of the original.
class ConfigEditor final : public Executor {
 public:
  ConfigEditor(ConfigEditorWords words, ConfigAccess access)
      : words_(std::move(words)), access_(std::move(access)) {}

  Result<ActionWords> describe(const Action& action) const override {
    const Edit edit = TRY(read_parameters(words_.type, action));
    return ActionWords{words_.test + "; reload",
                       fmt::format("the earlier {} takes its place again; reload", edit.path)};
  }

  Status check(const Action& action) override {
    const Edit edit = TRY(read(action));
    const std::string text = TRY(read_file(edit.path));
    TRY(edited(text, edit));
    const std::string folder = fs::path(edit.path).parent_path();
    if (::access(folder.c_str(), W_OK) != 0) return system_error(errno, folder);
    TRY(edit.server->ready());
    return edit.server->test();
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
    TRY(test_or_put_back(edit));
    return given_up_when_late(put_in_force(edit, text));
  }

  // Whoever wrote the file may have died before it was tested and loaded.
  Result<bool> is_applied(const Action& action, const std::string& undo_state) override {
    const Edit edit = TRY(read(action));
    const auto original = read_file(edit.original());
    if (!original || fingerprint(*original) != undo_state) return false;
    const std::string text = TRY(edited(*original, edit));
    if (TRY(read_file(edit.path)) != text) return false;
    if (TRY(is_in_force(edit, text))) return true;
    TRY(test_or_put_back(edit));
    TRY(given_up_when_late(put_in_force(edit, text)));
    return true;
  }

  Status undo(const Action& action, const std::string& undo_state) override {
    const Edit edit = TRY(read(action));
    const auto original = read_file(edit.original());
    if (original && fingerprint(*original) == undo_state) TRY(put_back(edit));
    const std::string text = TRY(read_file(edit.path));
    if (fingerprint(text) != undo_state) {
      return fail(ErrorCode::kConflict, fmt::format("{}: the original is not there any more", edit.path));
    }
    return put_in_force(edit, text);
  }

  Result<bool> is_undone(const Action& action, const std::string& undo_state) override {
    const Edit edit = TRY(read(action));
    const std::string text = TRY(read_file(edit.path));
    if (fingerprint(text) != undo_state) return false;
    // Linked but not replaced yet: the original is in place, its second name goes.
    const auto original = read_file(edit.original());
    if (original && fingerprint(*original) == undo_state) unlink(edit.original().c_str());
    unlink(edit.fresh().c_str());
    if (!TRY(is_in_force(edit, text))) TRY(put_in_force(edit, text));
    return true;
  }

  void cancel() override { cancelled_ = true; }

 private:
  // What a server was seen to run with: only of this process's own doing.
  struct Loaded {
    std::string file;  // fingerprint
    std::string name;  // as the server said
  };

  // rename() of two names of one file does nothing, so the second name goes by hand then.
  static Status put_back(const Edit& edit) {
    if (rename(edit.original().c_str(), edit.path.c_str()) != 0) return system_error(errno, edit.path);
    unlink(edit.original().c_str());
    return ok();
  }

  static Status test_or_put_back(const Edit& edit) {
    const Status good = edit.server->test();
    if (!good) TRY(put_back(edit));
    return good;
  }

  Result<bool> is_in_force(const Edit& edit, const std::string& text) {
    const auto found = loaded_.find(edit.path);
    if (found == loaded_.end() || found->second.file != fingerprint(text)) return false;
    const std::string name = TRY(edit.server->running());
    return !name.empty() && name == found->second.name;
  }

  Status put_in_force(const Edit& edit, const std::string& text) {
    loaded_.erase(edit.path);
    std::string name = TRY(edit.server->load(cancelled_));
    if (loaded_.size() >= kLoadedMax) loaded_.clear();  // costs a reload each
    loaded_[edit.path] = {fingerprint(text), std::move(name)};
    return ok();
  }

  // An undo is tried for as long as it takes; a change that the server does not take up in time is taken
  // back.
  static Status given_up_when_late(Status status) {
    if (status || status.error().code() != ErrorCode::kTimeout) return status;
    return fail(ErrorCode::kIo, status.error().message());
  }

  Result<Edit> read(const Action& action) {
    Edit out = TRY(read_parameters(words_.type, action));
    ConfigPlace place = TRY(access_(action.target));
    out.server = std::move(place.server);
    std::error_code problem;
    const fs::path folder = fs::canonical(fs::path(place.config).parent_path(), problem);
    const fs::path file = fs::canonical(out.path, problem);
    if (problem)
      return fail(ErrorCode::kNotFound, fmt::format("{}: {}: no such file", words_.type, out.path));
    const std::string inside = folder.string() + "/";
    if (!file.string().starts_with(inside)) {
      return fail(ErrorCode::kDenied, fmt::format("{}: {} is not below {}", words_.type, out.path, inside));
    }
    out.path = file.string();
    return out;
  }

  static constexpr std::size_t kLoadedMax = 1024;  // files

  const ConfigEditorWords words_;
  const ConfigAccess access_;
  std::map<std::string, Loaded> loaded_;  // by path
  std::atomic<bool> cancelled_ = false;
};

}  // namespace

std::unique_ptr<Executor> create_config_editor(ConfigEditorWords words, ConfigAccess access) {
  return std::make_unique<ConfigEditor>(std::move(words), std::move(access));
}

}  // namespace trimtab::act
