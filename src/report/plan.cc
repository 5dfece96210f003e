// SPDX-License-Identifier: Apache-2.0
#include "report/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "base/json.h"
#include "kernels/quantile.h"
#include "report/document.h"
#include "report/words.h"

namespace trimtab {

using report::Document;

namespace {

constexpr std::string_view kAreas[] = {"database", "configuration", "infrastructure", "code"};

double median(std::vector<double> values) {
  return values.empty() ? std::nan("") : kernels::median_in_place(values);
}

// More digits where they tell something: near 0 and near -100 %.
std::string percent(double ratio) {
  const double size = std::abs(ratio);
  const int digits = size < 0.1 || (ratio < 0 && size > 0.9) ? (ratio < -0.99 ? 2 : 1) : 0;
  return fmt::format("{:+.{}f} %", ratio * 100, digits);
}

// At least as much as expected, in the direction that was expected.
bool was_foretold(const Change& change) {
  const double middle = (change.expected.low + change.expected.high) / 2;
  const double weakest = middle < 0 ? std::max(change.expected.low, change.expected.high)
                                    : std::min(change.expected.low, change.expected.high);
  return middle < 0 ? change.verdict.effect <= weakest : change.verdict.effect >= weakest;
}

// A rise from nothing has no size relative to before.
std::string guard_words(const Verdict::GuardResult& guard) {
  const std::string range = percent_range(guard.low, guard.high);
  return fmt::format("{}: {}{}{}", guard.title,
                     !std::isnan(guard.effect) ? percent(guard.effect)
                     : guard.breached          ? "up from nothing"
                                               : "not measured",
                     range.empty() ? "" : " (" + range + ")", guard.breached ? ", breached" : "");
}

std::string benefit_words(const Recommendation& r) {
  std::string out;
  if (r.benefit_seconds_per_day > 0) {
    out = report::about(static_cast<DurationMs>(r.benefit_seconds_per_day * 1000)) + " of waiting a day";
  }
  if (r.benefit_money_per_month > 0) {
    out += fmt::format("{}{} a month", out.empty() ? "" : ", ", format_number(r.benefit_money_per_month));
  }
  return out;
}

std::string owner_words(const EntityRef& entity, const std::string& owner) {
  return owner.empty() ? entity.to_string() : fmt::format("{}, {}", entity.to_string(), owner);
}

std::string list_of(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

void recommendation_facts(Document& page, const Recommendation& r, bool whole) {
  page.fact("Where", owner_words(r.entity, r.owner));
  page.fact("Why", r.why);
  page.fact("Needs", r.needs.empty() ? "" : "not enough data: " + r.needs);
  page.fact("Expected", expected_words(r.expected, r.verify));
  page.fact("Worth", benefit_words(r));
  page.fact("Cost", r.cost);
  page.fact("Risk",
            fmt::format("{}{}", to_string(r.risk), r.risk_reason.empty() ? "" : ": " + r.risk_reason));
  if (!whole) return;
  for (const Fact& fact : r.evidence) {
    page.fact("Evidence", fmt::format("{}: {}{}", fact.name, fact.value,
                                      fact.source.empty() ? "" : fmt::format(" ({})", fact.source)));
  }
  page.fact("Apply", r.action.apply);
  page.fact("Undo", r.action.undo);
  if (!r.verify.target.expression.empty()) {
    page.fact("Verify",
              fmt::format("{}; kept from {} on, reversed at {} worse; {} to {}{}", r.verify.target.title,
                          percent(-r.verify.minimum_effect), percent(r.verify.maximum_harm),
                          report::about(r.verify.observe_min_ms),
                          r.verify.observe_max_ms == 0 ? "as long as its values need"
                                                       : report::about(r.verify.observe_max_ms),
                          r.verify.settle_ms == 0
                              ? ""
                              : fmt::format(", compared after {}", report::about(r.verify.settle_ms))));
  }
  for (const Guard& guard : r.verify.guards) {
    page.fact("Guard", fmt::format("{}: at most {} worse", guard.measure.title, percent(guard.harm_max)));
  }
  page.fact("Conflicts", list_of(r.conflicts));
  page.fact("After", list_of(r.after));
  if (r.expires_ms != 0) page.fact("Expires", report::when(r.expires_ms));
  if (!r.state_by.empty() || !r.state_reason.empty()) {
    page.fact("State",
              fmt::format("{} by {}{}", to_string(r.state), r.state_by.empty() ? "Trimtab" : r.state_by,
                          r.state_reason.empty() ? "" : ": " + r.state_reason));
  }
}

void change_facts(Document& page, const Change& c, bool whole) {
  page.fact("State",
            fmt::format("{}{}", state_words(c), c.waits_for.empty() ? "" : "; waits for " + c.waits_for));
  page.fact("Where", owner_words(c.entity, c.owner));
  page.fact("Result", effect_words(c.verdict, c.verify.target.unit));
  page.fact("Expected", expected_words(c.expected, c.verify));
  page.fact("Because", c.verdict.reason);
  page.fact("Undone", c.undo_reason);
  page.fact("Error", c.error);
  page.fact("Consent", c.approved_by);
  if (c.ended_ms && c.found_ms != 0)
    page.fact("Took", report::about(*c.ended_ms - c.found_ms) + " from finding to verdict");
  for (const Verdict::GuardResult& guard : c.verdict.guards) {
    page.fact("Guard", guard_words(guard));
  }
  for (const Recheck& recheck : c.rechecks) {
    page.fact("Again", !recheck.at_ms
                           ? fmt::format("due {}", report::when(recheck.due_ms))
                           : fmt::format("{}: {} ({}){}", report::when(*recheck.at_ms),
                                         percent(recheck.effect), percent_range(recheck.low, recheck.high),
                                         recheck.gone ? ", the gain is gone" : ""));
  }
  if (!whole) return;
  page.fact("Apply", c.action.apply);
  page.fact("Undo", c.action.undo);
  for (const ChangeStep& step : c.steps) {
    page.fact("Step", fmt::format("{} {} to {}{}{}", report::when(step.at_ms), to_string(step.from),
                                  to_string(step.to), step.by.empty() ? "" : " by " + step.by,
                                  step.reason.empty() ? "" : ": " + step.reason));
  }
}

void objectives(Document& page, const PlanInput& input) {
  if (input.objectives.empty()) return;
  page.heading("Objectives");
  std::vector<std::vector<std::string>> rows;
  for (const ObjectiveStatus& o : input.objectives) {
    rows.push_back({o.name, o.entity.to_string(), format_with_unit(o.target, "ratio"),
                    std::string(to_string(o.state)),
                    std::isnan(o.budget_left) ? "not known" : format_with_unit(o.budget_left, "ratio")});
  }
  page.table({"objective", "of", "target", "state", "budget left"}, std::move(rows));
}

void record_tiles(Document& page, const TrackRecord& record) {
  const auto share = [&](std::size_t of, std::size_t all) {
    return all == 0 ? std::string("-") : fmt::format("{} of {}", of, all);
  };
  page.heading("Track record");
  if (record.ended == 0) {
    page.paragraph("No change has ended yet: nothing to judge this product by.");
    return;
  }
  page.tiles({share(record.kept, record.ended), share(record.rolled_back, record.ended),
              share(record.no_effect, record.ended), share(record.failed, record.ended),
              share(record.automatic, record.ended), share(record.foretold, record.kept),
              std::isnan(record.median_achieved) ? "-" : format_factor(record.median_achieved),
              record.median_proof_ms == 0 ? "-" : report::about(record.median_proof_ms)},
             {"kept", "rolled back", "without effect shown", "failed", "without a person",
              "of the kept reached what was expected", "measured over expected effect, median",
              "from finding to verdict, median"});
}

void done_by_area(Document& page, const PlanInput& input) {
  page.heading("Done");
  bool any = false;
  for (const std::string_view area : kAreas) {
    bool first = true;
    for (const Change& c : input.changes) {
      if (!is_ended(c.state) || area_of(c.action) != area) continue;
      if (first) page.paragraph(report::capitalised(std::string(area)) + ":");
      first = false;
      any = true;
      page.item(fmt::format("C-{}", c.id), c.title);
      change_facts(page, c, false);
    }
  }
  if (!any) page.paragraph("Nothing yet.");
}

void under_way(Document& page, const PlanInput& input) {
  bool any = false;
  for (const Change& c : input.changes) {
    if (is_ended(c.state)) continue;
    if (!any) page.heading("Under way");
    any = true;
    page.item(fmt::format("C-{}", c.id), c.title);
    change_facts(page, c, false);
  }
}

void next_steps(Document& page, const PlanInput& input) {
  page.heading("Next");
  bool any = false;
  for (const Recommendation& r : input.recommendations) {
    if (r.state != RecommendationState::kProposed && r.state != RecommendationState::kNotEnoughData) continue;
    any = true;
    page.item(fmt::format("R-{}", r.id), r.title);
    recommendation_facts(page, r, false);
  }
  if (!any)
    page.paragraph("Nothing to recommend: either all is well or no collector and advisor looks at it yet.");
}

Document plan_document(const PlanInput& input) {
  Document page("Optimisation plan, " + report::when(input.at_ms));
  if (!input.halted.empty()) page.paragraph("Changes are halted: " + input.halted + ".");
  record_tiles(page, track_record(input.changes));
  objectives(page, input);
  under_way(page, input);
  done_by_area(page, input);
  next_steps(page, input);
  return page;
}

std::string render(const Document& page, BriefFormat format, const BriefStyle& style) {
  switch (format) {
    case BriefFormat::kHtml: return report::document_html(page);
    case BriefFormat::kMarkdown: return report::document_markdown(page);
    default: return report::document_text(page, static_cast<std::size_t>(style.width), style.colour);
  }
}

std::string plan_json(const PlanInput& input) {
  const TrackRecord record = track_record(input.changes);
  JsonWriter json;
  json.begin_object().field("version", 1).field("at_ms", input.at_ms).field("halted", input.halted);
  json.key("track_record").begin_object();
  json.field("ended", record.ended).field("kept", record.kept).field("rolled_back", record.rolled_back);
  json.field("no_effect", record.no_effect)
      .field("failed", record.failed)
      .field("automatic", record.automatic);
  json.field("foretold", record.foretold).field("median_achieved", record.median_achieved);
  json.field("median_proof_ms", record.median_proof_ms).end_object();
  json.key("changes").begin_array();
  for (const Change& change : input.changes) json.raw(to_json(change));
  json.end_array().key("recommendations").begin_array();
  for (const Recommendation& recommendation : input.recommendations) json.raw(to_json(recommendation));
  json.end_array().key("objectives").begin_array();
  for (const ObjectiveStatus& o : input.objectives) {
    json.begin_object().field("name", o.name).field("entity", o.entity.to_string()).field("target", o.target);
    json.field("state", to_string(o.state)).field("budget_left", o.budget_left).end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace

std::string expected_words(const ExpectedEffect& expected, const VerifyPlan& verify) {
  if (expected.metric.empty()) return "";
  const bool titled = expected.metric == verify.target.expression && !verify.target.title.empty();
  return fmt::format("{}: {}", titled ? verify.target.title : expected.metric,
                     percent_range(expected.low, expected.high));
}

std::string_view area_of(const Action& action) {
  const std::string_view type = action.type;
  if (type.empty() || type == "command" || type == "http") return "code";
  if (type.starts_with("postgresql.") && type != "postgresql.set") return "database";
  if (type.starts_with("linux.") || type.starts_with("systemd") || type.starts_with("kubectl"))
    return "infrastructure";
  return "configuration";
}

std::string percent_range(double low, double high) {
  if (std::isnan(low) || std::isnan(high)) return "";
  return low == high ? percent(low) : fmt::format("{} to {}", percent(low), percent(high));
}

std::string effect_words(const Verdict& verdict, std::string_view unit) {
  if (verdict.looks == 0 || std::isnan(verdict.effect)) return "";
  std::string out = fmt::format("{}: {} to {}, {}", verdict.metric, format_with_unit(verdict.before, unit),
                                format_with_unit(verdict.after, unit), percent(verdict.effect));
  if (!std::isnan(verdict.low)) out += fmt::format(" ({})", percent_range(verdict.low, verdict.high));
  return out;
}

std::string_view state_words(const Change& change) {
  if (change.undoing && !is_ended(change.state)) return "being taken back";
  switch (change.state) {
    case ChangeState::kProposed: return "waits for consent";
    case ChangeState::kApproved: return "approved";
    case ChangeState::kApplying: return "being applied";
    case ChangeState::kObserving: return "being observed";
    case ChangeState::kKept: return "kept";
    case ChangeState::kRolledBack:
      return change.verdict.decision == Decision::kNoEffect       ? "no effect, taken back"
             : change.verdict.decision == Decision::kInconclusive ? "inconclusive, taken back"
                                                                  : "rolled back";
    case ChangeState::kInconclusive: return "inconclusive, left in place";
    case ChangeState::kFailed: return "failed";
  }
  return "";
}

TrackRecord track_record(const std::vector<Change>& changes) {
  TrackRecord record;
  std::vector<double> achieved;
  std::vector<double> proof;
  for (const Change& c : changes) {
    if (!is_ended(c.state)) continue;
    ++record.ended;
    record.automatic += c.approved_by.starts_with("policy") ? 1 : 0;
    if (c.ended_ms && c.found_ms != 0 && c.state != ChangeState::kFailed) {
      proof.push_back(static_cast<double>(*c.ended_ms - c.found_ms));
    }
    if (c.state == ChangeState::kFailed) {
      ++record.failed;
    } else if (c.state == ChangeState::kKept) {
      ++record.kept;
      record.foretold += was_foretold(c) ? 1 : 0;
      const double middle = (c.expected.low + c.expected.high) / 2;
      if (middle != 0 && std::isfinite(c.verdict.effect)) achieved.push_back(c.verdict.effect / middle);
    } else if (c.verdict.decision == Decision::kNoEffect || c.verdict.decision == Decision::kInconclusive) {
      ++record.no_effect;
    } else {
      ++record.rolled_back;
    }
  }
  record.median_achieved = median(std::move(achieved));
  const double proof_ms = median(std::move(proof));
  record.median_proof_ms = std::isnan(proof_ms) ? 0 : static_cast<DurationMs>(proof_ms);
  return record;
}

std::string render_plan(const PlanInput& input, BriefFormat format, const BriefStyle& style) {
  if (format == BriefFormat::kJson) return plan_json(input);
  return render(plan_document(input), format, style);
}

std::string render_recommendation(const Recommendation& recommendation, const std::vector<Change>& changes,
                                  BriefFormat format, const BriefStyle& style) {
  if (format == BriefFormat::kJson) return to_json(recommendation);
  Document page(fmt::format("R-{}: {}", recommendation.id, recommendation.title));
  recommendation_facts(page, recommendation, true);
  for (const Change& change : changes) {
    page.item(fmt::format("C-{}", change.id), change.title);
    change_facts(page, change, false);
  }
  return render(page, format, style);
}

std::string render_change(const Change& change, BriefFormat format, const BriefStyle& style) {
  if (format == BriefFormat::kJson) return to_json(change);
  Document page(fmt::format("C-{}: {}", change.id, change.title));
  change_facts(page, change, true);
  return render(page, format, style);
}

}  // namespace trimtab
