// SPDX-License-Identifier: Apache-2.0
#include "analyze/cause.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace trimtab::analyze {
namespace {

using Indices = std::vector<std::size_t>;

// For each suspect the suspects that it calls, directly or through others, and that callers would feel.
std::vector<Indices> suspects_below(const std::vector<Suspect>& suspects, const Estate& estate) {
  std::map<EntityRef, std::size_t> place;
  for (std::size_t i = 0; i < suspects.size(); ++i) place.emplace(suspects[i].entity, i);
  std::vector<Indices> below(suspects.size());
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    for (const EntityRef& entity : estate.downstream(suspects[i].entity)) {
      const auto found = place.find(entity);
      if (found == place.end() || found->second == i || !suspects[found->second].felt_by_callers) continue;
      below[i].push_back(found->second);
    }
    std::sort(below[i].begin(), below[i].end());
  }
  return below;
}

bool contains(const Indices& indices, std::size_t index) {
  return std::binary_search(indices.begin(), indices.end(), index);
}

// How often `called` is called for one operation of `caller`, at most: it may serve others too.
double calls_per_operation(const Suspect& caller, const Suspect& called) {
  for (const auto& [metric, operations] : caller.traffic) {
    const auto same = called.traffic.find(metric);
    if (same != called.traffic.end() && operations > 0 && same->second > 0) return same->second / operations;
  }
  return kCallsAssumed;
}

// Is what is off below enough to make what is off above?
bool adds_enough(const Suspect& called, const Suspect& caller) {
  if (called.other_trouble) return true;
  const double calls = calls_per_operation(caller, called);
  const double seconds = calls * called.added_seconds_most;
  const double failures = calls * called.added_failures;
  if (caller.led_by_failures) {
    return failures * kOwnTroubleRatio >= caller.added_failures ||
           seconds >= kTimeoutLeastSeconds * caller.added_failures;
  }
  // Failures below may cost any time above: repeated attempts.
  return called.added_failures > 0 || seconds * kOwnTroubleRatio >= caller.added_seconds_least;
}

}  // namespace

void find_origins(std::vector<Suspect>& suspects, const Estate& estate) {
  const std::vector<Indices> below = suspects_below(suspects, estate);
  // explains[i]: the suspects below i strong enough to account for i, cycles left out.
  std::vector<Indices> explained_by(suspects.size());
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    for (const std::size_t k : below[i]) {
      const bool cycle = contains(below[k], i);
      const bool strong = suspects[k].strength * kOwnTroubleRatio >= suspects[i].strength;
      if (!cycle && strong && adds_enough(suspects[k], suspects[i])) explained_by[i].push_back(k);
    }
  }
  for (Suspect& suspect : suspects) suspect.rank_harm = suspect.harm;
  std::vector<double> credit(suspects.size(), 1);  // share of harm not yet explained by each origin
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    Indices roots;
    for (const std::size_t k : explained_by[i]) {
      if (explained_by[k].empty()) roots.push_back(k);
    }
    std::sort(roots.begin(), roots.end(), [&](std::size_t a, std::size_t b) {
      return std::tuple(-suspects[a].harm, -suspects[a].strength, a) <
             std::tuple(-suspects[b].harm, -suspects[b].strength, b);
    });
    for (const std::size_t root : roots) {
      suspects[i].origins.push_back(suspects[root].entity);
      suspects[root].victims.push_back(suspects[i].entity);
      suspects[root].rank_harm = std::max(suspects[root].rank_harm, suspects[i].harm);
      credit[root] *= 1 - kVictimCredit * suspects[i].harm / static_cast<double>(roots.size());
    }
  }
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    suspects[i].rank_harm = 1 - (1 - suspects[i].rank_harm) * credit[i];
  }
  std::map<EntityRef, double> rank_harm;
  for (const Suspect& suspect : suspects) rank_harm.emplace(suspect.entity, suspect.rank_harm);
  for (Suspect& suspect : suspects) {
    for (const EntityRef& origin : suspect.origins) {
      suspect.rank_harm = std::min(suspect.rank_harm, kVictimShare * rank_harm[origin]);
    }
  }
}

}  // namespace trimtab::analyze
