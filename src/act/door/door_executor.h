// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "act/door/door.h"
#include "act/executor.h"

namespace trimtab::act {

// "door.<name>" on target "door/<name>": runs the steps of one door of the configuration. Parameters: those
// of the door, each matching its expression as a whole. The state kept for undo is what `read` gives.
// `folder` holds a file while a step runs (RunGuard).
std::unique_ptr<Executor> create_door_executor(Door door, std::string folder);

}  // namespace trimtab::act
