// SPDX-License-Identifier: Apache-2.0
#include "query/number_text.h"

#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

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

// Against the search for the shortest digits, on values of every kind of telemetry.
TEST(NumberText, the_shortest_digits_are_found_the_short_way_too) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 200'000; ++i) {
    const auto whole = static_cast<double>(static_cast<std::int64_t>(random()) >> (random() % 63));
    const std::array<double, 6> values{whole, whole / 1000, whole / 100, whole / 3, whole * 1e-4, -whole / 8};
    for (const double value : values) {
      const double size = std::abs(value);
      if (size != 0 && (size < 1e-6 || size >= 9e15)) continue;
      std::array<char, 64> expected;
      const char* end =
          std::to_chars(expected.data(), expected.data() + 64, value, std::chars_format::fixed).ptr;
      std::array<char, kApiNumberBytes> found;
      char* const found_end = write_api_number(found.data(), value);
      ASSERT_EQ(std::string_view(found.data(), found_end), std::string_view(expected.data(), end));
    }
  }
}

}  // namespace
}  // namespace trimtab::promql
