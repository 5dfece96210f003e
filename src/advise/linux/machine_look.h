// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "advise/linux/group_look.h"

namespace trimtab::advise::host {

// Who has how much of something: "/system.slice/db.service", "postgres".
struct Share {
  std::string who;
  double amount = 0;
};

// The machine as the host collector's series show it, over the last kLookWindowMs; kNotKnown where there are
// none.
struct MachineLook {
  double seconds = 0;                         // how long there have been samples
  double memory_total = kNotKnown;            // bytes
  double memory_available_least = kNotKnown;  // bytes
  double swap_total = kNotKnown;              // bytes
  double swap_used_least = kNotKnown;         // bytes, all the time
  double pages_in = kNotKnown;                // read back from swap, a second
  double pages_out = kNotKnown;
  double paging_share = kNotKnown;    // of the window's minutes in which pages came back
  double memory_waiting = kNotKnown;  // share of time in which some thread waited for memory
  std::vector<Share> swapped;         // control groups by bytes in swap, most first
  std::vector<Share> resident;        // process names by bytes in memory, most first
  double handles = kNotKnown;         // open in the whole machine
  double handles_max = kNotKnown;     // fs.file-max
  std::vector<Share> handle_shares;   // process names by open handles against their limit, most first
  std::vector<Share> handles_open;    // process names by open handles, most first
  std::vector<Share> writers;         // control groups by bytes written in the last day, most first
};

// All but writers. Errors: the querier's.
Result<MachineLook> read_machine(const Context& context, const std::string& instance);
// Control groups by bytes written in the last day, most first: a day of many series, for when it matters.
Result<std::vector<Share>> read_writers(const Context& context, const std::string& instance);

inline constexpr std::size_t kSharesShown = 3;

}  // namespace trimtab::advise::host
