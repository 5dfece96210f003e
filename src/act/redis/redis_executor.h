// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "act/executor.h"
#include "targets/target.h"

namespace trimtab::act {

// Errors: kNotFound (no such target), kDenied (changes are not allowed on it).
using RedisAccess = std::function<Result<Target>(const std::string& target)>;

// "redis.set": CONFIG SET of one running server; undo sets the earlier value. Parameters: setting (one that
// tunes: memory, eviction, persistence, timeouts; none that names files, passwords or peers), value. The
// configuration file is not rewritten: a restart of the server forgets the change.
std::unique_ptr<Executor> create_redis_setter(RedisAccess access);

}  // namespace trimtab::act
