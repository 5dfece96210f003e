// SPDX-License-Identifier: Apache-2.0
#include "advise/linux/advisors.h"

#include <fmt/format.h>

#include "advise/linux/cpu_rules.h"
#include "advise/linux/machine_rules.h"
#include "advise/linux/memory_rules.h"
#include "advise/recommending.h"

namespace trimtab::advise::host {

namespace {

// What one group is given of the host, another can not have: one after the other, each measured.
void set_conflicts(std::vector<Recommendation>& all) {
  const auto kind = [](const Recommendation& one) {
    const auto property = one.action.parameters.find("property");
    return property == one.action.parameters.end() ? "" : property->second.substr(0, 3);
  };
  for (Recommendation& one : all) {
    for (const Recommendation& other : all) {
      if (&one != &other && !kind(one).empty() && kind(one) == kind(other)) {
        one.conflicts.push_back(other.fingerprint);
      }
    }
  }
}

class CgroupAdvisor final : public Advisor {
 public:
  explicit CgroupAdvisor(AdvisedHost where) : where_(std::move(where)) {}

  std::string name() const override { return "linux.cgroup"; }

  Result<std::vector<Recommendation>> advise(const Context& context) override {
    const Look look = TRY(read_look(context, where_.instance));
    std::vector<Recommendation> out;
    for (const GroupLook& group : look.groups) {
      if (auto one = advise_cpu(group, look.host, where_)) out.push_back(std::move(*one));
      for (Recommendation& one : advise_small_memory(group, look.host, where_)) out.push_back(std::move(one));
    }
    for (Recommendation& one : advise_large_memory(look.groups, where_)) out.push_back(std::move(one));
    set_conflicts(out);
    for (Recommendation& one : out)
      complete({&one, 1}, name(), where_.target, EntityRef(one.entity), context);
    return out;
  }

 private:
  const AdvisedHost where_;
};

class MachineAdvisor final : public Advisor {
 public:
  explicit MachineAdvisor(AdvisedHost where) : where_(std::move(where)) {}

  std::string name() const override { return "linux.host"; }

  Result<std::vector<Recommendation>> advise(const Context& context) override {
    MachineLook machine = TRY(read_machine(context, where_.instance));
    std::vector<Recommendation> out = advise_filesystems(context.findings, machine, where_, context.now_ms);
    if (!out.empty()) {
      machine.writers = TRY(read_writers(context, where_.instance));
      out = advise_filesystems(context.findings, machine, where_, context.now_ms);
    }
    if (auto one = advise_swap(machine, where_)) out.push_back(std::move(*one));
    for (Recommendation& one : advise_handles(machine, where_)) out.push_back(std::move(one));
    complete(out, name(), where_.target, EntityRef{"host", where_.instance}, context);
    return out;
  }

 private:
  const AdvisedHost where_;
};

}  // namespace

std::vector<std::unique_ptr<Advisor>> create_advisors(std::string target, std::string instance,
                                                      DurationMs interval_ms) {
  std::vector<std::unique_ptr<Advisor>> out;
  const AdvisedHost where{std::move(target), std::move(instance), interval_ms};
  out.push_back(std::make_unique<CgroupAdvisor>(where));
  out.push_back(std::make_unique<MachineAdvisor>(where));
  return out;
}

}  // namespace trimtab::advise::host
