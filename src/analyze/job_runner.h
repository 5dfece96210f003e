// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analyze/drift.h"
#include "analyze/drivers.h"
#include "analyze/expected.h"
#include "analyze/judge.h"
#include "analyze/learn.h"
#include "analyze/limits.h"
#include "analyze/memory.h"
#include "analyze/plan.h"
#include "analyze/series_cells.h"
#include "analyze/verdict.h"
#include "store/store.h"

namespace trimtab::analyze {

// What of a job was judged.
enum class Reading { kValue, kRate, kMean, kP95, kP99, kOperations, kErrorShare };

// The cells that were judged and what was left of them without their seasons.
struct Row {
  kernels::Cells cells;
  std::vector<double> values;
  std::vector<double> residual;
};

struct Output {
  Reading reading = Reading::kValue;
  Verdict verdict;
  Row row = {};  // where JobOptions::keep_rows asks for it and the series was judged and is not constant
};

struct JobResult {
  std::vector<Output> outputs;
  std::uint64_t samples_read = 0;
  bool failed = false;
  std::string error;
};

// The estate's calendar over the time looked at; null calendar: none.
struct PassCalendar {
  const Calendar* calendar = nullptr;
  std::vector<EventSpan> spans{};
};

struct JobOptions {
  CellOptions cells;
  DurationMs window_ms = 0;
  DurationMs horizon_ms = 30 * kDayMs;
  bool keep_rows = false;
  PassCalendar calendar = {};
  std::span<const DriverHistory> drivers = {};
  Memory* memory = nullptr;  // what is learnt is kept there and looked for first; null: learnt anew
};

struct JobScratch {
  SampleBuffer samples;
  LearnScratch learn;
  std::vector<double> values;
  std::vector<double> sum;
  std::vector<double> count;
  std::vector<double> failures;
  std::vector<double> buckets;  // one row of cells per bound
  std::vector<double> cumulative;
  std::vector<double> bounds;
  CalendarView calendar;
  JudgeScratch judge;
  LimitScratch limits;
  DriftScratch drift;
};

// Reads each member once and judges what the job stands for. Thread-safe with a scratch per thread.
JobResult run_job(const Job& job, const SeriesSet& set, const JobOptions& options, JobScratch& scratch);

// The meaning of one reading of a job: aspect, unit and direction differ from the signal's for derived
// readings (a histogram's operations are traffic, an error share is a ratio).
struct Meaning {
  std::string aspect;
  std::string unit;
  WorseDirection worse = WorseDirection::kUnknown;
};
Meaning meaning_of(const Job& job, Reading reading);
// How the reading was made: "value", "rate", or PromQL.
std::string expression_of(const Job& job, Reading reading);

}  // namespace trimtab::analyze
