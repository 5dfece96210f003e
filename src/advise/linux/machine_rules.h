// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "advise/linux/group_advice.h"
#include "advise/linux/machine_look.h"
#include "ledger/records.h"

namespace trimtab::advise::host {

// All of these are for people: what belongs on a machine is not Trimtab's to decide.

// Memory that is read back from swap: in kPagingShareMin of at least kPagingSecondsMin, kPagesInMin pages a
// second on average, and threads waited for memory for kMachineWaitingMin of the time (without pressure
// information kPagesInManyMin pages). Swap that lies full and is not read back harms nobody. Paging for a
// shorter time is not enough data. Pure.
std::optional<Recommendation> advise_swap(const MachineLook& machine, const AdvisedHost& where);

// kHandleShareMin of the machine's file handles (fs.file-max), and of what a process may open
// (RLIMIT_NOFILE), for each process name. Pure.
std::vector<Recommendation> advise_handles(const MachineLook& machine, const AdvisedHost& where);

// Filesystems of this host that are full or will be, in bytes or inodes, by the open findings about their
// limits (src/analyze, limits): which, when, and what writes most. Findings of less harm than kFindingHarmMin
// (full for as long as they are known, as read-only images are) are left out. Pure.
std::vector<Recommendation> advise_filesystems(std::span<const Finding> findings, const MachineLook& machine,
                                               const AdvisedHost& where, TimestampMs now_ms);

inline constexpr double kPagingSecondsMin = 600;
inline constexpr double kPagingShareMin = 0.8;
inline constexpr double kPagesInMin = 10;
inline constexpr double kPagesInManyMin = 100;
inline constexpr double kMachineWaitingMin = 0.05;  // as for a control group
inline constexpr double kHandleShareMin = 0.8;
inline constexpr double kFindingHarmMin = 0.1;

}  // namespace trimtab::advise::host
