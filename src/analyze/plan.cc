// SPDX-License-Identifier: Apache-2.0
#include "analyze/plan.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <unordered_map>

namespace trimtab::analyze {
namespace {

constexpr std::array<std::string_view, 12> kStatusLabels{
    "code",          "status",    "status_code",          "http_status_code", "http_response_status_code",
    "response_code", "grpc_code", "rpc_grpc_status_code", "grpc_status",      "outcome",
    "result",        "error_type"};

bool ends_with(std::string_view text, std::string_view ending) { return text.ends_with(ending); }

std::string_view without_ending(std::string_view text, std::string_view ending) {
  text.remove_suffix(ending.size());
  return text;
}

std::optional<double> bucket_bound(std::string_view le) {
  if (le == "+Inf" || le == "Inf" || le == "inf") return std::numeric_limits<double>::infinity();
  double bound = 0;
  const auto [end, error] = std::from_chars(le.data(), le.data() + le.size(), bound);
  if (error != std::errc() || end != le.data() + le.size() || std::isnan(bound)) return std::nullopt;
  return bound;
}

const MetricMetadata* find_metadata(const std::map<std::string, MetricMetadata>& metadata,
                                    std::string_view name) {
  auto found = metadata.find(std::string(name));
  if (found != metadata.end()) return &found->second;
  for (const std::string_view ending : {"_bucket", "_sum", "_count"}) {
    if (!ends_with(name, ending)) continue;
    found = metadata.find(std::string(without_ending(name, ending)));
    if (found != metadata.end()) return &found->second;
  }
  return nullptr;
}

class Planner {
 public:
  Planner(const SeriesSet& set, const Catalog& catalog, const Estate& estate,
          const std::map<std::string, MetricMetadata>& metadata)
      : set_(set), catalog_(catalog), estate_(estate), metadata_(metadata) {}

  Plan make() {
    find_families();
    for (std::uint32_t index = 0; index < set_.size(); ++index) add(index);
    attach_limits();
    name_failures();
    keep_mixed_error_shares();
    return std::move(plan_);
  }

 private:
  // Base names that are families: something with le, or a summary with quantile.
  void find_families() {
    for (std::uint32_t index = 0; index < set_.size(); ++index) {
      const Labels labels = set_.labels(index);
      const std::string_view name = labels.metric_name();
      if (ends_with(name, "_bucket") && labels.has("le")) {
        families_.emplace(without_ending(name, "_bucket"));
      } else if (labels.has("quantile")) {
        families_.emplace(name);
      }
    }
  }

  void add(std::uint32_t index) {
    const Labels labels = set_.labels(index);
    const std::string_view name = labels.metric_name();
    Signal signal = catalog_.find(labels, find_metadata(metadata_, name));
    const EntityRef entity = estate_.entity_of(labels, signal);
    by_labels_.emplace(labels.hash(), index);
    if (signal.kind == SignalKind::kTimestamp || signal.kind == SignalKind::kConstant || !signal.watch) {
      ++plan_.unwatched;
      return;
    }
    if (add_to_family(index, labels, signal, entity)) return;
    Job job;
    job.kind = signal.kind == SignalKind::kCounter ? JobKind::kRate : JobKind::kValue;
    if (job.kind == JobKind::kRate) add_to_error_share(index, labels, signal, entity);
    job.signal = std::move(signal);
    job.entity = entity;
    job.labels = labels;
    job.members.push_back({.index = index});
    plan_.jobs.push_back(std::move(job));
  }

  bool add_to_family(std::uint32_t index, const Labels& labels, const Signal& signal,
                     const EntityRef& entity) {
    const std::string_view name = labels.metric_name();
    Member member{.index = index};
    std::string base;
    for (const auto& [ending, role] :
         {std::pair{"_bucket", 'b'}, std::pair{"_sum", 's'}, std::pair{"_count", 'c'}}) {
      if (!ends_with(name, ending)) continue;
      base = without_ending(name, ending);
      member.role = role;
    }
    if (base.empty() || !families_.contains(base)) return false;
    if (member.role == 'b') {
      const auto bound = bucket_bound(labels.get("le"));
      if (!bound) return false;
      member.bound = *bound;
    }
    Job& job = group("histogram", base, entity, JobKind::kHistogram, signal,
                     labels.without("le").without("quantile"));
    job.members.push_back(member);
    if (member.role == 'c') add_to_error_share(index, labels, signal, entity);
    return true;
  }

  void add_to_error_share(std::uint32_t index, const Labels& labels, const Signal& signal,
                          const EntityRef& entity) {
    const Outcome outcome = outcome_of(labels);
    if (outcome.label.empty()) return;
    const std::string metric(labels.metric_name());
    Job& job = group("errors", metric, entity, JobKind::kErrorShare, signal, labels.without(outcome.label));
    job.covers = false;
    job.members.push_back({.index = index, .role = outcome.failed ? 'e' : 'o'});
    if (outcome.failed) failures_[&job - plan_.jobs.data()].emplace(outcome.label, labels.get(outcome.label));
  }

  // The job of this kind, metric and entity. Its labels are those that all members share.
  Job& group(std::string_view what, const std::string& metric, const EntityRef& entity, JobKind kind,
             const Signal& signal, const Labels& labels) {
    const std::string key = std::string(what) + '\n' + metric + '\n' + entity.to_string();
    const auto [found, added] = groups_.emplace(key, plan_.jobs.size());
    if (added) {
      Job job;
      job.kind = kind;
      job.signal = signal;
      job.entity = entity;
      job.labels = labels.with(kMetricName, metric);
      plan_.jobs.push_back(std::move(job));
    } else {
      Job& job = plan_.jobs[found->second];
      const Labels shared = job.labels;
      for (const Label& label : shared.items()) {
        if (label.name != kMetricName && labels.get(label.name) != label.value)
          job.labels = job.labels.without(label.name);
      }
    }
    return plan_.jobs[found->second];
  }

  void attach_limits() {
    for (Job& job : plan_.jobs) {
      if (job.signal.limit_metric.empty()) continue;
      const auto found = by_labels_.find(job.labels.with(kMetricName, job.signal.limit_metric).hash());
      if (found != by_labels_.end()) job.limit_member = found->second;
    }
  }

  // code=~"500|503" of the values seen; of several labels the one with most.
  void name_failures() {
    for (const auto& [place, seen] : failures_) {
      std::map<std::string, std::string> values;
      for (const auto& [label, value] : seen) values[label] += (values[label].empty() ? "" : "|") + value;
      const auto most = std::max_element(values.begin(), values.end(), [](const auto& a, const auto& b) {
        return a.second.size() < b.second.size();
      });
      plan_.jobs[static_cast<std::size_t>(place)].failure_selector =
          most->first + "=~" + quote_label_value(most->second);
    }
  }

  // A share needs both: failures and something that is none.
  void keep_mixed_error_shares() {
    std::erase_if(plan_.jobs, [](const Job& job) {
      if (job.kind != JobKind::kErrorShare) return false;
      const auto failed = std::count_if(job.members.begin(), job.members.end(),
                                        [](const Member& m) { return m.role == 'e'; });
      return failed == 0 || static_cast<std::size_t>(failed) == job.members.size();
    });
  }

  const SeriesSet& set_;
  const Catalog& catalog_;
  const Estate& estate_;
  const std::map<std::string, MetricMetadata>& metadata_;
  std::set<std::string, std::less<>> families_;
  std::unordered_map<LabelsHash, std::uint32_t> by_labels_;
  std::unordered_map<std::string, std::size_t> groups_;
  std::map<std::ptrdiff_t, std::set<std::pair<std::string, std::string>>> failures_;  // per job: label, value
  Plan plan_;
};

bool means_failure(std::string_view value) {
  static constexpr std::array<std::string_view, 16> kWords{"error",
                                                           "failure",
                                                           "failed",
                                                           "fail",
                                                           "SERVER_ERROR",
                                                           "timeout",
                                                           "exception",
                                                           "Unknown",
                                                           "Internal",
                                                           "Unavailable",
                                                           "DeadlineExceeded",
                                                           "DataLoss",
                                                           "ResourceExhausted",
                                                           "Unimplemented",
                                                           "Aborted",
                                                           "5xx"};
  if (value.size() == 3 && value[0] == '5')
    return std::isdigit(static_cast<unsigned char>(value[1])) || value[1] == 'x';
  return std::find(kWords.begin(), kWords.end(), value) != kWords.end();
}

}  // namespace

Outcome outcome_of(const Labels& labels) {
  Outcome outcome;
  for (const std::string_view name : kStatusLabels) {
    const std::string_view value = labels.get(name);
    if (value.empty()) continue;
    if (means_failure(value)) return {name, true};
    if (outcome.label.empty()) outcome.label = name;
  }
  return outcome;
}

Plan make_plan(const SeriesSet& set, const Catalog& catalog, const Estate& estate,
               const std::map<std::string, MetricMetadata>& metadata) {
  return Planner(set, catalog, estate, metadata).make();
}

}  // namespace trimtab::analyze
