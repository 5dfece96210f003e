// SPDX-License-Identifier: Apache-2.0
#include "act/door/door_executor.h"

#include <fmt/format.h>

#include <algorithm>

#include "act/door/run_guard.h"
#include "act/door/step_runner.h"

namespace trimtab::act {

namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

class DoorExecutor final : public Executor {
 public:
  DoorExecutor(Door door, std::string folder)
      : door_(std::move(door)), folder_(std::move(folder)), runner_(door_) {}

  Result<ActionWords> describe(const Action& action) const override {
    DoorValues values = TRY(read_values(action));
    values["before"] = "BEFORE";
    ActionWords out;
    out.apply = TRY(words_of(door_.apply, values));
    const auto undo = words_of(door_.undo, values);  // "BEFORE" may not fit where only a number may stand
    out.undo =
        undo ? *undo + " (BEFORE: what was read before)" : "as it was before, read when the change is made";
    return out;
  }

  Status check(const Action& action) override {
    DoorValues values = TRY(read_values(action));
    if (door_.check) TRY(runner_.run(*door_.check, values));
    const std::string now = TRY(read(values));
    const std::string wanted = TRY(door_.expect.fill(values));
    if (now == wanted) return fail(ErrorCode::kConflict, fmt::format("{}: it is so already", door_.target()));
    if (TRY(read(values)) != now) {
      return invalid(fmt::format(
          "{}: read does not give the same twice, so nobody could tell whether an effect is there",
          door_.target()));
    }
    // What undo would be given must be allowed to stand there: known now, not when it is needed.
    values["before"] = now;
    TRY(words_of(door_.apply, values));
    TRY(words_of(door_.undo, values));
    return ok();
  }

  Result<std::string> capture(const Action& action) override {
    const DoorValues values = TRY(read_values(action));
    return read(values);
  }

  Status apply(const Action& action, const std::string& undo_state) override {
    return run(door_.apply, action, undo_state);
  }
  Result<bool> is_applied(const Action& action, const std::string&) override {
    const DoorValues values = TRY(read_values(action));
    const std::string wanted = TRY(door_.expect.fill(values));
    return TRY(settled(values)) == wanted;
  }
  Status undo(const Action& action, const std::string& undo_state) override {
    return run(door_.undo, action, undo_state);
  }
  Result<bool> is_undone(const Action& action, const std::string& undo_state) override {
    const DoorValues values = TRY(read_values(action));
    return TRY(settled(values)) == undo_state;
  }
  void cancel() override { runner_.cancel(); }

 private:
  Result<DoorValues> read_values(const Action& action) const {
    if (action.target != door_.target()) {
      return invalid(
          fmt::format("{}: target \"{:.64}\": expected {}", action.type, action.target, door_.target()));
    }
    DoorValues out;
    for (const auto& [name, value] : action.parameters) {
      const auto known = door_.parameters.find(name);
      if (known == door_.parameters.end()) {
        return invalid(fmt::format("{}: unknown parameter \"{:.64}\"", action.type, name));
      }
      if (value.size() > Door::kValueBytesMax || std::ranges::any_of(value, is_control)) {
        return invalid(fmt::format("{}: {}: expected at most {} bytes without control characters",
                                   action.type, name, Door::kValueBytesMax));
      }
      if (!known->second.matches(value)) {
        return invalid(
            fmt::format("{}: {}: the value does not match {}", action.type, name, known->second.value()));
      }
      out.emplace(name, value);
    }
    for (const auto& [name, matcher] : door_.parameters) {
      if (!out.contains(name)) return invalid(fmt::format("{}: {} is missing", action.type, name));
    }
    return out;
  }

  Result<std::string> read(const DoorValues& values) { return runner_.ask(door_.read, values); }

  // The state once programs that outlived us have ended.
  Result<std::string> settled(const DoorValues& values) {
    const RunGuard guard = TRY(RunGuard::take(folder_, door_.name));
    return read(values);
  }

  Status run(const DoorStep& step, const Action& action, const std::string& undo_state) {
    DoorValues values = TRY(read_values(action));
    values["before"] = undo_state;
    const RunGuard guard = TRY(RunGuard::take(folder_, door_.name));
    TRY(runner_.run(step, values, guard.descriptor()));
    return ok();
  }

  const Door door_;
  const std::string folder_;
  StepRunner runner_;
};

}  // namespace

std::unique_ptr<Executor> create_door_executor(Door door, std::string folder) {
  return std::make_unique<DoorExecutor>(std::move(door), std::move(folder));
}

}  // namespace trimtab::act
