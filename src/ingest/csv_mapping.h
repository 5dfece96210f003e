// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace trimtab {

// A column by its header, or by its number counted from 1 where no header has that text.
struct CsvColumn {
  std::string name;
};

struct CsvTimeFormat {
  enum class Kind { kAuto, kUnixSeconds, kUnixMs, kUnixUs, kUnixNs, kPattern };
  Kind kind = Kind::kAuto;
  std::string pattern;  // strptime's words; read as UTC unless it has %z

  // "", "auto", "rfc3339", "unix_s", "unix_ms", "unix_us", "unix_ns", or a pattern with '%'.
  static Result<CsvTimeFormat> parse(std::string_view text);
  // kAuto: RFC 3339, a date, "2026-11-21 10:00:00" (UTC), Unix seconds. Errors: kInvalid.
  Result<TimestampMs> read(std::string_view cell) const;
};

// Which columns of a CSV file are what.
struct CsvMapping {
  struct Value {
    CsvColumn column;
    std::string metric;  // "" with a metric column
  };
  struct LabelColumn {
    CsvColumn column;
    std::string label;
  };
  CsvColumn time;
  CsvTimeFormat time_format;
  std::vector<Value> values;
  std::vector<LabelColumn> labels;
  CsvColumn metric;  // holds the metric's name; "" when each value column names its own
  char delimiter = ',';
  bool header = true;
};

// As the command line and the URL spell it.
struct CsvFlags {
  std::string time = {};                 // COLUMN[:FORMAT]
  std::vector<std::string> values = {};  // COLUMN=METRIC, or COLUMN with `metric`
  std::vector<std::string> labels = {};  // COLUMN=LABEL, or COLUMN for a label of the same name
  std::string metric = {};               // COLUMN
  std::string delimiter = ",";           // one character, or "tab"
  bool header = true;
};

// Errors (kInvalid): no time or value column, a value without metric, an unknown time format, ...
Result<CsvMapping> parse_csv_mapping(const CsvFlags& flags);

}  // namespace trimtab
