// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "report/brief.h"

namespace trimtab::report {

// The brief before it takes a format: what is said, in which order, in which words. Text is plain
// (see escape.h) but not yet escaped for a format. Pointers reach into the BriefInput, which must
// outlive the view.

struct EvidenceView {
  const Evidence* evidence = nullptr;
  std::string subject;    // developer: the metric's name; others: "response time"
  std::string now;        // "1.24 s"
  std::string usual;      // "400 ms"
  std::string range;      // "310 ms to 520 ms", "" unknown
  std::string effect;     // "3.1 times its usual"
  std::string number;     // "x3.1"
  std::string strength;   // "very large"
  std::string numbers;    // "effect 12.4 robust deviations, false-alarm probability 0.0003", "" of a limit
  std::string method;     // in words
  std::string statistic;  // the method's own words
  std::string selector;   // name{label="value"}
  std::string promql;     // what to paste into a query box
  std::string window;     // "2026-11-21 08:41 UTC to ..."
  std::string learnt;     // what usual was learnt from: "6 days, until 2026-11-20 10:00 UTC"
};

struct EventView {
  std::string id;      // "E-3"
  std::string text;    // "deploy: checkout 1.4.2, by ann"
  std::string before;  // "4 min before"
  TimestampMs at_ms = 0;
};

struct FindingView {
  const Finding* finding = nullptr;
  std::string id;      // "F-118"; "unnumbered" before the ledger gave one
  std::string anchor;  // "f-118": for links inside the page
  std::string headline;
  std::string entity;       // "service/checkout"
  std::string spoken;       // "Service checkout"
  std::string owner;        // "team-pay" or "no owner named"
  std::string tier;         // "tier 1" or ""
  std::string since;        // "2026-11-21 08:41 UTC"
  std::string since_ago;    // "2 h 11 min ago"
  std::string ended;        // "ended 2026-11-21 09:30 UTC, after 49 min" or ""
  std::string harm;         // "harms customers: 4.2 % of requests fail"
  std::string sure;         // "quite sure"
  std::string state;        // "acknowledged by ann until ...: reason" or ""
  std::string origin;       // "service/db, which service/checkout calls" or ""
  std::string origin_name;  // "service/db" or ""
  std::string turned;       // "up{job="x"}, which began then"; "" when nothing did, and for the head
  std::string related;      // "service/cart, host/db-1" or ""
  std::string next;         // what to check or do first
  std::string sentence;     // for the head: one or two sentences without metric names
  std::string runs_out;     // "full in about 9 days (between 6 and 13 days)", "" without exhaustion
  std::string chance;       // "87 % within 30 days"
  std::string_view trend;
  bool owned = false;
  bool harmful = false;
  bool harm_possible = false;
  bool acknowledged = false;
  std::vector<EvidenceView> evidence;
  std::vector<EventView> events;
};

// One objective (SLO) in words.
struct ObjectiveView {
  const ObjectiveStatus* status = nullptr;
  std::string name;    // "availability"
  std::string entity;  // "service/checkout"
  std::string state;   // "met", "burning", "burning fast", "missed", "no data"
  // "99.96 % good, objective 99.9 % over 30 days; 60 % of the budget left; goes 14 times too fast over
  // 60 minutes; used up in about 2 days (90 % interval 1 day to 3 days)"
  std::string facts;
  bool good = false;  // met
  bool bad = false;   // missed or burning fast
};

struct HeadGroup {
  std::string title;                  // "Checkout, tier 1"
  std::vector<std::size_t> findings;  // positions in BriefView::unusual
};

struct CoverageView {
  std::uint64_t known = 0;
  std::uint64_t watched = 0;
  std::uint64_t unjudged = 0;
  struct Part {
    std::string key;    // "too_short"
    std::string words;  // "history too short"
    std::uint64_t count = 0;
  };
  std::vector<Part> parts;  // of the unjudged, none zero
  std::string line;         // "274 of 312 series judged (88 %); ..."
  std::string detail;       // more of it, for developers and leads
  std::string learnt;       // "Usual was learnt from up to 14 days of history."
  struct Example {
    std::string series;
    std::string reason;
  };
  std::vector<Example> examples;
  std::vector<std::string> errors;
};

enum class Mood { kUnknown, kCalm, kNotice, kHarm };

struct BriefView {
  Audience audience = Audience::kLead;
  Mood mood = Mood::kUnknown;
  TimestampMs at_ms = 0;
  TimestampMs since_ms = 0;
  std::string period;                 // "2026-11-21 10:52 UTC, looking back 24 h"
  std::string verdict;                // one sentence, ends in a full stop
  std::string movement;               // "3 began and 1 ended since then."
  std::vector<FindingView> unusual;   // live, worst harm first, at most findings_max
  std::vector<FindingView> runs_out;  // live with a limit ahead, soonest first, at most findings_max
  std::vector<FindingView> ended;     // newest end first, at most findings_max
  std::size_t unusual_hidden = 0;     // left out by findings_max
  std::size_t runs_out_hidden = 0;
  std::size_t ended_hidden = 0;
  std::size_t dismissed = 0;
  std::vector<HeadGroup> groups;          // of `unusual`, for the head
  std::vector<ObjectiveView> objectives;  // worst first, then by name; at most kObjectivesShownMax
  std::size_t objectives_hidden = 0;
  std::string objectives_line;  // "3 of 4 objectives are met; 1 burns too fast."; "" without any
  CoverageView coverage;
  std::vector<std::string> notices;
  std::vector<EventView> events;  // all in the period, newest first, at most kEventsShownMax
  bool has_data = false;          // a pass ran and knows at least one series
};

inline constexpr std::size_t kEventsShownMax = 50;
inline constexpr std::size_t kObjectivesShownMax = 50;

EventView event_view(const Event& event);

BriefView view_of(const BriefInput& input, const BriefStyle& style);

// One finding in words. `position` numbers findings the ledger has not numbered.
FindingView finding_view(const Finding& finding, const BriefInput& input, Audience audience,
                         std::size_t position);
CoverageView coverage_view(const AnalysisPass& pass);
void tell_objectives(BriefView& view, const AnalysisPass& pass);

// The sentence that answers the question; also sets the mood. Takes all live findings, not the shown ones.
struct Verdict {
  Mood mood = Mood::kUnknown;
  std::string sentence;
};
Verdict verdict_of(const std::vector<const Finding*>& unusual, const std::vector<const Finding*>& runs_out,
                   const CoverageView& coverage, TimestampMs at_ms);

// The formats.
std::string text_brief(const BriefView& view, const BriefStyle& style);
std::string markdown_brief(const BriefView& view);
std::string json_brief(const BriefView& view, const BriefInput& input);
std::string html_brief(const BriefView& view);

}  // namespace trimtab::report
