// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "report/escape.h"
#include "report/view.h"
#include "report/words.h"

namespace trimtab::report {
namespace {

// Below this share of judged series "nothing out of the ordinary" is no answer for the whole estate.
constexpr double kCoverageCalm = 0.5;
constexpr std::size_t kKindsNamed = 3;

// "2 services and 1 host"; beyond three kinds "7 parts of the estate".
std::string entities_phrase(const std::vector<const Finding*>& findings) {
  std::set<EntityRef> entities;
  for (const Finding* f : findings) entities.insert(f->entity);
  std::map<std::string, std::uint64_t> kinds;
  for (const EntityRef& entity : entities) ++kinds[plain_text(entity.kind, 30)];
  if (kinds.size() > kKindsNamed) return fmt::format("{} parts of the estate", grouped(entities.size()));
  std::vector<std::string> parts;
  for (const auto& [kind, count] : kinds) parts.push_back(count_of(count, kind));
  std::stable_sort(parts.begin(), parts.end(), [](const std::string& a, const std::string& b) {
    return a.find("service") != std::string::npos && b.find("service") == std::string::npos;
  });
  std::string text = parts[0];
  for (std::size_t i = 1; i < parts.size(); ++i) text += (i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text;
}

std::string harm_phrase(const std::vector<const Finding*>& findings) {
  std::set<EntityRef> all;
  std::set<EntityRef> harmful;
  std::set<EntityRef> possible;
  bool acknowledged = true;
  for (const Finding* f : findings) {
    all.insert(f->entity);
    if (harm_level(*f) == HarmLevel::kCertain) harmful.insert(f->entity);
    if (harm_level(*f) != HarmLevel::kNone) possible.insert(f->entity);
    acknowledged = acknowledged && f->state == FindingState::kAcknowledged;
  }
  std::string text;
  if (all.size() == 1) {
    text = !harmful.empty()    ? ", harming customers"
           : !possible.empty() ? ", which may reach customers"
                               : ", no harm to customers seen";
  } else if (harmful.size() == all.size()) {
    text = ", all of them harm customers";
  } else if (!harmful.empty()) {
    text = fmt::format(", {} of them {} customers", harmful.size(), harmful.size() == 1 ? "harms" : "harm");
  } else if (!possible.empty()) {
    text = fmt::format(", {} of them may reach customers", possible.size());
  } else {
    text = ", no harm to customers seen";
  }
  return acknowledged ? text + " (acknowledged)" : text;
}

std::string runs_out_phrase(const std::vector<const Finding*>& findings, TimestampMs at_ms) {
  const Finding& first = *findings.front();
  std::string noun(resource_noun(first));
  const bool same = std::all_of(findings.begin(), findings.end(),
                                [&](const Finding* f) { return resource_noun(*f) == noun; });
  if (!same) noun = "limit";
  const std::string verb = noun == "disk" ? (findings.size() == 1 ? "fills" : "fill")
                                          : (findings.size() == 1 ? "is reached" : "are reached");
  if (noun != "disk" && noun != "limit") noun += " limit";
  std::string text = count_of(findings.size(), noun) + " ";
  const auto& expected = first.exhaustion->expected_ms;
  if (!expected) return text + "may be reached, no date within the horizon";
  const std::string time = *expected <= at_ms ? "now" : "in about " + about(*expected - at_ms);
  return text + verb + (findings.size() == 1 ? " " : ", the first ") + time;
}

std::string unjudged_phrase(const CoverageView& c) {
  if (c.unjudged == 0) return "";
  return fmt::format("{} of {} could not be judged yet", grouped(c.unjudged), count_of(c.known, "series"));
}

// With no finding at all: says as much as the coverage carries and no more.
std::string quiet_phrase(const CoverageView& c) {
  if (c.unjudged == 0)
    return fmt::format("Nothing out of the ordinary: all {} watched behave as usual",
                       count_of(c.watched, "series"));
  const std::string rest = unjudged_phrase(c);
  if (static_cast<double>(c.watched) < kCoverageCalm * static_cast<double>(c.known)) {
    return fmt::format("Too early to say: nothing out of the ordinary in the {} that could be judged, but {}",
                       count_of(c.watched, "series"), rest);
  }
  return fmt::format("Nothing out of the ordinary in the {} that could be judged; {}",
                     count_of(c.watched, "series"), rest);
}

}  // namespace

Verdict verdict_of(const std::vector<const Finding*>& unusual, const std::vector<const Finding*>& runs_out,
                   const CoverageView& coverage, TimestampMs at_ms) {
  Verdict verdict;
  std::vector<std::string> parts;
  if (!unusual.empty())
    parts.push_back(entities_phrase(unusual) + " out of the ordinary" + harm_phrase(unusual));
  if (!runs_out.empty()) parts.push_back(runs_out_phrase(runs_out, at_ms));
  if (!parts.empty()) {
    const auto harms = [](const Finding* f) { return harm_level(*f) == HarmLevel::kCertain; };
    const bool harm = std::any_of(unusual.begin(), unusual.end(), harms) ||
                      std::any_of(runs_out.begin(), runs_out.end(), harms);
    verdict.mood = harm ? Mood::kHarm : Mood::kNotice;
    if (unusual.empty()) parts.push_back("nothing else out of the ordinary");
    if (const std::string rest = unjudged_phrase(coverage); !rest.empty()) parts.push_back(rest);
  } else if (coverage.known == 0) {
    parts.push_back("No data yet: no series are known, so nothing can be judged");
  } else if (coverage.watched == 0) {
    parts.push_back(fmt::format("Not enough data yet: none of the {} could be judged",
                                count_of(coverage.known, "known series")));
  } else {
    const bool enough =
        static_cast<double>(coverage.watched) >= kCoverageCalm * static_cast<double>(coverage.known);
    verdict.mood = enough ? Mood::kCalm : Mood::kUnknown;
    parts.push_back(quiet_phrase(coverage));
  }
  for (const std::string& part : parts) verdict.sentence += (verdict.sentence.empty() ? "" : "; ") + part;
  verdict.sentence = capitalised(std::move(verdict.sentence)) + ".";
  return verdict;
}

}  // namespace trimtab::report
