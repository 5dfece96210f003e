// SPDX-License-Identifier: Apache-2.0
#include "analyze/findings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "analyze/cause.h"
#include "analyze/harm.h"
#include "analyze/words.h"
#include "base/format.h"
#include "kernels/false_discovery.h"

namespace trimtab::analyze {
namespace {

// One unusual reading.
struct Clue {
  const Job* job = nullptr;
  const Output* output = nullptr;
  double rate = 0;     // false alarms a day if this counted
  bool alarm = false;  // within the budget
  double harm = 0;
  Evidence evidence;
};

struct Case {
  EntityRef entity;
  std::vector<Clue> clues;
  std::size_t alarms = 0;
};

std::string fingerprint(std::string_view text) { return fmt::format("{:016x}", hash_bytes(text).low); }

Evidence to_evidence(const Job& job, const Output& output) {
  const Meaning meaning = meaning_of(job, output.reading);
  Evidence evidence;
  evidence.series = job.labels;
  evidence.expression = expression_of(job, output.reading);
  evidence.domain = job.signal.domain;
  evidence.aspect = meaning.aspect;
  evidence.unit = meaning.unit;
  evidence.worse = meaning.worse;
  evidence.sparkline = output.verdict.sparkline.values;
  evidence.sparkline_range = output.verdict.sparkline.range;
  if (const Unusual* unusual = output.verdict.unusual.get()) {
    evidence.method = unusual->method;
    evidence.statistic = unusual->statistic;
    evidence.window = unusual->window;
    evidence.compared_with = unusual->compared_with;
    evidence.usual = unusual->usual;
    evidence.usual_low = unusual->usual_low;
    evidence.usual_high = unusual->usual_high;
    evidence.now = unusual->now;
    evidence.effect = unusual->effect;
    evidence.score = 1 - output.verdict.probability;
  }
  return evidence;
}

// "Does not answer": a state at zero needs no statistics.
void make_down(Evidence& evidence, const Output& output, TimestampMs at_ms) {
  const bool dated = output.verdict.unusual != nullptr;
  evidence.method = "state";
  evidence.statistic =
      dated ? "0 in every sample of the window, usually 1" : "0 in every sample of the window";
  if (!dated) evidence.window = {output.verdict.sparkline.range.from, at_ms};
  evidence.usual = dated ? evidence.usual : 1;
  evidence.now = 0;
  evidence.score = 1;
}

// Of a unit of time; 0: it is none.
double seconds_of(std::string_view unit) {
  if (unit == "seconds") return 1;
  if (unit == "ms") return 1e-3;
  return unit == "us" ? 1e-6 : 0;
}

class FindingMaker {
 public:
  FindingMaker(const Plan& plan, const std::vector<JobResult>& results, const FindingContext& context)
      : plan_(plan), results_(results), context_(context) {}

  FindingSet make() {
    choose_alarms();
    gather_cases();
    gather_traffic();
    make_unusual_findings();
    make_limit_findings();
    std::sort(set_.findings.begin(), set_.findings.end(), [](const Finding& a, const Finding& b) {
      return std::tuple(-a.harm, a.entity, a.fingerprint) < std::tuple(-b.harm, b.entity, b.fingerprint);
    });
    return std::move(set_);
  }

 private:
  static double rate_of(const Verdict& verdict) { return verdict.probability * verdict.looks_per_day; }

  void choose_alarms() {
    std::vector<double> rates;
    for (const JobResult& result : results_) {
      for (const Output& output : result.outputs) {
        judged_ += output.verdict.judged;
        if (output.verdict.unusual) rates.push_back(rate_of(output.verdict));
      }
    }
    std::sort(rates.begin(), rates.end());
    const std::size_t keep = kernels::keep_alarms(rates, judged_, context_.false_alarms_per_day);
    bar_ = keep > 0 ? rates[keep - 1] : -1;
  }

  void gather_cases() {
    for (std::size_t i = 0; i < results_.size(); ++i) {
      for (const Output& output : results_[i].outputs) {
        if (!output.verdict.unusual && !output.verdict.down) continue;
        Clue clue{.job = &plan_.jobs[i], .output = &output, .evidence = to_evidence(plan_.jobs[i], output)};
        clue.rate = output.verdict.down ? 0 : rate_of(output.verdict);
        clue.alarm = output.verdict.down || clue.rate <= bar_;
        if (output.verdict.down) make_down(clue.evidence, output, context_.at_ms);
        clue.harm = output.verdict.down ? 1 : evidence_harm(clue.evidence);
        Case& found = cases_[clue.job->entity];
        found.entity = clue.job->entity;
        found.alarms += clue.alarm;
        found.clues.push_back(std::move(clue));
      }
    }
    std::erase_if(cases_, [](const auto& entry) { return entry.second.alarms == 0; });
    for (auto& [entity, found] : cases_) {
      std::sort(found.clues.begin(), found.clues.end(), [](const Clue& a, const Clue& b) {
        return std::tuple(!a.alarm, -a.harm, -std::abs(a.evidence.effect), a.evidence.series,
                          a.evidence.expression) < std::tuple(!b.alarm, -b.harm, -std::abs(b.evidence.effect),
                                                              b.evidence.series, b.evidence.expression);
      });
    }
  }

  Sureness sureness_of(const Case& found) const {
    double lowest = found.clues.front().rate;
    bool lasting = false;
    for (const Clue& clue : found.clues) {
      lowest = std::min(lowest, clue.rate);
      lasting |= clue.output->verdict.unusual && clue.output->verdict.unusual->lasting;
    }
    // Expected false alarms a day over all readings if this were the bar.
    const double expected = lowest * static_cast<double>(std::max<std::uint64_t>(1, judged_));
    const bool agreed = found.clues.size() >= 2 || lasting;
    if (expected <= 1e-4 || (agreed && expected <= 1e-2)) return Sureness::kHigh;
    return expected <= context_.false_alarms_per_day ? Sureness::kMedium : Sureness::kLow;
  }

  Finding begin_finding(const EntityRef& entity) const {
    const EntityInfo info = context_.estate.info(entity);
    Finding finding;
    finding.entity = entity;
    finding.owner = info.owner;
    finding.tier = info.tier;
    finding.last_seen_ms = context_.at_ms;
    return finding;
  }

  Finding unusual_finding(const Case& found) const {
    Finding finding = begin_finding(found.entity);
    const Clue& lead = found.clues.front();
    const Unusual* unusual = lead.output->verdict.unusual.get();
    finding.fingerprint = unusual_fingerprint(found.entity);
    finding.kind = kind_of(lead.evidence, unusual && unusual->lasting);
    finding.title = unusual_title(found.entity, lead.job->signal, lead.evidence);
    finding.since_ms = lead.evidence.window.from;
    finding.sure = sureness_of(found);
    finding.harm = lead.harm * tier_weight(finding.tier) * sureness_weight(finding.sure) *
                   traffic_weight(traffic_share(found.entity)) *
                   duration_weight(context_.at_ms - finding.since_ms);
    finding.harm_reason = harm_words(lead.evidence, finding.tier);
    if (unusual && !unusual->event.empty())
      finding.harm_reason += fmt::format("; during \"{}\"", unusual->event);
    for (const Clue& clue : found.clues) {
      if (finding.evidence.size() == kEvidencePerFindingMax) break;
      finding.evidence.push_back(clue.evidence);
    }
    return finding;
  }

  // What callers feel of this entity: its latency, errors, availability and saturation clues.
  static Suspect suspect_of(const Case& found, double harm) {
    Suspect suspect;
    suspect.entity = found.entity;
    suspect.harm = harm;
    bool led = false;
    for (const Clue& clue : found.clues) {
      const Evidence& evidence = clue.evidence;
      const bool fails = evidence.aspect == "errors" || evidence.aspect == "availability";
      const bool waits = evidence.aspect == "latency";
      if (!fails && !waits && evidence.aspect != "saturation") continue;
      suspect.felt_by_callers = true;
      suspect.strength = std::max(suspect.strength, std::log1p(std::abs(evidence.effect)));
      const double change = std::abs(evidence.now - evidence.usual);
      const double percent = evidence.unit == "percent" ? 0.01 : 1;
      if (const double second = waits ? seconds_of(evidence.unit) : 0; second > 0) {
        const double least = suspect.added_seconds_least;
        suspect.added_seconds_least = least > 0 ? std::min(least, change * second) : change * second;
        suspect.added_seconds_most = std::max(suspect.added_seconds_most, change * second);
      } else if (fails && is_share(evidence.unit)) {
        suspect.added_failures = std::max(suspect.added_failures, change * percent);
      } else {
        suspect.other_trouble = true;
      }
      if (!led) suspect.led_by_failures = fails;
      led = true;
    }
    return suspect;
  }

  // Operations of every entity, by metric, and the most that one has.
  void gather_traffic() {
    for (std::size_t i = 0; i < results_.size(); ++i) {
      const Job& job = plan_.jobs[i];
      for (const Output& output : results_[i].outputs) {
        if (!output.verdict.judged || meaning_of(job, output.reading).aspect != "traffic") continue;
        const std::string metric(job.labels.metric_name());
        double& operations = traffic_[job.entity][metric];
        operations += std::max(0.0, output.verdict.level);
        busiest_[metric] = std::max(busiest_[metric], operations);
      }
    }
  }

  // Of the busiest entity's operations in the same metric; NaN: not measured.
  double traffic_share(const EntityRef& entity) const {
    double share = std::numeric_limits<double>::quiet_NaN();
    const auto found = traffic_.find(entity);
    if (found == traffic_.end()) return share;
    for (const auto& [metric, operations] : found->second) {
      const double busiest = busiest_.at(metric);
      if (busiest > 0) share = std::fmax(share, operations / busiest);
    }
    return share;
  }

  void make_unusual_findings() {
    std::vector<Finding> findings;
    std::vector<Suspect> suspects;
    for (const auto& [entity, found] : cases_) {
      if (context_.estate.in_maintenance(entity, context_.at_ms)) {
        ++set_.in_maintenance;
        continue;
      }
      findings.push_back(unusual_finding(found));
      suspects.push_back(suspect_of(found, findings.back().harm));
      if (const auto traffic = traffic_.find(entity); traffic != traffic_.end())
        suspects.back().traffic = traffic->second;
    }
    find_origins(suspects, context_.estate);
    for (std::size_t i = 0; i < findings.size(); ++i) {
      relate(findings[i], suspects[i]);
      set_.findings.push_back(std::move(findings[i]));
    }
  }

  static void relate(Finding& finding, const Suspect& suspect) {
    finding.harm = suspect.rank_harm;
    finding.related = suspect.origins;
    finding.related.insert(finding.related.end(), suspect.victims.begin(), suspect.victims.end());
    if (!suspect.origins.empty()) {
      finding.harm_reason += "; likely because of " + entity_words(suspect.origins.front());
    } else if (suspect.victims.size() == 1) {
      finding.harm_reason += "; likely the origin of trouble in " + entity_words(suspect.victims.front());
    } else if (!suspect.victims.empty()) {
      finding.harm_reason += fmt::format("; likely the origin of trouble in {} and {} more",
                                         entity_words(suspect.victims.front()), suspect.victims.size() - 1);
    }
  }

  void make_limit_findings() {
    for (std::size_t i = 0; i < results_.size(); ++i) {
      for (const Output& output : results_[i].outputs) {
        if (!output.verdict.limit) continue;
        const Job& job = plan_.jobs[i];
        if (context_.estate.in_maintenance(job.entity, context_.at_ms)) {
          ++set_.in_maintenance;
          continue;
        }
        keep_limit_finding(job, limit_finding(job, output));
      }
    }
    for (auto& [key, finding] : limits_) set_.findings.push_back(std::move(finding));
  }

  // One disk mounted in several places is one limit: the shortest mount point speaks for it.
  void keep_limit_finding(const Job& job, Finding finding) {
    const std::string_view device = job.labels.get("device");
    const std::string what = device.empty() ? job.labels.to_string() : std::string(device);
    const auto key = std::tuple(job.entity, std::string(job.labels.metric_name()), what);
    const auto [found, added] = limits_.try_emplace(key, finding);
    if (added) return;
    const auto mount_point = [](const Finding& from) {
      const std::string_view name = from.evidence.front().series.get("mountpoint");
      return std::pair(name.size(), name);
    };
    if (mount_point(finding) < mount_point(found->second)) found->second = std::move(finding);
  }

  Finding limit_finding(const Job& job, const Output& output) const {
    const LimitState& state = *output.verdict.limit;
    Finding finding = begin_finding(job.entity);
    finding.fingerprint = limit_fingerprint(job.entity, job.labels);
    finding.kind = state.saturated ? FindingKind::kSaturation : FindingKind::kExhaustion;
    finding.title = limit_title(job.entity, job.signal, job.labels, state, context_.at_ms);
    finding.since_ms = state.saturated ? state.since_ms : context_.at_ms;
    finding.exhaustion = state.exhaustion;
    const double probability = state.exhaustion ? state.exhaustion->probability : 1;
    finding.sure = probability >= 0.95  ? Sureness::kHigh
                   : probability >= 0.8 ? Sureness::kMedium
                                        : Sureness::kLow;
    finding.harm = limit_harm(state) * tier_weight(finding.tier) * sureness_weight(finding.sure);
    finding.harm_reason = limit_reason(state);
    Evidence evidence = to_evidence(job, output);
    evidence.method = state.saturated ? "saturation" : state.method;
    evidence.statistic = state.statistic;
    evidence.window = {finding.since_ms, context_.at_ms};
    evidence.usual = state.usual;
    evidence.now = state.now;
    evidence.score = probability;
    finding.evidence.push_back(std::move(evidence));
    return finding;
  }

  std::string limit_reason(const LimitState& state) const {
    if (state.exhaustion && state.exhaustion->expected_ms) {
      return "its limit will be reached in about " +
             format_duration_human(*state.exhaustion->expected_ms - context_.at_ms);
    }
    if (state.always) return "it has been near its limit for as long as it is known";
    return "it is near its limit";
  }

  // Full now 0.6; near the limit 0.3 to 0.6; on its way: by how soon, half of 0.6 at a week. What has
  // always stood there harms nobody anew.
  double limit_harm(const LimitState& state) const {
    constexpr double kFull = 0.6;
    double harm = 0;
    if (state.exhaustion && state.exhaustion->expected_ms) {
      const double ahead = static_cast<double>(*state.exhaustion->expected_ms - context_.at_ms);
      harm = kFull * static_cast<double>(kWeekMs) / (static_cast<double>(kWeekMs) + std::max(0.0, ahead));
    }
    if (state.saturated)
      harm = std::max(harm, state.share >= 1 ? kFull : kFull * (0.5 + 0.5 * state.share * state.share));
    return state.always && !state.exhaustion ? 0.1 * harm : harm;
  }

  const Plan& plan_;
  const std::vector<JobResult>& results_;
  const FindingContext& context_;
  std::uint64_t judged_ = 0;
  double bar_ = -1;
  std::map<EntityRef, Case> cases_;
  std::map<EntityRef, std::map<std::string, double>> traffic_;  // operations now, by metric
  std::map<std::string, double> busiest_;                       // the most of one entity, by metric
  std::map<std::tuple<EntityRef, std::string, std::string>, Finding> limits_;
  FindingSet set_;
};

}  // namespace

std::string unusual_fingerprint(const EntityRef& entity) {
  return fingerprint("unusual\n" + entity.to_string());
}

std::string limit_fingerprint(const EntityRef& entity, const Labels& series) {
  return fingerprint("limit\n" + entity.to_string() + "\n" + series.to_string());
}

FindingSet make_findings(const Plan& plan, const std::vector<JobResult>& results,
                         const FindingContext& context) {
  return FindingMaker(plan, results, context).make();
}

}  // namespace trimtab::analyze
