// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "advise/linux/group_advice.h"

namespace trimtab::advise::host {

// Limits of memory that are too small, for each group by itself:
// - memory.high, else memory.max: kLimitShareMin of it is in use, and some thread waited for memory for
//   kWaitingMin of the time. To kMemoryGrowth times as much, at most kAvailableShareMax of the least memory
//   that the host had available, and never above memory.max. Without room for kMemoryGrowthMin it is for
//   people.
// - processes were killed for want of memory, without such waiting: for people.
// Pure.
std::vector<Recommendation> advise_small_memory(const GroupLook& group, const HostLook& host,
                                                const AdvisedHost& where);

// A memory.max that is kOversizedFactor times the highest working set, and kOversizedBytesMin above it: for
// people, after kPeakHoursMin hours; before that "not enough data", once for all such groups. Pure.
std::vector<Recommendation> advise_large_memory(std::span<const GroupLook> groups, const AdvisedHost& where);

inline constexpr double kLimitShareMin = 0.9;
inline constexpr double kWaitingMin = 0.05;
inline constexpr double kMemoryGrowth = 1.5;
inline constexpr double kMemoryGrowthMin = 1.1;
inline constexpr double kAvailableShareMax = 0.5;
inline constexpr double kOversizedFactor = 4;
inline constexpr double kOversizedKept = 2;  // times the peak is what is proposed
inline constexpr double kOversizedBytesMin = 256.0 * (1 << 20);
inline constexpr double kPeakHoursMin = 24;

}  // namespace trimtab::advise::host
