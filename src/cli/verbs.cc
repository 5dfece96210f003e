// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "cli/exit_code.h"
#include "cli/verb.h"

namespace trimtab::cli {

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all = {serve_verb(), version_verb()};
  return all;
}

int report(const Error& error) {
  fmt::print(stderr, "trimtab: {}\n", error.message());
  return exit_code_of(error);
}

}  // namespace trimtab::cli
