// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "ingest/scrape/scrape_config.h"

namespace trimtab {

// The targets that file_sd_configs name: JSON or YAML files with a list of {targets, labels}. Externally
// locked. Files are looked for and their time, size and inode compared at every poll(); a changed one is read
// again, and all of them once per refresh_interval. A file that can not be read or parsed keeps the
// targets it had, and is logged and counted; a file that is gone loses them.
class FileDiscovery {
 public:
  explicit FileDiscovery(std::vector<FileSdConfig> configs) : configs_(std::move(configs)) {}

  // True when the groups may have changed. Cost: a glob and a stat per file.
  bool poll(TimestampMs now, Logger& logger);
  // In order of file name, each group with the label __meta_filepath.
  std::vector<TargetGroup> groups() const;
  std::uint64_t failures() const { return failures_; }

  static constexpr std::size_t kFilesMax = 1000;  // per entry; more are ignored, and that is logged

 private:
  struct File {
    std::int64_t modified_ns = -1;
    std::int64_t size = -1;
    std::uint64_t inode = 0;
    TimestampMs read_ms = 0;
    std::vector<TargetGroup> groups = {};
  };
  bool poll_file(const std::string& path, DurationMs refresh_ms, TimestampMs now, Logger& logger);

  std::vector<FileSdConfig> configs_;
  std::map<std::string, File> files_;
  std::uint64_t failures_ = 0;
};

}  // namespace trimtab
