// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "targets/target.h"

namespace trimtab {

struct DiscoveredTarget {
  TargetKind kind = TargetKind::kPostgresql;
  std::string settings;  // what stands between { and } in YAML: "url: 'redis://127.0.0.1:6379'"; "" = a hint only
  std::string hint;      // what is still to be done: "it asks for a password"; "" for nothing
};

// Looks at this machine's usual ports and sockets, and at `more_ports` of 127.0.0.1, for what collectors
// can watch. Each is asked one harmless question of its protocol; no name and no password is tried.
// Cost: at most kDiscoverTimeoutMs a port.
std::vector<DiscoveredTarget> discover_targets(const std::vector<std::uint16_t>& more_ports);
// The section `collectors:` to paste; "" when nothing was found.
std::string to_yaml(const std::vector<DiscoveredTarget>& targets);

inline constexpr DurationMs kDiscoverTimeoutMs = 400;

}  // namespace trimtab
