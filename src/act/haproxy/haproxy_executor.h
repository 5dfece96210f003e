// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "act/executor.h"

namespace trimtab::act {

// What is known of one HAProxy of this machine.
struct HaproxyPlace {
  std::string config;    // one that it was started with; only files in its folder and below are edited
  std::string binary;    // absolute: "/usr/sbin/haproxy"
  std::string pid_file;  // of the master
};
// Errors: kNotFound (no such target), kDenied (changes are not allowed on it).
using HaproxyAccess = std::function<Result<HaproxyPlace>(const std::string& target)>;

// "haproxy.edit": a config editor (act/config/config_editor.h) with haproxy -c on all files the master was
// started with. HAProxy must run in master-worker mode; it reloads by SIGUSR2 (haproxy_master.h).
std::unique_ptr<Executor> create_haproxy_editor(HaproxyAccess access);

}  // namespace trimtab::act
