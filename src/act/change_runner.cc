// SPDX-License-Identifier: Apache-2.0
#include "act/change_runner.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "act/failpoint.h"

namespace trimtab::act {

namespace {

Status check_who(const std::string& by) {
  if (by.empty() || by.size() > Ledger::kShortTextBytesMax) {
    return invalid(fmt::format("who? expected a name of 1 to {} bytes", Ledger::kShortTextBytesMax));
  }
  return ok();
}

Status check_why(const std::string& reason) {
  if (reason.empty() || reason.size() > Ledger::kReasonBytesMax) {
    return invalid(fmt::format("why? expected a reason of 1 to {} bytes", Ledger::kReasonBytesMax));
  }
  return ok();
}

ChangeTraits traits_of(const Recommendation& recommendation) {
  return {recommendation.action.type, recommendation.entity, recommendation.tier, recommendation.risk};
}

}  // namespace

ChangeRunner::ChangeRunner(Parts parts)
    : ledger_(parts.ledger),
      clock_(parts.clock),
      metrics_(parts.metrics),
      logger_(parts.logger),
      executors_(parts.executors),
      policy_(std::move(parts.policy)),
      machine_(
          {parts.ledger, parts.querier, parts.executors, policy_, parts.clock, parts.logger, parts.node}),
      verifier_(parts.querier),
      node_(parts.node) {}

ChangeRunner::~ChangeRunner() { stop(); }

void ChangeRunner::stop() {
  std::map<std::int64_t, Running> ending;
  {
    const std::lock_guard lock(running_mutex_);
    stopped_ = true;
    ending.swap(running_);
  }
  for (auto& [id, running] : ending) {
    // A cancel may come before the statement that takes long: asked again until it is over, seldom enough
    // that what a cancelled effect tidies up is not cancelled as well.
    std::unique_lock lock(running_mutex_);
    while (!*running.done) {
      lock.unlock();
      executors_.cancel_all();
      lock.lock();
      step_ended_.wait_for(lock, std::chrono::milliseconds(kCancelAgainMs),
                           [&] { return running.done->load(); });
    }
  }
}

Policy::Ruling ChangeRunner::ruling(const Recommendation& recommendation) const {
  return policy_.rule_on(traits_of(recommendation));
}

Result<std::optional<Halt>> ChangeRunner::halted() { return read_halt(ledger_); }

Status ChangeRunner::check_idea(const Action& action, const VerifyPlan& plan) const {
  if (executors_.find(action.type) == nullptr) {
    return fail(ErrorCode::kUnsupported, fmt::format("action.type \"{:.64}\" is not known; known: {}",
                                                     action.type, fmt::join(executors_.types(), ", ")));
  }
  if (action.target.empty()) return invalid("action.target: which one? as in \"postgresql/main\"");
  TRY(describe(action));
  return verifier_.check(plan);
}

Result<ActionWords> ChangeRunner::describe(const Action& action) const {
  const Executor* executor = executors_.find(action.type);
  if (executor == nullptr) return ActionWords{};
  return executor->describe(action);
}

Status ChangeRunner::halt(const std::string& by, const std::string& reason) {
  TRY(check_who(by));
  TRY(check_why(reason));
  TRY(write_halt(ledger_, Halt{by, reason, clock_.now_ms()}));
  logger_.warn("changes halted", {{"by", by}, {"reason", reason}});
  return ok();
}

Status ChangeRunner::resume(const std::string& by) {
  TRY(check_who(by));
  TRY(write_halt(ledger_, std::nullopt));
  logger_.warn("changes resumed", {{"by", by}});
  return ok();
}

// What must not be applied together with it is not under way.
Status ChangeRunner::check_conflicts(const Recommendation& recommendation) {
  if (recommendation.conflicts.empty()) return ok();
  const std::set<std::string> conflicts(recommendation.conflicts.begin(), recommendation.conflicts.end());
  ChangeFilter filter;
  filter.live = true;
  for (const Change& change : TRY(ledger_.changes(filter))) {
    const auto other = ledger_.recommendation(change.recommendation);
    if (other && conflicts.contains(other->fingerprint)) {
      return fail(ErrorCode::kConflict,
                  fmt::format("R-{} conflicts with C-{}, which has not ended", recommendation.id, change.id));
    }
  }
  return ok();
}

// A person may try again what was taken back or failed; policy only makes what is proposed.
Result<bool> ChangeRunner::may_apply(const Recommendation& recommendation) {
  if (recommendation.state != RecommendationState::kAccepted) {
    return recommendation.state == RecommendationState::kProposed;
  }
  if (recommendation.expires_ms != 0 && recommendation.expires_ms <= clock_.now_ms()) return false;
  ChangeFilter live;
  live.recommendation = recommendation.id;
  live.live = true;
  return TRY(ledger_.changes(live)).empty();
}

Result<Change> ChangeRunner::propose(std::int64_t recommendation, const std::string& by) {
  TRY(check_who(by));
  return propose_as(TRY(ledger_.recommendation(recommendation)), by);
}

Result<Change> ChangeRunner::propose_as(const Recommendation& recommendation, const std::string& by) {
  if (!TRY(may_apply(recommendation))) {
    const std::string why =
        recommendation.state_reason.empty() ? "" : fmt::format(" ({})", recommendation.state_reason);
    return fail(
        ErrorCode::kConflict,
        fmt::format("R-{} is {}{}; only a proposed one, or one whose change was not kept, can be applied",
                    recommendation.id, to_string(recommendation.state), why));
  }
  if (recommendation.action.type.empty()) {
    return invalid(fmt::format("R-{} is for people: it has no action to execute", recommendation.id));
  }
  if (executors_.find(recommendation.action.type) == nullptr) {
    return fail(ErrorCode::kUnsupported, fmt::format("R-{}: no executor for \"{}\" is configured",
                                                     recommendation.id, recommendation.action.type));
  }
  const Policy::Ruling said = ruling(recommendation);
  if (said.approve == Approval::kNever) {
    return fail(ErrorCode::kDenied,
                fmt::format("policy: {}: changes of this kind are never made", said.rule));
  }
  TRY(check_conflicts(recommendation));
  Change change;
  change.recommendation = recommendation.id;
  change.entity = recommendation.entity;
  change.owner = recommendation.owner;
  change.title = recommendation.title;
  change.action = recommendation.action;
  change.expected = recommendation.expected;
  change.verify = recommendation.verify;
  change.risk = recommendation.risk;
  change.created_ms = clock_.now_ms();
  change.found_ms = recommendation.created_ms;
  for (const std::int64_t id : recommendation.findings) {
    const auto finding = ledger_.finding(id);
    if (finding) change.found_ms = std::min(change.found_ms, finding->since_ms);
  }
  change.waits_for = "consent";
  change.steps.push_back({change.created_ms, ChangeState::kProposed, ChangeState::kProposed, by, ""});
  failpoint("act.before_propose");
  change = TRY(ledger_.add_change(std::move(change)));
  failpoint("act.after_propose");
  // Should this be lost, settle_recommendations() does it.
  static_cast<void>(ledger_.set_recommendation_state(recommendation.id, RecommendationState::kAccepted, by,
                                                     fmt::format("C-{}", change.id)));
  logger_.info("change proposed", {{"change", change.id}, {"type", change.action.type}, {"by", by}});
  return change;
}

Result<Change> ChangeRunner::approve(std::int64_t id, const std::string& by, const std::string& reason) {
  TRY(check_who(by));
  if (reason.size() > Ledger::kReasonBytesMax) TRY(check_why(reason));
  Change change = TRY(ledger_.change(id));
  const auto recommendation = ledger_.recommendation(change.recommendation);
  const int tier = recommendation ? recommendation->tier : 0;
  const Policy::Ruling said = policy_.rule_on({change.action.type, change.entity, tier, change.risk});
  if (said.approve == Approval::kNever) {
    return fail(ErrorCode::kDenied,
                fmt::format("policy: {}: changes of this kind are never made", said.rule));
  }
  return approve_as(std::move(change), by, reason);
}

Result<Change> ChangeRunner::approve_as(Change change, const std::string& by, const std::string& reason) {
  if (policy_.dry_run) {
    return fail(ErrorCode::kDenied,
                "policy: dry_run is on, so nothing is changed; set policy.dry_run: false");
  }
  if (change.state != ChangeState::kProposed) {
    return fail(ErrorCode::kConflict, fmt::format("C-{} is {}; only a proposed one can be approved",
                                                  change.id, to_string(change.state)));
  }
  const std::size_t seen = change.steps.size();
  change.steps.push_back({clock_.now_ms(), change.state, ChangeState::kApproved, by, reason});
  change.state = ChangeState::kApproved;
  change.approved_by = by;
  change.waits_for.clear();
  failpoint("act.before_approve");
  auto approved = ledger_.update_change(std::move(change), ChangeState::kProposed, seen);
  failpoint("act.after_approve");
  return approved;
}

Result<Change> ChangeRunner::rollback(std::int64_t id, const std::string& by, const std::string& reason) {
  TRY(check_who(by));
  TRY(check_why(reason));
  Change change = TRY(ledger_.change(id));
  const ChangeState from = change.state;
  if (change.undoing || from == ChangeState::kRolledBack || from == ChangeState::kFailed) {
    return fail(ErrorCode::kConflict, fmt::format("C-{} is {}{}", id, to_string(from),
                                                  is_live(change) ? " and being taken back already" : ""));
  }
  const std::size_t seen = change.steps.size();
  const TimestampMs now = clock_.now_ms();
  const bool untouched = from == ChangeState::kProposed || from == ChangeState::kApproved;
  change.steps.push_back({now, from, untouched ? ChangeState::kRolledBack : from, by, reason});
  change.undo_reason = reason;
  change.retry_at_ms = 0;
  change.attempts = 0;
  if (untouched) {
    change.state = ChangeState::kRolledBack;
    change.ended_ms = now;
    change.waits_for.clear();
    change.verdict.reason = "given up before anything was done: " + reason;
  } else {
    change.undoing = true;
  }
  change = TRY(ledger_.update_change(std::move(change), from, seen));
  if (const Status settled = settle_taken_back(change, untouched, by, reason); !settled) {
    logger_.warn(
        "a recommendation does not follow its change",
        {{"recommendation", change.recommendation}, {"change", id}, {"error", settled.error().message()}});
  }
  logger_.info("change is taken back", {{"change", id}, {"by", by}});
  return change;
}

// What was given up before anything was done may be proposed again, by policy too, unless an earlier change
// of it was taken back or failed. A kept one is not done any more.
Status ChangeRunner::settle_taken_back(const Change& change, bool untouched, const std::string& by,
                                       const std::string& reason) {
  ChangeFilter of_it;
  of_it.recommendation = change.recommendation;
  of_it.limit = 2;
  if (untouched && TRY(ledger_.changes(of_it)).size() == 1) {
    static_cast<void>(
        ledger_.set_recommendation_state(change.recommendation, RecommendationState::kProposed, by, reason));
    return ok();
  }
  settle(TRY(ledger_.recommendation(change.recommendation)), change);
  return ok();
}

Status ChangeRunner::propose_by_policy() {
  const TimestampMs now = clock_.now_ms();
  if (policy_.dry_run || now < propose_at_ms_) return ok();
  propose_at_ms_ = now + kProposePollMs;
  const bool any_auto = std::ranges::any_of(
      policy_.rules, [](const PolicyRule& rule) { return rule.approve == Approval::kAuto; });
  if (!any_auto || TRY(read_halt(ledger_))) return ok();
  RecommendationFilter filter;
  filter.states = {RecommendationState::kProposed, RecommendationState::kAccepted};
  const std::vector<Recommendation> all = TRY(ledger_.recommendations(filter));
  std::set<std::string> open;
  for (const Recommendation& one : all) open.insert(one.fingerprint);
  ChangeFilter live;
  live.live = true;
  std::size_t count = TRY(ledger_.changes(live)).size();
  for (const Recommendation& one : all) {
    if (count >= kLiveChangesMax) break;
    const Policy::Ruling said = ruling(one);
    const bool early =
        std::ranges::any_of(one.after, [&](const auto& first) { return open.contains(first); });
    const bool expired = one.expires_ms != 0 && one.expires_ms <= now;
    if (one.state != RecommendationState::kProposed || said.approve != Approval::kAuto || early || expired) {
      continue;
    }
    if (executors_.find(one.action.type) == nullptr) continue;
    auto change = propose_as(one, "policy: " + said.rule);
    if (!change) continue;  // its entity or a conflicting one is being changed: later
    ++count;
    TRY(approve_as(*std::move(change), "policy: " + said.rule, ""));
  }
  return ok();
}

// A recommendation whose change was not kept stays accepted: policy does not try again what has just failed.
// It says so itself, lest it look as if the change were still to come.
void ChangeRunner::settle(const Recommendation& one, const Change& change) {
  const bool kept = !is_live(change) && change.state == ChangeState::kKept;
  std::string_view became;
  if (!is_live(change)) {
    switch (change.state) {
      case ChangeState::kKept: became = " was kept"; break;
      case ChangeState::kRolledBack: became = " was taken back"; break;
      case ChangeState::kInconclusive: became = " was left in place, nothing proven"; break;
      default: became = " failed"; break;
    }
  }
  const RecommendationState state = kept ? RecommendationState::kDone : RecommendationState::kAccepted;
  const std::string reason = fmt::format("C-{}{}", change.id, became);
  if (one.state == state && one.state_reason == reason) return;
  const auto said = ledger_.set_recommendation_state(one.id, state, one.state_by, reason);
  if (!said)
    logger_.warn("a recommendation does not follow its change",
                 {{"recommendation", one.id}, {"change", change.id}, {"error", said.error().message()}});
}

// Recommendations follow their changes, also when a crash came between the two.
Status ChangeRunner::settle_recommendations() {
  RecommendationFilter filter;
  filter.states = {RecommendationState::kAccepted, RecommendationState::kProposed};
  for (const Recommendation& one : TRY(ledger_.recommendations(filter))) {
    ChangeFilter of_it;
    of_it.recommendation = one.id;
    of_it.limit = 1;
    const std::vector<Change> newest = TRY(ledger_.changes(of_it));
    if (newest.empty()) continue;
    const Change& change = newest[0];
    if (one.state == RecommendationState::kAccepted || is_live(change)) settle(one, change);
    // A proposed change by policy whose approval was lost in a crash.
    if (change.state == ChangeState::kProposed && !policy_.dry_run &&
        ruling(one).approve == Approval::kAuto && change.steps.size() == 1 &&
        change.steps[0].by.starts_with("policy: ")) {
      static_cast<void>(approve_as(change, change.steps[0].by, ""));
    }
  }
  return ok();
}

Status ChangeRunner::recheck(const Change& change) {
  const TimestampMs now = clock_.now_ms();
  for (std::size_t i = 0; i < change.rechecks.size(); ++i) {
    const Recheck& due = change.rechecks[i];
    if (due.at_ms || due.due_ms > now) continue;
    const auto done = verifier_.recheck(change.verify, began_ms(change), now);
    if (!done) return std::unexpected(done.error());
    Change checked = change;
    checked.rechecks[i] = *done;
    checked.rechecks[i].due_ms = due.due_ms;
    TRY(ledger_.update_change(checked, ChangeState::kKept, checked.steps.size()));
    if (!done->gone) return ok();
    metrics_.counter("trimtab_act_gains_gone_total", "Kept changes whose gain was gone at a re-check.").add();
    logger_.warn("the gain of a kept change is gone", {{"change", change.id}, {"reason", done->reason}});
    return ok();
  }
  return ok();
}

Status ChangeRunner::recheck_kept() {
  const TimestampMs now = clock_.now_ms();
  if (now < recheck_at_ms_) return ok();
  recheck_at_ms_ = now + kRecheckPollMs;
  TRY(settle_recommendations());
  ChangeFilter kept;
  kept.states = {ChangeState::kKept};
  for (const Change& change : TRY(ledger_.changes(kept))) {
    if (is_live(change)) continue;
    const Status done = recheck(change);  // an engine that is away is asked again in a minute
    if (!done) logger_.warn("re-check failed", {{"change", change.id}, {"error", done.error().message()}});
  }
  return ok();
}

void ChangeRunner::tell(const Change& before, const Change& after) {
  if (before.state == after.state && before.undoing == after.undoing) return;
  const std::string state = after.undoing && is_live(after) ? "undoing" : std::string(to_string(after.state));
  metrics_
      .counter("trimtab_act_changes_total", "Changes that entered a state.",
               Labels{{"state", state}, {"type", after.action.type}})
      .add();
  const std::string_view reason = after.steps.empty() ? std::string_view() : after.steps.back().reason;
  logger_.info("change moved", {{"change", after.id}, {"state", state}, {"reason", reason}});
  if (is_live(after)) return;
  if (const auto one = ledger_.recommendation(after.recommendation)) settle(*one, after);
}

bool ChangeRunner::step_now(const Change& change) {
  const auto moved = machine_.step(change);
  if (!moved) {
    metrics_.counter("trimtab_act_step_errors_total", "Steps of changes that failed in the ledger.").add();
    logger_.warn("change could not be moved", {{"change", change.id}, {"error", moved.error().message()}});
    return false;
  }
  tell(change, *moved);
  return to_json(*moved) != to_json(change);
}

void ChangeRunner::tidy_running() {
  const std::lock_guard lock(running_mutex_);
  std::erase_if(running_, [](const auto& one) { return one.second.done->load(); });
  const TimestampMs until = clock_.now_ms() + ChangeMachine::kLeaseMs;
  for (const auto& [id, running] : running_) {
    static_cast<void>(ledger_.take_lease(ChangeMachine::lease_name(running.change), node_, until));
  }
}

void ChangeRunner::start(const Change& change) {
  const std::lock_guard lock(running_mutex_);
  if (stopped_ || running_.size() >= kStepsAtOnceMax || running_.contains(change.id)) return;
  auto done = std::make_shared<std::atomic<bool>>(false);
  std::jthread thread([this, change, done] {
    static_cast<void>(step_now(change));
    const std::lock_guard ended(running_mutex_);
    done->store(true);
    step_ended_.notify_all();
  });
  running_.emplace(change.id, Running{done, change, std::move(thread)});
}

Status ChangeRunner::tick() {
  tidy_running();
  TRY(propose_by_policy());
  ChangeFilter filter;
  filter.live = true;
  const std::vector<Change> live = TRY(ledger_.changes(filter));
  metrics_.gauge("trimtab_act_changes_live", "Changes that have not ended.")
      .set(static_cast<double>(live.size()));
  for (const Change& change : live) {
    if (machine_.is_due(change)) start(change);
  }
  return recheck_kept();
}

Status ChangeRunner::run_until_idle() {
  ChangeFilter filter;
  filter.live = true;
  bool moved = true;
  for (int round = 0; moved && round < 100; ++round) {
    moved = false;
    TRY(propose_by_policy());
    for (const Change& change : TRY(ledger_.changes(filter))) {
      if (machine_.is_due(change)) moved = step_now(change) || moved;
    }
  }
  return recheck_kept();
}

}  // namespace trimtab::act
