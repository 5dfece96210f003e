// SPDX-License-Identifier: Apache-2.0
#include "advise/linux/group_advice.h"

#include <fmt/format.h>

#include <algorithm>

#include "advise/series.h"
#include "base/format.h"

namespace trimtab::advise::host {

std::string AdvisedHost::labels(const std::string& more) const {
  return fmt::format("{{job=\"host\",instance={}{}}}", promql_string(instance), more);
}
std::string AdvisedHost::labels_of(const GroupLook& group) const {
  return labels(",cgroup=" + promql_string(group.path));
}
std::string AdvisedHost::labels_of_others(const GroupLook& group) const {
  return labels(",cgroup!=" + promql_string(group.path));
}

EntityRef entity_of(const AdvisedHost& where, const GroupLook& group) {
  return {"container", where.instance + "/" + group.path};
}

Recommendation set_advice(const AdvisedHost& where, const GroupLook& group, const std::string& property,
                          const std::string& value) {
  Recommendation out;
  out.fingerprint = fmt::format("linux.cgroup|{}|{}|{}", where.target, group.path, property);
  out.entity = entity_of(where, group);
  out.action = {.type = "linux.cgroup",
                .target = where.target,
                .parameters = {{"group", group.path.substr(std::min<std::size_t>(1, group.path.size()))},
                               {"property", property},
                               {"value", value}},
                .apply = fmt::format("\"{}\" into {} of {}", value, property, group.path),
                .undo = fmt::format("{} of {} gets the value it had", property, group.path)};
  out.cost =
      "the kernel forgets it with the group, and systemd writes its own value on a reload: once kept, write "
      "it "
      "into the unit or the container's definition too";
  constexpr DurationMs kStepMax = 5 * kMinuteMs;
  out.verify.step_ms = std::min(4 * where.interval_ms, kStepMax);
  out.verify.before_ms = std::max<DurationMs>(10 * kMinuteMs, 40 * out.verify.step_ms);
  out.verify.observe_min_ms = 6 * out.verify.step_ms;
  out.verify.observe_max_ms = std::max<DurationMs>(30 * kMinuteMs, 60 * out.verify.step_ms);
  return out;
}

Recommendation people_advice(const AdvisedHost& where, const GroupLook& group, const std::string& what) {
  Recommendation out;
  out.fingerprint = fmt::format("linux|{}|{}|{}", where.target, group.path, what);
  out.entity = entity_of(where, group);
  return out;
}

std::string source(const std::string& file, const GroupLook& group) {
  return file + ", " + format_duration_human(static_cast<DurationMs>(group.seconds) * kSecondMs);
}

std::string cores(double number) {
  return fmt::format("{} core{}", format_number(number), number == 1 ? "" : "s");
}

}  // namespace trimtab::advise::host
