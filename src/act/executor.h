// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ledger/recommendation.h"

namespace trimtab::act {

// What an action comes to, for people to read before they consent.
struct ActionWords {
  std::string apply;  // "": nothing is known beyond type and parameters
  std::string undo;
};

// Does one type of action to targets, and takes it back. The only code that has effects. Every call can be
// repeated: it may have been made before by a process that died before it could write that down. Not
// thread-safe: one change at a time uses an executor.
//
// Order of calls for one change: check, capture (journaled), apply, is_applied; later maybe undo, is_undone.
// After a crash: is_applied / is_undone say where things stand, then apply or undo again.
class Executor {
 public:
  virtual ~Executor() = default;

  // What would be run, from the action alone: asks no target. Any thread. Errors: parameters that check()
  // would refuse, so that a proposal can be refused at once.
  virtual Result<ActionWords> describe(const Action&) const { return ActionWords{}; }

  // Could it be done now? The target answers, the privilege is there, the object exists, nothing stands in
  // the way. Changes nothing. Errors: kUnavailable (try later), all others: it will not work.
  virtual Status check(const Action& action) = 0;
  // What undo needs to restore exactly what is there now: the earlier value, the definition, the file's
  // bytes. Read before the effect and journaled with the intent. Holds no secret.
  virtual Result<std::string> capture(const Action& action) = 0;
  // Makes the effect. Errors: kUnavailable when it may be tried again (the target went away in the middle;
  // the effect may have happened).
  virtual Status apply(const Action& action, const std::string& undo_state) = 0;
  // Is the effect there, whole? A half-made effect (an invalid index) is not.
  virtual Result<bool> is_applied(const Action& action, const std::string& undo_state) = 0;
  // Restores what capture() saw; removes half-made effects too. Nothing to undo is success.
  virtual Status undo(const Action& action, const std::string& undo_state) = 0;
  virtual Result<bool> is_undone(const Action& action, const std::string& undo_state) = 0;
  // Any thread: ends the call under way soon, with an error; for a stop of the program. Such a call counts as
  // interrupted: it is taken up again after the next start.
  virtual void cancel() {}
};

// Executors by action type ("postgresql.create_index"). Filled once at start; then read-only.
class Executors {
 public:
  void add(std::string type, std::unique_ptr<Executor> executor) {
    by_type_[std::move(type)] = std::move(executor);
  }
  void cancel_all() const {
    for (const auto& [type, executor] : by_type_) executor->cancel();
  }
  std::vector<std::string> types() const {
    std::vector<std::string> out;
    for (const auto& [type, executor] : by_type_) out.push_back(type);
    return out;
  }
  Executor* find(std::string_view type) const {
    const auto found = by_type_.find(type);
    return found == by_type_.end() ? nullptr : found->second.get();
  }

 private:
  std::map<std::string, std::unique_ptr<Executor>, std::less<>> by_type_;
};

}  // namespace trimtab::act
