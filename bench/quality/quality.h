// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// The frame of `make quality`: every kernel on labelled public data, beside trivial baselines and the best
// published figure. A set is one file here with one function, named in sets.cc. Protocols are those of the
// data's own README. Default parameters, one setting for a whole set, nothing keyed to a file.
namespace trimtab::quality {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// A figure of somebody else's: a baseline computed in the same run, or a published one.
struct Figure {
  std::string name{};  // "zero (no change)", "annotators"
  double value = kUnknown;
};

enum class Better { kHigher, kLower, kNear };  // kNear: the goal is a range around a nominal value

struct Row {
  std::string set{};     // "tcpd"
  std::string metric{};  // "F1, margin 5"
  double ours = kUnknown;
  Better better = Better::kHigher;
  double goal = kUnknown;           // of kNear: the middle
  double goal_width = 0;            // of kNear: allowed distance from it
  std::vector<Figure> baselines{};  // trivial ones, same run, same data
  Figure published{};               // the best one known
  std::string note{};               // what else a reader must know: how many series, which protocol
};

// Whether the goal is met; rows without a goal meet it.
bool meets_goal(const Row& row);

struct Set {
  std::string_view name;
  std::string_view sentence;
  Result<std::vector<Row>> (*run)(const std::filesystem::path& data);  // data: the folder of all sets
  bool needs_data = true;                                              // false: simulated
};

// All sets in the order of the table (sets.cc).
const std::vector<Set>& sets();

}  // namespace trimtab::quality
