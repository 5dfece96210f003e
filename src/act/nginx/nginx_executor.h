// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "act/executor.h"

namespace trimtab::act {

// What is known of one nginx.
struct NginxPlace {
  std::string config;    // main configuration file; only files in its folder and below are edited
  std::string binary;    // absolute: "/usr/sbin/nginx"
  std::string pid_file;  // of the master
};
// Errors: kNotFound (no such target), kDenied (changes are not allowed on it).
using NginxAccess = std::function<Result<NginxPlace>(const std::string& target)>;

// "nginx.edit": replaces one text in one configuration file. Parameters: path, find (stands there exactly
// once), replace. The original stays beside it as .<name>.trimtab-original, a hard link, until the undo or
// until the next edit of that file; the new text takes its place by rename(); the whole configuration is
// tested (nginx -t) and put back at once when it fails; then the master reloads (SIGHUP). Undo renames the
// original back: the same file, bytes, owner and mode.
std::unique_ptr<Executor> create_nginx_editor(NginxAccess access);

}  // namespace trimtab::act
