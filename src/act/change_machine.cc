// SPDX-License-Identifier: Apache-2.0
#include "act/change_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "act/change_runner.h"
#include "act/failpoint.h"

namespace trimtab::act {

namespace {

constexpr const char* kHaltKey = "act/halt";

// Worth another try, with nothing changed on our side.
bool may_pass(const Error& error) {
  return error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kTimeout ||
         error.code() == ErrorCode::kCancelled;
}

std::string one_line(std::string text) {
  std::ranges::replace(text, '\n', ' ');
  return text;
}

}  // namespace

Result<std::optional<Halt>> read_halt(Ledger& ledger) {
  const std::optional<std::string> stored = TRY(ledger.get_state(kHaltKey));
  if (!stored || stored->empty()) return std::nullopt;
  Halt halt;
  const std::size_t first = std::min(stored->find('\n'), stored->size());
  const std::size_t second = std::min(stored->find('\n', first + 1), stored->size());
  std::from_chars(stored->data(), stored->data() + first, halt.at_ms);
  if (first < stored->size()) halt.by = stored->substr(first + 1, second - first - 1);
  if (second < stored->size()) halt.reason = stored->substr(second + 1);
  return halt;
}

Status write_halt(Ledger& ledger, const std::optional<Halt>& halt) {
  if (!halt) return ledger.put_state(kHaltKey, "");
  return ledger.put_state(kHaltKey,
                          fmt::format("{}\n{}\n{}", halt->at_ms, one_line(halt->by), one_line(halt->reason)));
}

TimestampMs began_ms(const Change& change) {
  for (auto step = change.steps.rbegin(); step != change.steps.rend(); ++step) {
    if (step->to == ChangeState::kApplying && step->from == ChangeState::kApproved) return step->at_ms;
  }
  return change.created_ms;
}

class ChangeMachine::Hold {
 public:
  Hold(Ledger& ledger, const Change& change, std::string node, Executor& one,
       std::unique_lock<std::mutex> lock)
      : executor(one),
        ledger_(ledger),
        lease_(lease_name(change)),
        node_(std::move(node)),
        lock_(std::move(lock)) {}
  ~Hold() { static_cast<void>(ledger_.release_lease(lease_, node_)); }  // else it runs out by itself
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;

  Executor& executor;

 private:
  Ledger& ledger_;
  std::string lease_;
  std::string node_;
  std::unique_lock<std::mutex> lock_;
};

// Null when the executor is busy or another node holds the change: later.
Result<std::unique_ptr<ChangeMachine::Hold>> ChangeMachine::take(const Change& change) {
  Executor* executor = parts_.executors.find(change.action.type);
  if (executor == nullptr) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("no executor for \"{}\" is configured", change.action.type));
  }
  std::unique_lock<std::mutex> lock;
  {
    const std::lock_guard all(executors_mutex_);
    lock = std::unique_lock(executor_mutexes_[change.action.type], std::try_to_lock);
  }
  if (!lock) return nullptr;
  const TimestampMs until = parts_.clock.now_ms() + kLeaseMs;
  if (!TRY(parts_.ledger.take_lease(lease_name(change), parts_.node, until))) return nullptr;
  return std::make_unique<Hold>(parts_.ledger, change, parts_.node, *executor, std::move(lock));
}

bool ChangeMachine::is_due(const Change& change) const {
  const TimestampMs now = parts_.clock.now_ms();
  if (!is_live(change) || change.state == ChangeState::kProposed || now < change.retry_at_ms) return false;
  if (change.undoing || change.state != ChangeState::kObserving) return true;
  return now >= std::max(change.verdict.at_ms, change.applied_ms.value_or(0)) + change.verify.step_ms;
}

Result<Change> ChangeMachine::step(Change change) {
  if (!is_due(change)) return change;
  if (change.undoing) return undo(std::move(change));
  switch (change.state) {
    case ChangeState::kApproved: return begin(std::move(change));
    case ChangeState::kApplying: return apply(std::move(change));
    case ChangeState::kObserving: return observe(std::move(change));
    default: return change;
  }
}

// Whoever was faster wins: what is stored then is what goes on.
Result<Change> ChangeMachine::save(Change change, ChangeState expected, std::size_t steps_seen) {
  const std::int64_t id = change.id;
  auto saved = parts_.ledger.update_change(std::move(change), expected, steps_seen);
  if (!saved && saved.error().code() == ErrorCode::kConflict) return parts_.ledger.change(id);
  return saved;
}

Result<Change> ChangeMachine::move(Change change, ChangeState to, const std::string& reason) {
  const ChangeState from = change.state;
  const std::size_t seen = change.steps.size();
  change.steps.push_back({parts_.clock.now_ms(), from, to, "", reason});
  change.state = to;
  change.attempts = 0;
  change.retry_at_ms = 0;
  change.waits_for.clear();
  if (is_ended(to)) change.ended_ms = parts_.clock.now_ms();
  return save(std::move(change), from, seen);
}

Result<Change> ChangeMachine::retry(Change change, const Error& error) {
  const int doublings = std::clamp(change.attempts - 1, 0, 10);
  change.error = error.message();
  change.retry_at_ms = parts_.clock.now_ms() + std::min(kRetryMaxMs, kRetryFirstMs << doublings);
  const ChangeState state = change.state;
  const std::size_t seen = change.steps.size();
  return save(std::move(change), state, seen);
}

Result<Change> ChangeMachine::wait(Change change, const std::string& what) {
  change.waits_for = what;
  change.retry_at_ms = parts_.clock.now_ms() + kWaitPollMs;
  const std::size_t seen = change.steps.size();
  return save(std::move(change), ChangeState::kApproved, seen);
}

Result<bool> ChangeMachine::rate_is_reached(TimestampMs now) {
  int begun = 0;
  for (const Change& change : TRY(parts_.ledger.changes({}))) {
    begun += static_cast<int>(std::ranges::count_if(change.steps, [&](const ChangeStep& step) {
      return step.from == ChangeState::kApproved && step.to == ChangeState::kApplying &&
             step.at_ms > now - kHourMs;
    }));
  }
  return begun >= parts_.policy.changes_per_hour;
}

// Why an approved change may not begin yet; "" when it may.
Result<std::string> ChangeMachine::must_wait(const Change& change) {
  const TimestampMs now = parts_.clock.now_ms();
  if (parts_.policy.dry_run) return std::string("policy: dry_run is on");
  if (const auto halt = TRY(read_halt(parts_.ledger))) {
    return fmt::format("halted by {}: {}", halt->by, halt->reason);
  }
  if (std::string window = parts_.policy.waits_for_window(change.entity, now); !window.empty()) return window;
  if (TRY(rate_is_reached(now))) {
    return fmt::format("policy: {} changes were begun within an hour", parts_.policy.changes_per_hour);
  }
  return std::string();
}

Result<Change> ChangeMachine::begin(Change change) {
  const std::lock_guard one_at_a_time(begin_mutex_);
  if (const std::string why = TRY(must_wait(change)); !why.empty()) return wait(std::move(change), why);
  auto hold = take(change);
  if (!hold) {
    change.error = hold.error().message();
    return move(std::move(change), ChangeState::kFailed, hold.error().message());
  }
  if (!*hold) return wait(std::move(change), "another change or another node is at work");
  const TimestampMs now = parts_.clock.now_ms();
  auto prepared = verifier_.prepare(change.verify, parts_.policy.max_observation_ms, now);
  const TimestampMs since = change.steps.empty() ? change.created_ms : change.steps.back().at_ms;
  const DurationMs patience =
      std::max(kBeforeWaitMax, 2 * static_cast<DurationMs>(Verifier::kBeforeMin) * change.verify.step_ms);
  const std::string lacks = prepared ? prepared->lacks : prepared.error().message();
  const bool may_come = prepared ? now - since < patience : may_pass(prepared.error());
  if (!lacks.empty() && may_come) return wait(std::move(change), lacks);
  if (!lacks.empty()) {
    change.error = lacks;
    return move(std::move(change), ChangeState::kFailed, "it could not be verified; nothing was done");
  }
  Status possible = (*hold)->executor.check(change.action);
  Result<std::string> undo_state = "";
  if (possible) undo_state = (*hold)->executor.capture(change.action);
  if (possible && !undo_state) possible = std::unexpected(undo_state.error());
  if (!possible && may_pass(possible.error()) && change.attempts < kChangeAttemptsMax) {
    ++change.attempts;
    return retry(std::move(change), possible.error());
  }
  if (!possible) {
    change.error = possible.error().message();
    return move(std::move(change), ChangeState::kFailed, "it can not be done; nothing was done");
  }
  change.undo_state = *std::move(undo_state);
  change.verify = std::move(prepared->plan);
  change.error.clear();
  failpoint("act.before_intent");
  auto intent = move(std::move(change), ChangeState::kApplying, prepared->outlook);
  failpoint("act.after_intent");
  return intent;
}

Result<Change> ChangeMachine::apply(Change change) {
  auto hold = TRY(take(change));
  if (!hold) return change;
  Executor& executor = hold->executor;
  auto applied = executor.is_applied(change.action, change.undo_state);
  if (applied && !*applied) {
    if (change.attempts >= kChangeAttemptsMax) {
      return decide_undo(std::move(change), "could not be applied: " + change.error);
    }
    if (TRY(read_halt(parts_.ledger)))
      return decide_undo(std::move(change), "halted before the effect was there");
    ++change.attempts;
    const std::size_t seen = change.steps.size();
    const int attempt = change.attempts;
    change = TRY(save(std::move(change), ChangeState::kApplying, seen));
    if (change.attempts != attempt || change.undoing) return change;
    failpoint("act.before_effect");
    const Status made = executor.apply(change.action, change.undo_state);
    failpoint("act.after_effect");
    if (!made && !may_pass(made.error())) {
      return decide_undo(std::move(change), "could not be applied: " + made.error().message());
    }
    if (!made) return retry(std::move(change), made.error());
    applied = executor.is_applied(change.action, change.undo_state);
    if (applied && !*applied) {
      applied = fail(ErrorCode::kUnavailable, "the effect is not there after it was made");
    }
  } else if (!applied) {
    ++change.attempts;
  }
  if (!applied && change.attempts >= kChangeAttemptsMax && !may_pass(applied.error())) {
    return decide_undo(std::move(change), "could not be applied: " + applied.error().message());
  }
  if (!applied) return retry(std::move(change), applied.error());
  change.applied_ms = parts_.clock.now_ms();
  change.error.clear();
  auto moved = move(std::move(change), ChangeState::kObserving, "");
  failpoint("act.after_observing");
  return moved;
}

DurationMs ChangeMachine::observe_max(const Change& change) const {
  return std::min(change.verify.observe_max_ms, parts_.policy.max_observation_ms);
}

Result<Change> ChangeMachine::observe(Change change) {
  const TimestampMs now = parts_.clock.now_ms();
  const TimestampMs applied = change.applied_ms.value_or(began_ms(change));
  const auto look = verifier_.look(change.verify, began_ms(change), applied, observe_max(change), now);
  if (look) {
    change.verdict = look->verdict;
    change.error.clear();
  } else {
    change.verdict.at_ms = now;
    change.error = look.error().message();
    if (now - applied >= observe_max(change)) {
      change.verdict.decision = Decision::kInconclusive;
      change.verdict.reason = "not measured: " + look.error().message();
    }
  }
  if (change.verdict.decision != Decision::kNone) return finish(std::move(change));
  const std::size_t seen = change.steps.size();
  return save(std::move(change), ChangeState::kObserving, seen);
}

// A verdict is there: keep or take back.
Result<Change> ChangeMachine::finish(Change change) {
  failpoint("act.before_verdict");
  const Decision decision = change.verdict.decision;
  const std::string reason = change.verdict.reason;
  bool keep = decision == Decision::kKept;
  if (decision == Decision::kNoEffect || decision == Decision::kInconclusive) {
    const auto recommendation = parts_.ledger.recommendation(change.recommendation);
    const int tier = recommendation ? recommendation->tier : 0;
    keep = parts_.policy.rule_on({change.action.type, change.entity, tier, change.risk}).inconclusive ==
           Inconclusive::kKeep;
  }
  if (!keep) return decide_undo(std::move(change), reason);
  auto hold = TRY(take(change));
  if (!hold) {
    change.verdict.decision = Decision::kNone;  // looked at again soon
    return change;
  }
  const auto there = hold->executor.is_applied(change.action, change.undo_state);
  if (there && !*there) {
    change.error = "the change is not there any more: somebody else took it away or changed it";
    change.verdict.decision = Decision::kFailed;
    return move(std::move(change), ChangeState::kFailed, change.error);
  }
  if (decision == Decision::kKept) {
    const TimestampMs now = parts_.clock.now_ms();
    for (const DurationMs after : ChangeRunner::kRecheckAfter) {
      Recheck recheck;
      recheck.due_ms = now + after;
      change.rechecks.push_back(recheck);
    }
  }
  auto kept = move(std::move(change),
                   decision == Decision::kKept ? ChangeState::kKept : ChangeState::kInconclusive, reason);
  failpoint("act.after_verdict");
  return kept;
}

Result<Change> ChangeMachine::decide_undo(Change change, const std::string& reason) {
  failpoint("act.before_undo_intent");
  const ChangeState state = change.state;
  change.undoing = true;
  change.undo_reason = reason;
  auto decided = move(std::move(change), state, "taking back: " + reason);
  failpoint("act.after_undo_intent");
  return decided;
}

// Goes on for as long as the target is away; gives up only when it refuses.
Result<Change> ChangeMachine::undo(Change change) {
  auto hold = TRY(take(change));
  if (!hold) return change;
  Executor& executor = hold->executor;
  auto gone = executor.is_undone(change.action, change.undo_state);
  if (gone && *gone) return undone(std::move(change));
  if (change.attempts < 1'000'000) ++change.attempts;
  if (gone) {
    const std::size_t seen = change.steps.size();
    const int attempt = change.attempts;
    change = TRY(save(std::move(change), change.state, seen));
    if (change.attempts != attempt || !change.undoing) return change;
    failpoint("act.before_undo");
    const Status taken = executor.undo(change.action, change.undo_state);
    failpoint("act.after_undo");
    gone = executor.is_undone(change.action, change.undo_state);
    if (gone && *gone) return undone(std::move(change));
    if (!taken) gone = std::unexpected(taken.error());
    if (gone) gone = fail(ErrorCode::kIo, "the effect is still there after it was taken back");
  }
  if (may_pass(gone.error()) || change.attempts < kChangeAttemptsMax) {
    return retry(std::move(change), gone.error());
  }
  change.error = fmt::format("could not be taken back: {}. It is still in place; by hand: {}",
                             gone.error().message(), change.action.undo);
  change.verdict.decision = Decision::kFailed;
  change.verdict.reason = change.error;
  return move(std::move(change), ChangeState::kFailed, change.error);
}

Result<Change> ChangeMachine::undone(Change change) {
  const bool was_applied = change.applied_ms.has_value();
  change.error = was_applied ? "" : change.undo_reason;
  const bool judged =
      change.verdict.decision != Decision::kNone && change.verdict.decision != Decision::kKept;
  if (!judged) {
    change.verdict.decision = was_applied ? Decision::kRolledBack : Decision::kFailed;
    change.verdict.reason = change.undo_reason;
  }
  const std::string reason = change.undo_reason;
  auto ended = move(std::move(change), was_applied ? ChangeState::kRolledBack : ChangeState::kFailed, reason);
  failpoint("act.after_end");
  return ended;
}

}  // namespace trimtab::act
