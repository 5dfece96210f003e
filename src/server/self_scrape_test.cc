// SPDX-License-Identifier: Apache-2.0
#include "server/self_scrape.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ledger/ledger_testlib.h"
#include "store/embedded_store.h"

namespace trimtab {
namespace {

TEST(SelfScrape, own_metrics_come_back_after_their_series_were_deleted) {
  const ScratchFolder scratch;
  FakeClock clock(kTestStart);
  const auto logger = create_null_logger();
  Metrics metrics;
  EmbeddedStoreOptions options;
  options.directory = scratch.file("store");
  const auto store = EmbeddedStore::open(options, clock, metrics, *logger).value();
  metrics.counter("own_total", "Counts.").add();
  SelfScrape own(metrics, *store, "host-a", clock, *logger, 0);
  const Matchers all = parse_selector(R"({job="trimtab", instance="host-a"})").value();
  const auto is_known = [&] {
    const auto names = store->label_values("__name__", all, {}).value();
    return std::ranges::find(names, "own_total") != names.end();
  };
  ASSERT_TRUE(own.collect().has_value());
  EXPECT_TRUE(is_known());

  ASSERT_GT(store->remove(all, {}).value(), 0U);
  EXPECT_FALSE(is_known());
  for (int round = 0; round < 2; ++round) {  // the first meets what is gone
    clock.advance(kMinuteMs);
    ASSERT_TRUE(own.collect().has_value());
  }
  EXPECT_TRUE(is_known());
}

}  // namespace
}  // namespace trimtab
