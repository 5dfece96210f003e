// SPDX-License-Identifier: Apache-2.0
#include "quality/sets.h"

namespace trimtab::quality {

const std::vector<Set>& sets() {
  static const std::vector<Set> all = {
      {"petshop", "root cause of 26 issues of a microservice shop", run_petshop},
  };
  return all;
}

}  // namespace trimtab::quality
