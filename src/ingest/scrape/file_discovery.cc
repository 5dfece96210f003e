// SPDX-License-Identifier: Apache-2.0
#include "ingest/scrape/file_discovery.h"

#include <glob.h>
#include <sys/stat.h>

#include <set>

namespace trimtab {
namespace {

std::vector<std::string> expand_pattern(const std::string& pattern) {
  std::vector<std::string> paths;
  glob_t found{};
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
  }
  ::globfree(&found);
  return paths;
}

Result<std::vector<TargetGroup>> read_groups(const std::string& path) {
  const Yaml yaml = TRY(Yaml::parse_file(path));
  std::vector<TargetGroup> groups;
  if (yaml.is_map() && yaml.map().empty()) return groups;  // an empty file
  if (!yaml.is_list()) return yaml.error("must be a list of {targets, labels}");
  for (const Yaml& entry : yaml.list()) {
    groups.push_back(TRY(TargetGroup::from_yaml(entry)));
    set_label(groups.back().labels, "__meta_filepath", path);
  }
  return groups;
}

}  // namespace

bool FileDiscovery::poll(TimestampMs now, Logger& logger) {
  bool changed = false;
  std::set<std::string> present;
  for (const FileSdConfig& config : configs_) {
    std::size_t count = 0;
    for (const std::string& pattern : config.files) {
      for (const std::string& path : expand_pattern(pattern)) {
        if (++count > kFilesMax) {
          logger.warn("file_sd: too many files; the rest is ignored",
                      {{"pattern", pattern}, {"files_max", kFilesMax}});
          break;
        }
        present.insert(path);
        changed = poll_file(path, config.refresh_interval_ms, now, logger) || changed;
      }
    }
  }
  const std::size_t gone =
      std::erase_if(files_, [&](const auto& file) { return !present.contains(file.first); });
  return changed || gone > 0;
}

bool FileDiscovery::poll_file(const std::string& path, DurationMs refresh_ms, TimestampMs now,
                              Logger& logger) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return false;
  File& file = files_[path];
  const std::int64_t modified_ns = status.st_mtim.tv_sec * 1'000'000'000LL + status.st_mtim.tv_nsec;
  const bool same =
      file.modified_ns == modified_ns && file.size == status.st_size && file.inode == status.st_ino;
  if (same && now - file.read_ms < refresh_ms) return false;
  file.modified_ns = modified_ns;
  file.size = status.st_size;
  file.inode = status.st_ino;
  file.read_ms = now;
  auto groups = read_groups(path);
  if (!groups) {
    ++failures_;
    logger.warn("file_sd: file not read; its last targets stay",
                {{"file", path}, {"error", groups.error().message()}});
    return false;
  }
  file.groups = std::move(*groups);
  return true;
}

std::vector<TargetGroup> FileDiscovery::groups() const {
  std::vector<TargetGroup> out;
  for (const auto& [path, file] : files_) out.insert(out.end(), file.groups.begin(), file.groups.end());
  return out;
}

}  // namespace trimtab
