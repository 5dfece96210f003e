// SPDX-License-Identifier: Apache-2.0
#include "rules/rule_manager.h"

#include <algorithm>
#include <chrono>
#include <map>

namespace trimtab {
namespace {

constexpr DurationMs kNapMsMax =
    1000;  // the wall clock may be set: it is looked at again at least this often

std::shared_ptr<const RuleGroupView> view_of(const RunningGroup& running) {
  auto group = std::make_shared<RuleGroupView>();
  group->name = running.group().name;
  group->file = running.group().file;
  group->interval_ms = running.interval_ms();
  group->limit = running.group().limit;
  group->last_evaluation_ms = running.last_evaluation_ms();
  group->seconds = running.seconds();
  for (const RunningGroup::RunningRule& rule : running.rules()) {
    RuleView one{.rule = rule.rule, .health = rule.health, .alerts = {}, .state = state_of(rule.alerts)};
    for (const auto& [labels, alert] : rule.alerts) {
      if (alert.state != AlertState::kInactive) one.alerts.push_back(alert);
    }
    group->rules.push_back(std::move(one));
  }
  return group;
}

}  // namespace

RuleManager::RuleManager(RuleServices services, const RuleManagerOptions& options)
    : services_(std::move(services)), options_(options) {}

void RuleManager::apply(std::vector<RuleGroup> groups, const Labels& external_labels) {
  std::sort(groups.begin(), groups.end(), [](const RuleGroup& a, const RuleGroup& b) {
    return std::tie(a.file, a.name) < std::tie(b.file, b.name);
  });
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !applying_; });
  applying_ = true;
  changed_.wait(lock, [this] {
    return std::none_of(slots_.begin(), slots_.end(), [](const auto& slot) { return slot->busy; });
  });
  // Nobody evaluates now, and nobody begins to while applying_ holds.
  std::vector<std::shared_ptr<Slot>> former = slots_;
  lock.unlock();
  services_.external_labels = external_labels;
  const TimestampMs now = services_.clock.now_ms();
  std::map<std::string, std::shared_ptr<Slot>> by_key;
  for (const auto& slot : former) by_key.emplace(slot->group->group().key(), slot);
  std::vector<std::shared_ptr<Slot>> fresh;
  for (RuleGroup& group : groups) {
    auto slot = std::make_shared<Slot>();
    const DurationMs interval = group.interval_ms > 0 ? group.interval_ms : options_.interval_ms;
    slot->group = std::make_unique<RunningGroup>(std::move(group), interval, services_);
    slot->due_ms = slot->group->moment_at_or_before(now) + interval;
    if (const auto it = by_key.find(slot->group->group().key()); it != by_key.end()) {
      slot->group->take_over(*it->second->group);
    } else {
      slot->group->restore(now);
    }
    slot->view = view_of(*slot->group);
    fresh.push_back(std::move(slot));
  }
  for (const auto& slot : former) slot->group->retire(now);
  lock.lock();
  slots_ = std::move(fresh);
  applying_ = false;
  changed_.notify_all();
}

void RuleManager::start() {
  for (int i = 0; i < std::max(1, options_.threads); ++i)
    threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
}

void RuleManager::stop() {
  cancelled_ = true;
  for (std::jthread& thread : threads_) thread.request_stop();
  {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }
  threads_.clear();
}

// The idle group that is due first.
std::shared_ptr<RuleManager::Slot> RuleManager::next_due() {
  std::shared_ptr<Slot> first;
  for (const auto& slot : slots_) {
    if (!slot->busy && (!first || slot->due_ms < first->due_ms)) first = slot;
  }
  return first;
}

void RuleManager::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const std::shared_ptr<Slot> slot = applying_ ? nullptr : next_due();
    const DurationMs wait = slot ? slot->due_ms - services_.clock.now_ms() : kNapMsMax;
    if (wait > 0) {
      changed_.wait_for(lock, std::chrono::milliseconds(std::min(wait, kNapMsMax)));
      continue;
    }
    slot->busy = true;
    const TimestampMs moment = slot->due_ms;
    lock.unlock();
    slot->group->evaluate(moment, &cancelled_);
    auto view = view_of(*slot->group);
    lock.lock();
    slot->view = std::move(view);
    finish(*slot, moment, services_.clock.now_ms());
    slot->busy = false;
    changed_.notify_all();
  }
}

// The next moment is the newest one that has come, or the one after this.
void RuleManager::finish(Slot& slot, TimestampMs moment, TimestampMs now) {
  const DurationMs interval = slot.group->interval_ms();
  const std::int64_t missed = std::max<std::int64_t>(0, (now - moment) / interval - 1);
  if (missed > 0) slot.group->count_missed(missed);
  slot.due_ms = moment + (missed + 1) * interval;
}

void RuleManager::evaluate_due(TimestampMs now) {
  for (const auto& slot : slots_) {
    while (slot->due_ms <= now) {
      const TimestampMs moment = slot->due_ms;
      slot->group->evaluate(moment, &cancelled_);
      slot->view = view_of(*slot->group);
      finish(*slot, moment, now);
    }
  }
}

std::vector<std::shared_ptr<const RuleGroupView>> RuleManager::view() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<const RuleGroupView>> out;
  for (const auto& slot : slots_) out.push_back(slot->view);
  return out;
}

}  // namespace trimtab
