// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "base/format.h"
#include "report/escape.h"
#include "report/view.h"
#include "report/words.h"

namespace trimtab::report {
namespace {

std::string percent(double share) { return format_with_unit(share, "ratio"); }

// 99.96 % and not 100 %: as many digits as the objective itself needs to be told from its target, and two
// more.
std::string good_percent(double bad_share, double target) {
  const double budget = std::max(1 - target, 1e-9);
  const int digits = std::clamp(static_cast<int>(std::ceil(-std::log10(budget * 100))) + 2, 1, 7);
  return fmt::format("{:.{}f} % good", (1 - bad_share) * 100, digits);
}

std::string_view state_word(ObjectiveState state) {
  switch (state) {
    case ObjectiveState::kNoData: return "no data";
    case ObjectiveState::kMet: return "met";
    case ObjectiveState::kBurning: return "burning";
    case ObjectiveState::kBurningFast: return "burning fast";
    case ObjectiveState::kMissed: return "missed";
  }
  return "";
}

std::string budget_words(double left) {
  if (!std::isfinite(left)) return "";
  return left >= 0 ? percent(left) + " of the budget left" : "overspent by " + percent(-left);
}

std::string pace_words(const ObjectiveStatus& o, TimestampMs at_ms) {
  if (!(o.burn > 1)) return "";
  std::string text =
      fmt::format("goes {} times too fast over {}", format_number(o.burn), about(o.burn_over_ms));
  if (!o.exhausted_ms) return text;
  text += fmt::format("; used up in about {}", about(*o.exhausted_ms - at_ms));
  if (o.earliest_ms && o.latest_ms && about(*o.earliest_ms - at_ms) != about(*o.latest_ms - at_ms)) {
    text +=
        fmt::format(" (90 % interval {} to {})", about(*o.earliest_ms - at_ms), about(*o.latest_ms - at_ms));
  }
  return text;
}

// 99.9 and not 99.900: the target as people write it.
std::string target_words(const ObjectiveStatus& o) {
  return fmt::format("{:.7g} % over {}", o.target * 100, about(o.window_ms));
}

ObjectiveView objective_view(const ObjectiveStatus& o, TimestampMs at_ms) {
  ObjectiveView view;
  view.status = &o;
  view.name = plain_text(o.name, 120);
  view.entity = plain_text(o.entity.to_string(), 120);
  view.state = state_word(o.state);
  view.good = o.state == ObjectiveState::kMet;
  view.bad = o.state == ObjectiveState::kMissed || o.state == ObjectiveState::kBurningFast;
  const bool known = o.state != ObjectiveState::kNoData;
  view.facts = (known ? good_percent(o.bad_share, o.target) + ", " : "") + "objective " + target_words(o);
  for (const std::string& part : {known ? budget_words(o.budget_left) : "", known ? pace_words(o, at_ms) : "",
                                  plain_text(o.problem, 300)}) {
    if (!part.empty()) view.facts += "; " + part;
  }
  return view;
}

std::string summary(const std::vector<ObjectiveStatus>& all) {
  std::map<ObjectiveState, std::uint64_t> counts;
  for (const ObjectiveStatus& o : all) ++counts[o.state];
  std::string text =
      fmt::format("{} of {} met", grouped(counts[ObjectiveState::kMet]), count_of(all.size(), "objective"));
  const auto add = [&](ObjectiveState state, std::string_view words) {
    if (counts[state] > 0) text += fmt::format(", {} {}", grouped(counts[state]), words);
  };
  add(ObjectiveState::kMissed, "missed");
  add(ObjectiveState::kBurningFast, "burning fast");
  add(ObjectiveState::kBurning, "burning");
  add(ObjectiveState::kNoData, "without data");
  return text + ".";
}

}  // namespace

void tell_objectives(BriefView& view, const AnalysisPass& pass) {
  if (pass.objectives.empty()) return;
  view.objectives_line = summary(pass.objectives);
  for (const ObjectiveStatus& o : pass.objectives) view.objectives.push_back(objective_view(o, pass.at_ms));
  const auto rank = [](const ObjectiveView& v) {
    static constexpr int kOrder[] = {3, 4, 2, 1, 0};  // no data, met, burning, burning fast, missed
    return std::tuple(kOrder[static_cast<int>(v.status->state)], v.entity, v.name);
  };
  std::stable_sort(view.objectives.begin(), view.objectives.end(),
                   [&](const ObjectiveView& a, const ObjectiveView& b) { return rank(a) < rank(b); });
  if (view.objectives.size() > kObjectivesShownMax) {
    view.objectives_hidden = view.objectives.size() - kObjectivesShownMax;
    view.objectives.resize(kObjectivesShownMax);
  }
}

}  // namespace trimtab::report
