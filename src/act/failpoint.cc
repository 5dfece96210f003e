// SPDX-License-Identifier: Apache-2.0
#include "act/failpoint.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/check.h"

namespace trimtab::act {

void failpoint(std::string_view name) {
  CHECK(std::ranges::find(kFailpoints, name) != kFailpoints.end(), "failpoint {}", name);
  const char* wanted = std::getenv("TRIMTAB_FAILPOINT");
  if (wanted != nullptr && name == wanted) kill(getpid(), SIGKILL);
}

}  // namespace trimtab::act
