// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "advise/linux/group_advice.h"

namespace trimtab::advise::host {

// A quota (cpu.max) that holds a group back while the host has CPU to give. In a throttled period the group
// used all of its limit and its threads were kept from CPUs for throttled seconds more; so it wanted
//   limit + throttled seconds / (throttled periods * period)
// cores, and is given kDemandMargin times that. At most so much that, were all of it used, kIdleShareKept of
// the host's CPUs stayed idle on average. Without room for kGrowthMin the advice is for people.
// std::nullopt: nothing to say. Pure.
std::optional<Recommendation> advise_cpu(const GroupLook& group, const HostLook& host,
                                         const AdvisedHost& where);

// Share of periods. The alert CPUThrottlingHigh of the Kubernetes mixin fires at the same share.
inline constexpr double kThrottledShareMin = 0.25;
inline constexpr double kPeriodsMin = 300;
inline constexpr double kDemandMargin = 1.1;
inline constexpr double kIdleShareKept = 0.2;
inline constexpr double kGrowthMin = 1.1;
inline constexpr double kCoresStep = 0.05;

}  // namespace trimtab::advise::host
