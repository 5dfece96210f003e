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

// "nginx.edit": a config editor (act/config/config_editor.h) with nginx -t; the master reloads by SIGHUP.
std::unique_ptr<Executor> create_nginx_editor(NginxAccess access);

}  // namespace trimtab::act
