// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <exception>

#include "cli/exit_code.h"
#include "cli/verb.h"

int main(int argc, char** argv) {
  try {
    return trimtab::cli::run_command_line(argc, argv);
  } catch (const std::exception& e) {
    fmt::print(stderr, "trimtab: unexpected failure: {}\n", e.what());
    return trimtab::cli::kFailed;
  }
}
