// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "query/engine/engine_testlib.h"

namespace trimtab::promql {
namespace {

std::string at_zero(std::string_view data, std::string_view query) {
  MemoryStore store;
  load_series(store, data, kMinuteMs);
  return answer_text(run(store, query, QueryWindow::at(0)));
}

TEST(CountValues, without_the_label_of_the_values_counts_them_all_together) {
  const char* data = "m{a=\"1\",b=\"x\"} 5\n m{a=\"2\",b=\"x\"} 5\n m{a=\"3\",b=\"y\"} 7\n";
  EXPECT_EQ(at_zero(data, "count_values without (a) (\"a\", m)"), "{b=\"x\"} 2\n{b=\"y\"} 1");
  EXPECT_EQ(at_zero(data, "count_values without (b) (\"a\", m)"), "{a=\"5\"} 2\n{a=\"7\"} 1");
}

TEST(CountValues, a_large_value_is_written_with_zeros) {
  EXPECT_EQ(at_zero("m 15e20", "count_values(\"v\", m)"), "{v=\"1500000000000000000000\"} 1");
}

}  // namespace
}  // namespace trimtab::promql
