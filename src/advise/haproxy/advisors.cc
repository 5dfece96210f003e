// SPDX-License-Identifier: Apache-2.0
#include "advise/haproxy/advisors.h"

#include <fmt/format.h>

#include "advise/haproxy/haproxy_look.h"
#include "advise/haproxy/server_rules.h"
#include "advise/recommending.h"

namespace trimtab::advise::haproxy {

namespace {

class HaproxyAdvisor final : public Advisor {
 public:
  explicit HaproxyAdvisor(Target target) : target_(std::move(target)) {}

  std::string name() const override { return "haproxy.server"; }

  Result<std::vector<Recommendation>> advise(const Context& context) override {
    const HaproxyLook look = TRY(read_look(context, target_.instance));
    std::vector<Recommendation> out;
    if (look.seconds * kSecondMs < static_cast<double>(kHaproxyWindowMinMs)) {
      out = {not_enough_data(fmt::format("haproxy|{}|needs", target_.name()),
                             "No advice on " + target_.instance + " yet", "1 more minute of samples")};
    } else {
      out = advise_servers(look, target_.name());
    }
    // The entity is as catalog/haproxy.yaml says.
    complete(out, name(), target_.name(), {"proxy", target_.instance}, context);
    return out;
  }

 private:
  const Target target_;
};

}  // namespace

std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target) {
  std::vector<std::unique_ptr<Advisor>> out;
  out.push_back(std::make_unique<HaproxyAdvisor>(target));
  return out;
}

}  // namespace trimtab::advise::haproxy
