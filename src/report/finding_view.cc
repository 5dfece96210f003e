// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/format.h"
#include "report/escape.h"
#include "report/view.h"
#include "report/words.h"

namespace trimtab::report {
namespace {

constexpr std::size_t kRelatedShown = 5;

std::string name_of(const EntityRef& entity) { return plain_text(entity.to_string(), 120); }

// "service checkout": for sentences.
std::string spoken(const EntityRef& entity) { return plain_text(entity.kind + " " + entity.name, 120); }

std::string promql_of(const Evidence& e, const std::string& selector) {
  if (e.expression.empty() || e.expression == "value") return selector;
  if (e.expression == "rate") return "rate(" + selector + "[5m])";
  return plain_text(e.expression, 1000);
}

EvidenceView evidence_view(const Evidence& e, Audience audience) {
  EvidenceView view;
  view.evidence = &e;
  const std::string unit = plain_text(e.unit, 40);
  view.selector = plain_text(e.series.to_string(), 1000);
  view.promql = promql_of(e, view.selector);
  const std::string metric = plain_text(e.series.metric_name(), 120);
  view.subject = audience == Audience::kHead ? aspect_words(e) : metric.empty() ? view.selector : metric;
  view.now = format_with_unit(e.now, unit);
  view.usual = format_with_unit(e.usual, unit);
  view.range = usual_range(e);
  view.effect = effect_phrase(e);
  view.number = effect_number(e);
  if (std::isfinite(e.effect)) view.strength = effect_strength(e.effect);
  view.method = method_words(e.method);
  view.statistic = plain_text(e.statistic, 300);
  if (is_known(e.window)) view.window = when(e.window.from) + " to " + when(e.window.to);
  if (is_known(e.compared_with)) {
    view.numbers = fmt::format("effect {} robust deviations, false-alarm probability {}",
                               format_number(e.effect), format_number(1 - e.score));
    view.learnt = fmt::format("{} until {}", format_duration_human(e.compared_with.to - e.compared_with.from),
                              when(e.compared_with.to));
  }
  return view;
}

bool came_or_went(const Evidence& e) { return e.method == kBeganWithIt || e.method == kEndedWithIt; }

// Two series of one metric read alike: each gets the labels in which it differs from another. What came or
// went is told by those in which it differs from what the finding is about.
void tell_apart(FindingView& view) {
  constexpr std::size_t kLabelsShown = 3;
  const auto differing = [&view](const EvidenceView& one) {
    std::vector<std::string> labels;
    const bool whole = came_or_went(*one.evidence);
    const Labels& main = view.evidence.front().evidence->series;
    for (const Label& label : one.evidence->series.items()) {
      if (label.name == kMetricName) continue;
      const bool differs =
          (whole && main.get(label.name) != label.value) ||
          std::any_of(view.evidence.begin(), view.evidence.end(), [&](const EvidenceView& other) {
            const Labels& series = other.evidence->series;
            return series.metric_name() == one.evidence->series.metric_name() &&
                   series.get(label.name) != label.value;
          });
      if (differs) labels.push_back(plain_text(label.name + "=" + quote_label_value(label.value), 80));
    }
    if (labels.size() > kLabelsShown) labels.resize(kLabelsShown);
    return labels;
  };
  std::vector<std::string> subjects;
  for (const EvidenceView& one : view.evidence) {
    const bool by_metric = one.subject != one.selector && !one.evidence->series.metric_name().empty();
    const auto labels = by_metric ? differing(one) : std::vector<std::string>{};
    subjects.push_back(labels.empty() ? one.subject
                                      : fmt::format("{}{{{}}}", one.subject, fmt::join(labels, ", ")));
  }
  for (std::size_t i = 0; i < subjects.size(); ++i) view.evidence[i].subject = std::move(subjects[i]);
}

std::string state_words(const Finding& f) {
  std::string words;
  if (f.state == FindingState::kAcknowledged) words = "acknowledged";
  if (f.state == FindingState::kDismissed) words = "dismissed";
  if (words.empty()) return words;
  if (!f.state_by.empty()) words += " by " + plain_text(f.state_by, 80);
  if (f.state_until_ms) words += " until " + when(*f.state_until_ms);
  if (!f.state_reason.empty()) words += ": " + plain_text(f.state_reason);
  return words;
}

// Where the trouble may come from: a related entity that this one depends on, as the estate tells.
void tell_related(FindingView& view, const Finding& f, const Estate* estate) {
  std::vector<EntityRef> below;
  if (estate != nullptr) below = estate->downstream(f.entity);
  std::vector<std::string> others;
  for (const EntityRef& other : f.related) {
    const bool depends = std::find(below.begin(), below.end(), other) != below.end();
    if (view.origin.empty() && depends) {
      view.origin_name = name_of(other);
      view.origin = fmt::format("{}, which {} depends on, is out of the ordinary too", name_of(other),
                                name_of(f.entity));
    } else {
      others.push_back(name_of(other));
    }
  }
  for (std::size_t i = 0; i < std::min(others.size(), kRelatedShown); ++i) {
    view.related += (i == 0 ? "" : ", ") + others[i];
  }
  if (others.size() > kRelatedShown)
    view.related += fmt::format(" and {} more", others.size() - kRelatedShown);
}

void tell_events(FindingView& view, const Finding& f, const std::vector<Event>& events) {
  for (const Event& event : events) {
    if (std::find(f.events.begin(), f.events.end(), event.id) == f.events.end()) continue;
    EventView out = event_view(event);
    const DurationMs before = f.since_ms - event.at_ms;
    out.before = before >= 0 ? format_duration_human(before) + " before"
                             : format_duration_human(-before) + " after the start";
    view.events.push_back(std::move(out));
  }
  std::sort(view.events.begin(), view.events.end(),
            [](const EventView& a, const EventView& b) { return a.at_ms > b.at_ms; });
}

void tell_exhaustion(FindingView& view, const Finding& f, TimestampMs at_ms) {
  if (!f.exhaustion) return;
  const Exhaustion& x = *f.exhaustion;
  const auto span = [&](TimestampMs t) {
    return t <= at_ms ? std::string("now") : "in about " + about(t - at_ms);
  };
  // Far moments are told by their day alone.
  const auto date = [&](TimestampMs t) { return t - at_ms > 2 * kDayMs ? when(t).substr(0, 10) : when(t); };
  if (x.expected_ms) {
    view.runs_out = fmt::format("reaches its limit {}, on {}", span(*x.expected_ms), date(*x.expected_ms));
    if (x.earliest_ms && x.latest_ms) {
      view.runs_out += fmt::format(" (90 % interval {} to {})", date(*x.earliest_ms), date(*x.latest_ms));
    } else if (x.earliest_ms) {
      view.runs_out +=
          fmt::format("; at the earliest {}, the latest lies beyond the horizon", date(*x.earliest_ms));
    } else {
      view.runs_out += "; no interval known";
    }
  } else if (x.earliest_ms) {
    view.runs_out = fmt::format("may reach its limit {} at the earliest ({})", span(*x.earliest_ms),
                                when(*x.earliest_ms));
  } else {
    view.runs_out = "moves towards its limit; no date within the horizon";
  }
  if (std::isfinite(x.probability) && x.horizon_ms > 0) {
    view.chance =
        fmt::format("{} likely within {}", format_with_unit(std::clamp(x.probability, 0.0, 1.0), "ratio"),
                    about(x.horizon_ms));
  }
}

std::string next_step(const FindingView& view, const Finding& f) {
  if (f.state == FindingState::kAcknowledged) {
    return "Nothing new; " + (f.state_by.empty() ? std::string("someone") : plain_text(f.state_by, 80)) +
           " looks after it.";
  }
  if (f.exhaustion && f.kind == FindingKind::kExhaustion) {
    const auto by = f.exhaustion->earliest_ms ? f.exhaustion->earliest_ms : f.exhaustion->expected_ms;
    return by ? fmt::format("Free or add capacity before {}.", when(*by))
              : "Free or add capacity; watch the trend.";
  }
  const bool event_before = !view.events.empty() && view.events.front().at_ms <= f.since_ms;
  if (!view.origin.empty()) {
    std::string text = "Look first at " + view.origin_name;
    if (event_before)
      text += fmt::format("; and at {} {}", view.events.front().id, view.events.front().before);
    return text + ".";
  }
  if (event_before) {
    return fmt::format("Look first at {} ({}), {}; consider taking it back.", view.events.front().id,
                       view.events.front().text, view.events.front().before);
  }
  const std::string at = when(f.since_ms);
  if (!view.turned.empty()) return fmt::format("Look first at {}.", view.turned);
  switch (f.kind) {
    case FindingKind::kErrors:
      return fmt::format("Read the error log of {} from {} on; ask what changed then.", name_of(f.entity),
                         at);
    case FindingKind::kLatency:
      return fmt::format("Check load, dependencies and changes of {} around {}.", name_of(f.entity), at);
    case FindingKind::kTraffic:
      return fmt::format("Check who calls {}, and whether callers or routing changed around {}.",
                         name_of(f.entity), at);
    case FindingKind::kSaturation:
    case FindingKind::kExhaustion: return fmt::format("Free or add capacity on {}.", name_of(f.entity));
    case FindingKind::kAvailability:
      return fmt::format("Check that {} runs and can be reached.", name_of(f.entity));
    case FindingKind::kSlo:
      return fmt::format("See which requests to {} miss the objective since {}.", name_of(f.entity), at);
    case FindingKind::kAnomaly:
    case FindingKind::kLevelShift:
    case FindingKind::kTrend: break;
  }
  return fmt::format("Ask what changed on {} around {}.", name_of(f.entity), at);
}

// For the head: what, how much, since when, whom it hurts, whose it is. No metric names: the title
// may hold one, so the sentence is made from the kind and the entity alone.
std::string head_sentence(const FindingView& view, const Finding& f) {
  std::string text = capitalised(spoken(f.entity)) + " " + happening(f);
  if (!f.evidence.empty() && f.kind != FindingKind::kExhaustion && std::isfinite(f.evidence.front().now) &&
      std::isfinite(f.evidence.front().usual)) {
    const EvidenceView& e = view.evidence.front();
    text += fmt::format(": {}, usually {}", e.now, e.usual);
  }
  text += fmt::format(", since {} ({}).", view.since, view.since_ago);
  if (!view.runs_out.empty()) {
    text += " It " + view.runs_out + (view.chance.empty() ? "" : "; " + view.chance) + ".";
  }
  text += harm_level(f) != HarmLevel::kNone ? " It " + view.harm + "." : " " + capitalised(view.harm) + ".";
  if (!view.trend.empty())
    text += view.trend == "steady" ? " It has been steady since." : fmt::format(" It is {}.", view.trend);
  if (!view.state.empty()) text += " " + capitalised(view.state) + ".";
  return text;
}

}  // namespace

EventView event_view(const Event& event) {
  EventView view;
  view.id = fmt::format("E-{}", event.id);
  view.at_ms = event.at_ms;
  view.text = plain_text(event.kind.empty() ? "event" : event.kind, 40) + ": " + plain_text(event.title, 160);
  if (event.entity) view.text += " on " + name_of(*event.entity);
  if (!event.author.empty()) view.text += ", by " + plain_text(event.author, 80);
  return view;
}

FindingView finding_view(const Finding& f, const BriefInput& input, Audience audience, std::size_t position) {
  FindingView view;
  view.finding = &f;
  view.id = f.id > 0 ? fmt::format("F-{}", f.id) : "unnumbered";
  view.anchor = f.id > 0 ? fmt::format("f-{}", f.id) : fmt::format("n-{}", position);
  view.entity = name_of(f.entity);
  view.spoken = capitalised(spoken(f.entity));
  const EntityInfo info = input.estate != nullptr ? input.estate->info(f.entity) : EntityInfo{};
  const std::string& owner = f.owner.empty() ? info.owner : f.owner;
  view.owned = !owner.empty();
  view.owner = owner.empty() ? "no owner named" : plain_text(owner, 80);
  if (const int tier = f.tier != 0 ? f.tier : info.tier; tier > 0) view.tier = fmt::format("tier {}", tier);
  view.headline = audience == Audience::kHead || f.title.empty()
                      ? capitalised(spoken(f.entity)) + " " + happening(f)
                      : plain_text(f.title, 200);
  view.since = when(f.since_ms);
  view.since_ago = ago(f.since_ms, input.at_ms);
  if (f.ended_ms) {
    view.ended = fmt::format("ended {} after {}", when(*f.ended_ms),
                             format_duration_human(std::max<DurationMs>(0, *f.ended_ms - f.since_ms)));
  }
  view.harmful = harm_level(f) == HarmLevel::kCertain;
  view.harm_possible = harm_level(f) == HarmLevel::kPossible;
  view.harm = harm_words(harm_level(f));
  if (!f.harm_reason.empty()) view.harm += ": " + plain_text(f.harm_reason, 200);
  view.sure = sure_words(f.sure);
  view.acknowledged = f.state == FindingState::kAcknowledged;
  view.state = state_words(f);
  if (input.estate != nullptr && input.estate->in_maintenance(f.entity, input.at_ms)) {
    view.state += view.state.empty() ? "in planned maintenance" : "; in planned maintenance";
  }
  view.trend = trend_words(f);
  for (const Evidence& e : f.evidence) view.evidence.push_back(evidence_view(e, audience));
  if (audience != Audience::kHead) {
    tell_apart(view);
    const auto turned = std::ranges::find_if(f.evidence, came_or_went);
    if (turned != f.evidence.end()) {
      view.turned = view.evidence[static_cast<std::size_t>(turned - f.evidence.begin())].subject +
                    (turned->method == kBeganWithIt ? ", which began then" : ", which ended then");
    }
  }
  tell_related(view, f, input.estate);
  tell_events(view, f, input.events);
  tell_exhaustion(view, f, input.at_ms);
  view.next = next_step(view, f);
  view.sentence = head_sentence(view, f);
  return view;
}

}  // namespace trimtab::report
