// SPDX-License-Identifier: Apache-2.0
#include "query/number_text.h"

#include <gtest/gtest.h>

#include <limits>

namespace trimtab::promql {
namespace {

TEST(NumberText, never_has_an_exponent_and_shows_the_shortest_digits) {
  struct Case {
    double value;
    std::string text;
  };
  const std::vector<Case> cases{{0, "0"},
                                {-0.0, "-0"},
                                {0.1, "0.1"},
                                {-1.5e-9, "-0.0000000015"},
                                {1e15, "1000000000000000"},
                                {1234567890123456.75, "1234567890123456.8"},
                                {9007199254740993.0, "9007199254740992"},
                                {304953329767833600.0, "304953329767833600"},
                                {-1.5e22, "-15000000000000000000000"},
                                {std::numeric_limits<double>::infinity(), "+Inf"},
                                {-std::numeric_limits<double>::infinity(), "-Inf"},
                                {std::numeric_limits<double>::quiet_NaN(), "NaN"}};
  for (const Case& c : cases) {
    std::string out;
    append_plain_number(out, c.value);
    EXPECT_EQ(out, c.text);
  }
}

}  // namespace
}  // namespace trimtab::promql
