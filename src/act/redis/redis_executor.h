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
// tunes: memory, eviction, persistence, timeouts; none that names files, passwords or peers), value, persist
// ("true" or, the default, "false").
//
// Without persist the configuration file is not rewritten: a restart of the server forgets the change. With
// it CONFIG REWRITE follows, and again after the undo. That keeps comments and order, but writes everything
// that was set at run time by anybody and adds what the server thinks should stand there: undo restores the
// value in effect and in the file, not the file's bytes. A server without a file is refused by check(). A
// role that may not rewrite is told by apply(), before anything is set; one that may no longer when the
// change is undone leaves the new value in the file.
std::unique_ptr<Executor> create_redis_setter(RedisAccess access);

}  // namespace trimtab::act
