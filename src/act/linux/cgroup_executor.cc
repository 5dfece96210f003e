// SPDX-License-Identifier: Apache-2.0
#include "act/linux/cgroup_executor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <vector>

namespace trimtab::act {

namespace {

constexpr std::size_t kGroupBytesMax = 1024;
constexpr std::size_t kValueBytesMax = 64;

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

std::unexpected<Error> system_error(int number, const std::string& what) {
  const ErrorCode code = number == ENOENT || number == ENODEV                     ? ErrorCode::kNotFound
                         : number == EACCES || number == EPERM || number == EROFS ? ErrorCode::kDenied
                         : number == EINVAL || number == ERANGE                   ? ErrorCode::kInvalid
                         : number == EBUSY || number == EAGAIN || number == EINTR ? ErrorCode::kUnavailable
                                                                                  : ErrorCode::kIo;
  return fail(code, fmt::format("{}: {}", what, std::strerror(number)));
}

struct Property {
  std::string name;
  std::string group;
  std::string value;
};

// Memory in whole pages, as the kernel keeps it.
std::string in_pages(std::string_view property, const std::string& value) {
  std::uint64_t bytes = 0;
  const auto [end, problem] = std::from_chars(value.data(), value.data() + value.size(), bytes);
  const bool number = problem == std::errc() && end == value.data() + value.size();
  if (!property.starts_with("memory.") || !number) return value;
  const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return std::to_string(bytes / page * page);
}

std::vector<std::string> words_of(const std::string& group) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= group.size();) {
    const std::size_t end = std::min(group.find('/', at), group.size());
    out.push_back(group.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

Result<Property> read_parameters(const Action& action) {
  Property out;
  for (const auto& [name, value] : action.parameters) {
    if (name == "group") {
      out.group = value;
    } else if (name == "property") {
      out.name = value;
    } else if (name == "value") {
      out.value = value;
    } else {
      return invalid(fmt::format("linux.cgroup: unknown parameter \"{}\"", name.substr(0, 64)));
    }
  }
  if (std::ranges::find(kCgroupProperties, out.name) == kCgroupProperties.end()) {
    return invalid(
        fmt::format("linux.cgroup: property: expected one of {}", fmt::join(kCgroupProperties, ", ")));
  }
  const std::vector<std::string> words = words_of(out.group);
  const bool good = out.group.size() <= kGroupBytesMax && out.group.find('\0') == std::string::npos &&
                    std::ranges::none_of(words, [](const std::string& word) {
                      return word.empty() || word == "." || word == "..";
                    });
  if (!good)
    return invalid("linux.cgroup: group: expected a path below the root, as in system.slice/db.service");
  const bool plain =
      !out.value.empty() && out.value.size() <= kValueBytesMax && std::ranges::all_of(out.value, [](char c) {
        return (c >= '0' && c <= '9') || c == ' ' || c == 'm' || c == 'a' || c == 'x';
      });
  if (!plain) return invalid("linux.cgroup: value: expected \"max\" or whole numbers");
  out.value = in_pages(out.name, out.value);
  return out;
}

class CgroupWriter final : public Executor {
 public:
  explicit CgroupWriter(CgroupAccess access) : access_(std::move(access)) {}

  Status check(const Action& action) override {
    const Property wanted = TRY(read_parameters(action));
    const File file(TRY(open_at(action, wanted, wanted.name, O_WRONLY)));
    if (wanted.name != "memory.max" || wanted.value == "max") return ok();
    // Less than is used now would have the kernel kill what runs there.
    const std::string used = TRY(read_value(action, wanted, "memory.current"));
    const auto number = [](const std::string& text) {
      std::uint64_t out = 0;
      std::from_chars(text.data(), text.data() + text.size(), out);
      return out;
    };
    if (number(wanted.value) >= number(used)) return ok();
    return fail(ErrorCode::kConflict, fmt::format("memory.max of {} bytes is below what {} uses now: {}",
                                                  wanted.value, wanted.group, used));
  }

  Result<std::string> capture(const Action& action) override {
    const Property wanted = TRY(read_parameters(action));
    return read_value(action, wanted, wanted.name);
  }
  Status apply(const Action& action, const std::string&) override {
    const Property wanted = TRY(read_parameters(action));
    return write_value(action, wanted, wanted.value);
  }
  Result<bool> is_applied(const Action& action, const std::string&) override {
    const Property wanted = TRY(read_parameters(action));
    return TRY(read_value(action, wanted, wanted.name)) == wanted.value;
  }
  Status undo(const Action& action, const std::string& undo_state) override {
    const Property wanted = TRY(read_parameters(action));
    return write_value(action, wanted, undo_state);
  }
  // A group that is gone took its property along.
  Result<bool> is_undone(const Action& action, const std::string& undo_state) override {
    const Property wanted = TRY(read_parameters(action));
    const auto now = read_value(action, wanted, wanted.name);
    if (!now && now.error().code() == ErrorCode::kNotFound) return true;
    if (!now) return std::unexpected(now.error());
    return *now == undo_state;
  }

 private:
  // Step by step from the root, never through a link.
  Result<int> open_at(const Action& action, const Property& wanted, const std::string& file, int flags) {
    const std::string root = TRY(access_(action.target));
    int at = open(root.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (at < 0) return system_error(errno, action.target);
    for (const std::string& word : words_of(wanted.group)) {
      const File folder(at);
      at = openat(folder.get(), word.c_str(), O_DIRECTORY | O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
      if (at < 0) return system_error(errno, fmt::format("control group {}", wanted.group));
    }
    const File folder(at);
    const int opened = openat(folder.get(), file.c_str(), flags | O_NOFOLLOW | O_CLOEXEC);
    if (opened < 0) return system_error(errno, fmt::format("{} of {}", file, wanted.group));
    return opened;
  }
  Result<std::string> read_value(const Action& action, const Property& wanted, const std::string& name) {
    const File file(TRY(open_at(action, wanted, name, O_RDONLY)));
    char bytes[256];
    const ssize_t size = read(file.get(), bytes, sizeof bytes);
    if (size < 0) return system_error(errno, fmt::format("reading {} of {}", name, wanted.group));
    std::string out(bytes, static_cast<std::size_t>(size));
    while (!out.empty() && out.back() == '\n') out.pop_back();
    return out;
  }
  Status write_value(const Action& action, const Property& wanted, const std::string& value) {
    const File file(TRY(open_at(action, wanted, wanted.name, O_WRONLY | O_TRUNC)));
    const std::string line = value + "\n";
    const ssize_t size = write(file.get(), line.data(), line.size());
    if (size == static_cast<ssize_t>(line.size())) return ok();
    return system_error(size < 0 ? errno : EIO, fmt::format("writing {} of {}", wanted.name, wanted.group));
  }

  CgroupAccess access_;
};

// Some property of this group can be written. Only delegated subtrees are to others than root.
bool is_writable(const std::filesystem::path& group) {
  return std::ranges::any_of(kCgroupProperties, [&](std::string_view property) {
    return access((group / property).c_str(), W_OK) == 0;
  });
}

}  // namespace

std::string cgroup_obstacle(const std::string& root) {
  namespace fs = std::filesystem;
  if (access((root + "/cgroup.controllers").c_str(), R_OK) != 0) {
    return fmt::format("{} holds no control groups of version 2", root);
  }
  std::error_code problem;
  for (fs::recursive_directory_iterator at(root, fs::directory_options::skip_permission_denied, problem), end;
       !problem && at != end; at.increment(problem)) {
    std::error_code unread;
    if (at->is_symlink(unread) || !at->is_directory(unread)) continue;
    if (is_writable(at->path())) return "";
    if (at.depth() >= 1) at.disable_recursion_pending();
  }
  return fmt::format(
      "no control group below {} can be written: run as root, or delegate a subtree (systemd: Delegate=yes)",
      root);
}

std::unique_ptr<Executor> create_cgroup_writer(CgroupAccess access) {
  return std::make_unique<CgroupWriter>(std::move(access));
}

}  // namespace trimtab::act
