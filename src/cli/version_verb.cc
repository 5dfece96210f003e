// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "base/version.h"
#include "cli/exit_code.h"
#include "cli/verb.h"

namespace trimtab::cli {

Verb version_verb() {
  return {.name = "version", .sentence = "Print the version.", .run = [](const Arguments&) {
            fmt::print("trimtab {}\n", kTrimtabVersion);
            return static_cast<int>(kOk);
          }};
}

}  // namespace trimtab::cli
