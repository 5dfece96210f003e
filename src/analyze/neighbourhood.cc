// SPDX-License-Identifier: Apache-2.0
#include "analyze/neighbourhood.h"

#include <algorithm>
#include <map>
#include <string>

namespace trimtab::analyze {
namespace {

bool is_explained(const Finding& finding) {
  if (finding.evidence.empty()) return false;
  const std::string& method = finding.evidence.front().method;
  const bool dated = method != "leak" && method != "state";
  return dated && finding.kind != FindingKind::kExhaustion && finding.kind != FindingKind::kSlo;
}

// The finding's entity first, then what it depends on directly, as the estate lists it.
std::vector<EntityRef> entities_near(const EntityRef& entity, const Estate& estate) {
  std::vector<EntityRef> near{entity};
  for (const Edge& edge : estate.edges()) {
    if (edge.kind == EdgeKind::kOwnedBy || edge.from != entity) continue;
    if (std::find(near.begin(), near.end(), edge.to) == near.end()) near.push_back(edge.to);
  }
  return near;
}

}  // namespace

std::vector<Neighbourhood> neighbourhoods(std::span<const Finding> findings, const Plan& plan,
                                          const Estate& estate) {
  std::map<EntityRef, std::vector<std::size_t>> jobs_of;
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) jobs_of[plan.jobs[i].entity].push_back(i);
  std::vector<Neighbourhood> out;
  for (std::size_t f = 0; f < findings.size() && out.size() < kExplainedFindingsMax; ++f) {
    if (!is_explained(findings[f])) continue;
    Neighbourhood& one = out.emplace_back(Neighbourhood{.finding = f, .jobs = {}});
    for (const EntityRef& entity : entities_near(findings[f].entity, estate)) {
      const std::vector<std::size_t>& jobs = jobs_of[entity];
      one.jobs.insert(one.jobs.end(), jobs.begin(), jobs.end());
    }
  }
  return out;
}

}  // namespace trimtab::analyze
