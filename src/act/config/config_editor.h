// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "act/config/configured_server.h"
#include "act/executor.h"

namespace trimtab::act {

// Where one target's configuration is, and its server.
struct ConfigPlace {
  std::string config;  // main configuration file; only files in its folder and below are edited
  std::unique_ptr<ConfiguredServer> server;
};
// Errors: kNotFound (no such target), kDenied (changes are not allowed on it).
using ConfigAccess = std::function<Result<ConfigPlace>(const std::string& target)>;

struct ConfigEditorWords {
  std::string type;  // of the action: "nginx.edit"
  std::string test;  // for people: "nginx -t"
};

// Replaces one text in one configuration file. Parameters: path, find (stands there exactly once), replace.
// The original stays beside it as .<name>.trimtab-original, a hard link, until the undo or until the next
// edit of that file; the new text takes its place by rename(); the whole configuration is tested and put back
// at once when that fails; then the server loads it. Undo renames the original back: the same file, bytes,
// owner and mode. Applied and undone mean that the file is so and that the server runs with it: where that is
// not known for sure (after a restart of Trimtab, or of the server), the server is made to load again.
std::unique_ptr<Executor> create_config_editor(ConfigEditorWords words, ConfigAccess access);

}  // namespace trimtab::act
