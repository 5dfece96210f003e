// SPDX-License-Identifier: Apache-2.0
#include "advise/recommending.h"

#include <utility>

namespace trimtab::advise {

void complete(std::span<Recommendation> recommendations, const std::string& advisor,
              const std::string& target, const EntityRef& entity, const Context& context) {
  const EntityInfo info = context.estate.info(entity);
  for (Recommendation& one : recommendations) {
    one.advisor = advisor;
    one.action.target = target;
    one.entity = entity;
    one.owner = info.owner;
    one.tier = info.tier;
    one.created_ms = one.updated_ms = context.now_ms;
    if (one.expires_ms == 0) one.expires_ms = context.now_ms + kAdviceExpiresMs;
  }
}

Recommendation for_people(std::string fingerprint, std::string title, std::string why,
                          std::vector<Fact> evidence) {
  Recommendation out;
  out.fingerprint = std::move(fingerprint);
  out.title = std::move(title);
  out.why = std::move(why);
  out.evidence = std::move(evidence);
  return out;
}

Recommendation not_enough_data(std::string fingerprint, std::string title, std::string needs) {
  Recommendation out;
  out.fingerprint = std::move(fingerprint);
  out.state = RecommendationState::kNotEnoughData;
  out.title = std::move(title);
  out.why = "What is known is too little to advise on.";
  out.needs = std::move(needs);
  return out;
}

}  // namespace trimtab::advise
