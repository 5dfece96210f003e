// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "act/executor.h"

namespace trimtab::act {

// Where a target's cgroup v2 tree is mounted ("/sys/fs/cgroup"). Errors: kNotFound (no such target), kDenied
// (changes are not allowed on it).
using CgroupAccess = std::function<Result<std::string>(const std::string& target)>;

// "linux.cgroup": writes one property of one control group. Parameters: group ("system.slice/db.service",
// below the root, no ".."), property (kCgroupProperties), value as the kernel prints it ("max", "1073741824",
// "50000 100000"). Undo writes what was read before. The kernel forgets it with the group, and systemd
// writes its own value when the unit is reloaded: for a lasting change the unit must say it too.
std::unique_ptr<Executor> create_cgroup_writer(CgroupAccess access);

// Whether groups below `root` can be changed at all: what stands in the way, in words; "" for nothing. Looks
// at the first two levels.
std::string cgroup_obstacle(const std::string& root);

inline constexpr std::array<std::string_view, 6> kCgroupProperties = {
    "cpu.max", "cpu.weight", "memory.high", "memory.low", "memory.max", "pids.max"};

}  // namespace trimtab::act
