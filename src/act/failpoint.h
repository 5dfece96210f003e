// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace trimtab::act {

// Named places where a test lets the process die at once (SIGKILL: nothing flushed, no destructor), by
// TRIMTAB_FAILPOINT=name in the environment. Every effect of a change and every entry of its journal has one
// before and one after it.
inline constexpr std::array<std::string_view, 16> kFailpoints = {
    "act.before_propose",      // nothing written
    "act.after_propose",       // the change is proposed
    "act.before_approve",      //
    "act.after_approve",       // approved
    "act.before_intent",       // checked and captured; nothing written
    "act.after_intent",        // applying; no effect yet
    "act.before_effect",       // the attempt is counted
    "act.after_effect",        // the effect is there; the journal does not know
    "act.after_observing",     // observing
    "act.before_verdict",      // judged, not written
    "act.after_verdict",       // kept or left in place
    "act.before_undo_intent",  //
    "act.after_undo_intent",   // undoing; the effect is still there
    "act.before_undo",         // the attempt is counted
    "act.after_undo",          // the effect is gone; the journal does not know
    "act.after_end",           // rolled back
};

// Dies here when the environment names this point. Aborts when the name is not in the table.
void failpoint(std::string_view name);

}  // namespace trimtab::act
