// SPDX-License-Identifier: Apache-2.0
#include "store/engine/keeper.h"

#include <gtest/gtest.h>

#include "base/check.h"
#include "store/engine/engine_testlib.h"
#include "store/engine/recovery.h"

namespace trimtab::embedded::testing {
namespace {

// The upkeep of a store without the engine that ends it.
struct Parts {
  explicit Parts(TestStore& store)
      : core(store.options, {}, store.clock, *store.metrics, *store.logger),
        writer(core),
        keeper(core, writer, system_free_bytes) {
    DatabaseOptions database;
    database.directory = store.options.directory;
    database.cache_bytes = store.options.cache_bytes;
    auto opened = Database::open(database);
    CHECK(opened.has_value(), "{}", opened.error().message());
    core.database = std::move(*opened);
    const auto report = recover(core);
    CHECK(report.has_value(), "{}", report.error().message());
  }
  Core core;
  Writer writer;
  Keeper keeper;
};

TEST(StoreKeeper, upkeep_of_a_closing_store_leaves_the_next_series_alone) {
  TestStore store;
  store.reopen();
  store.append(metric("old"), kNow - 10 * kDayMs, 1);
  store.append(metric("cpu"), kNow - 2000, 1);
  store.append(metric("cpu"), kNow, 2);
  const std::uint32_t cpu = raw(store.series(metric("cpu")));
  ASSERT_TRUE(store.engine->compact().has_value());
  store.append(metric("cpu"), kNow - 1000, 3);  // becomes a chunk inside the first one's time
  store.close();
  store.options.retention_age_ms = kDayMs;

  Parts parts(store);
  ASSERT_TRUE(parts.writer.seal({&cpu, 1}, Writer::Part::kAll).has_value());
  const EngineMetrics& counted = parts.core.metrics;
  for (const bool closing : {true, false}) {
    parts.core.closing = closing;
    EXPECT_TRUE(parts.keeper.merge_chunks(Keeper::Which::kAll).has_value());
    EXPECT_TRUE(parts.keeper.enforce_retention().has_value());
    EXPECT_EQ(counted.chunks_merged.value(), closing ? 0 : 2);
    EXPECT_EQ(counted.chunks_expired.value(), closing ? 0 : 1);
  }
}

}  // namespace
}  // namespace trimtab::embedded::testing
