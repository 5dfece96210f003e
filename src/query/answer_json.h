// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "query/engine.h"

namespace trimtab::promql {

// A sample's value as Prometheus' API spells it, without the quotes: the shortest digits that read back to
// the same double, plain below 1e21 and from 1e-6, "+Inf", "-Inf", "NaN".
void append_api_number(std::string& out, double value);
// Unix seconds, with three decimals when there are milliseconds: 1700000000, 1700000000.500.
void append_api_time(std::string& out, TimestampMs time);

struct AnswerJsonOptions {
  std::size_t series_limit = 0;  // rows beyond are left out and a warning says so; 0: all
  bool stats = false;            // data.stats, in Prometheus' words where it has them
  double seconds = 0;            // how long the evaluation took, for the stats
  double queue_seconds = 0;      // how long the query waited for its turn, for the stats
};

// The JSON document of an answer, written piece by piece straight from the rows: the document never stands in
// memory as a whole. Externally locked.
class AnswerJson {
 public:
  AnswerJson(Answer answer, const AnswerJsonOptions& options);

  // Appends at least one row and about `bytes` bytes. False: that was the last piece.
  bool write(std::string& out, std::size_t bytes);

  // No document of the answer is shorter than this. Cost: one pass over the cells.
  static std::uint64_t bytes_at_least(const Answer& answer);
  // Memory that the answer holds.
  static std::uint64_t memory_bytes(const Answer& answer);

 private:
  struct Time {
    std::array<char, 32> text;  // [1700000000,"   "[", 20 characters, a point, 3 digits and the two behind
    std::size_t size;
  };

  void write_head(std::string& out) const;
  void write_row(std::string& out, std::size_t row) const;
  void write_cells(std::string& out, std::span<const double> cells) const;
  void write_tail(std::string& out) const;

  Answer answer_;
  AnswerJsonOptions options_;
  std::size_t rows_ = 0;
  std::size_t next_ = 0;
  bool started_ = false;
  std::vector<Time> times_;  // one a column
};

// The whole document as one string.
std::string answer_json(Answer answer, const AnswerJsonOptions& options = {});

// Reads such a document back: what a remote engine or a server of ours answered to a query over `window`.
// `body` is copied where simdjson needs room behind it. Errors: kLimit when it holds more series or cells
// than the limits allow, kUnavailable when it is not what the API promises.
Result<Answer> read_answer_json(std::string_view body, const QueryWindow& window, const QueryLimits& limits);

}  // namespace trimtab::promql
