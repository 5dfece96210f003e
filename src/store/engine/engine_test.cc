// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "store/engine/engine_testlib.h"
#include "store/engine/keys.h"

namespace trimtab::embedded::testing {
namespace {

class EmbeddedStoreTest : public ::testing::Test {
 protected:
  EmbeddedStoreTest() { store.reopen(); }

  void fill(const Labels& labels, TimestampMs from, std::size_t count, DurationMs step = 1000) {
    const SeriesId id = store.series(labels);
    std::vector<Sample> batch;
    for (std::size_t i = 0; i < count; ++i) {
      batch.push_back({id, from + static_cast<TimestampMs>(i) * step, static_cast<double>(i)});
    }
    EXPECT_EQ(store.append(batch).taken, count);
  }

  TestStore store;
  const Labels cpu = metric("cpu");
};

TEST_F(EmbeddedStoreTest, duplicate_sample_is_stored_once) {
  EXPECT_EQ(store.append(cpu, kNow, 1).taken, 1U);
  const AppendOutcome again = store.append(cpu, kNow, 1);
  EXPECT_EQ(again.duplicates, 1U);
  EXPECT_EQ(again.taken, 0U);
  EXPECT_EQ(store.read(cpu).size(), 1U);
}

TEST_F(EmbeddedStoreTest, last_write_of_a_time_wins_and_is_counted) {
  store.append(cpu, kNow - 1000, 1);
  store.append(cpu, kNow, 2);
  EXPECT_EQ(store.append(cpu, kNow - 1000, 7).overwritten, 1U);
  EXPECT_EQ(store.append(cpu, kNow, 8).overwritten, 1U);
  EXPECT_EQ(store.read(cpu).values, (std::vector<double>{7, 8}));
}

TEST_F(EmbeddedStoreTest, last_write_wins_over_sealed_chunks_after_merge_and_restart) {
  fill(cpu, kNow - 5000, 5);
  ASSERT_TRUE(store.engine->compact().has_value());
  store.append(cpu, kNow - 4000, 99);
  store.append(cpu, kNow - 1000, 77);  // the newest one, sealed already
  EXPECT_EQ(store.read(cpu).values, (std::vector<double>{0, 99, 2, 3, 77}));
  ASSERT_TRUE(store.engine->compact().has_value());
  EXPECT_EQ(store.engine->stats().chunks, 1U);
  store.crash();
  EXPECT_EQ(store.read(cpu).values, (std::vector<double>{0, 99, 2, 3, 77}));
}

TEST_F(EmbeddedStoreTest, nan_payloads_and_stale_markers_keep_their_bits) {
  const double odd = std::bit_cast<double>(std::uint64_t{0x7ff8dead00000001});
  store.append(cpu, kNow - 2, stale_marker());
  store.append(cpu, kNow - 1, odd);
  EXPECT_EQ(store.append(cpu, kNow - 1, odd).duplicates, 1U);
  ASSERT_TRUE(store.engine->compact().has_value());
  const SampleBuffer found = store.read(cpu);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(is_stale_marker(found.values[0]));
  EXPECT_TRUE(same_bits(found.values[1], odd));
}

TEST_F(EmbeddedStoreTest, refuses_each_bad_sample_under_its_own_name) {
  store.options.retention_age_ms = kDayMs;
  store.reopen();
  const SeriesId id = store.series(cpu);
  const AppendOutcome outcome = store.append({{id, kNow + kHourMs, 1},
                                              {id, kNow - 2 * kDayMs, 1},
                                              {id, kTimestampMax + 1, 1},
                                              {id, kTimestampMin - 1, 1},
                                              {SeriesId{12345}, kNow, 1},
                                              {kNoSeries, kNow, 1},
                                              {id, kNow, 5}});
  EXPECT_EQ(outcome.future_refused, 1U);
  EXPECT_EQ(outcome.too_old_refused, 1U);
  EXPECT_EQ(outcome.invalid_refused, 4U);
  EXPECT_EQ(outcome.taken, 1U);
  EXPECT_EQ(store.counter("trimtab_store_refused_samples_total{reason=\"invalid\"}"), 4);
}

TEST_F(EmbeddedStoreTest, out_of_order_window_refuses_what_is_older) {
  store.options.out_of_order_window_ms = kMinuteMs;
  store.reopen();
  store.append(cpu, kNow, 1);
  EXPECT_EQ(store.append(cpu, kNow - kMinuteMs, 1).out_of_order, 1U);
  EXPECT_EQ(store.append(cpu, kNow - kMinuteMs - 1, 1).too_old_refused, 1U);
}

TEST_F(EmbeddedStoreTest, history_of_any_age_is_welcome_by_default) {
  store.append(cpu, kNow, 1);
  EXPECT_EQ(store.append(cpu, kTimestampMin, 2).taken, 1U);
  EXPECT_EQ(store.append(cpu, 0, 3).taken, 1U);
  store.crash();
  EXPECT_EQ(store.read(cpu).values, (std::vector<double>{2, 3, 1}));
}

TEST_F(EmbeddedStoreTest, backfill_before_live_data_becomes_full_chunks) {
  store.append(cpu, kNow, 1);
  fill(cpu, kNow - 20 * kDayMs, 4800);
  EXPECT_EQ(store.read(cpu).size(), 4801U);
  const std::uint64_t chunks = store.engine->stats().chunks;
  EXPECT_GE(chunks, 1U);
  EXPECT_LE(chunks, 4800 / kSealSamplesMin);
}

TEST_F(EmbeddedStoreTest, series_bound_refuses_new_series_and_old_ones_keep_working) {
  store.options.limits.series_count_max = 2;
  store.reopen();
  store.append(metric("a"), kNow, 1);
  store.append(metric("b"), kNow, 1);
  const auto third = store.engine->ensure_series(metric("c"));
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().code(), ErrorCode::kLimit);
  EXPECT_EQ(store.append(metric("a"), kNow + 1, 2).taken, 1U);
  EXPECT_EQ(store.counter("trimtab_store_refused_series_total{reason=\"series_count_max\"}"), 1);
}

TEST_F(EmbeddedStoreTest, batch_and_read_bounds_are_errors_with_counters) {
  store.options.limits.batch_samples_max = 100;
  store.reopen();
  const std::vector<Sample> batch(101, Sample{store.series(cpu), kNow, 1});
  EXPECT_EQ(store.engine->append(batch).error().code(), ErrorCode::kLimit);
  fill(cpu, kNow - kDayMs, 90);
  fill(metric("mem"), kNow - kDayMs, 90);
  const auto set = store.engine->select({}, {}, {.samples_max = 100});
  ASSERT_TRUE(set.has_value());
  SampleBuffer out;
  EXPECT_TRUE((*set)->read(0, {}, out).has_value());
  EXPECT_EQ((*set)->read(1, {}, out).error().code(), ErrorCode::kLimit);
  EXPECT_EQ(store.engine->select({}, {}, {.series_max = 1}).error().code(), ErrorCode::kLimit);
  const std::atomic<bool> cancelled = true;
  const auto stopped = store.engine->select({}, {}, {.cancelled = &cancelled});
  EXPECT_EQ((*stopped)->read(0, {}, out).error().code(), ErrorCode::kCancelled);
}

TEST_F(EmbeddedStoreTest, acknowledged_samples_and_new_series_survive_a_crash) {
  for (int i = 0; i < 50; ++i) fill(metric("m" + std::to_string(i)), kNow - kDayMs, 700);
  store.crash();
  EXPECT_EQ(store.engine->stats().series, 50U);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(store.read(metric("m" + std::to_string(i))).size(), 700U);
  EXPECT_EQ(store.engine->stats().samples, 35'000U);
}

TEST_F(EmbeddedStoreTest, second_opener_is_told_of_the_conflict) {
  const auto second = Engine::open(store.options, store.hooks, store.clock, *store.metrics, *store.logger);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::kConflict);
}

TEST_F(EmbeddedStoreTest, unknown_format_version_is_refused_and_left_untouched) {
  store.append(cpu, kNow, 1);
  store.close();
  const std::filesystem::path format = std::filesystem::path(store.options.directory) / "FORMAT";
  std::ofstream(format) << "trimtab store 99\n";
  const auto list = [&] {
    std::vector<std::pair<std::string, std::uint64_t>> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(store.options.directory)) {
      if (entry.is_regular_file()) files.emplace_back(entry.path(), entry.file_size());
    }
    std::sort(files.begin(), files.end());
    return files;
  };
  const auto before = list();
  const Status opened = store.open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().code(), ErrorCode::kVersion);
  EXPECT_EQ(list(), before);
}

TEST_F(EmbeddedStoreTest, read_only_store_shows_the_journal_and_writes_nothing) {
  fill(cpu, kNow - kDayMs, 100);
  const std::string copy = store.directory.path("copy");
  std::filesystem::copy(store.options.directory, copy, std::filesystem::copy_options::recursive);
  store.close();
  store.options.directory = copy;
  store.options.read_only = true;
  store.reopen();
  EXPECT_EQ(store.read(cpu).size(), 100U);
  EXPECT_EQ(store.engine->append(std::vector<Sample>{{SeriesId{0}, kNow, 1}}).error().code(),
            ErrorCode::kUnavailable);
  const auto inspection = store.engine->inspect(true, 5);
  ASSERT_TRUE(inspection.has_value());
  EXPECT_EQ(inspection->stats.samples, 100U);
  ASSERT_EQ(inspection->top_metrics.size(), 1U);
  EXPECT_EQ(inspection->top_metrics[0].first, "cpu");
}

TEST_F(EmbeddedStoreTest, remove_takes_the_range_out_and_survives_a_restart) {
  fill(cpu, kNow - 100'000, 100);
  fill(metric("mem"), kNow - 100'000, 100);
  const auto removed = store.engine->remove(exactly(cpu), {kNow - 60'000, kNow - 40'000});
  ASSERT_TRUE(removed.has_value());
  EXPECT_EQ(*removed, 1U);
  for (int round = 0; round < 2; ++round) {
    const SampleBuffer left = store.read(cpu);
    ASSERT_EQ(left.size(), 79U);
    EXPECT_EQ(left.timestamps_ms[39], kNow - 61'000);
    EXPECT_EQ(left.timestamps_ms[40], kNow - 39'000);
    EXPECT_EQ(store.read(metric("mem")).size(), 100U);
    store.crash();
  }
}

TEST_F(EmbeddedStoreTest, removed_newest_sample_can_be_written_again) {
  fill(cpu, kNow - 10'000, 10);
  ASSERT_TRUE(store.engine->remove(exactly(cpu), {kNow - 1000, kNow}).has_value());
  EXPECT_EQ(store.read(cpu).size(), 9U);
  EXPECT_EQ(store.append(cpu, kNow - 1000, 9).taken, 1U);
  EXPECT_EQ(store.read(cpu).size(), 10U);
}

TEST_F(EmbeddedStoreTest, whole_series_is_forgotten_and_its_number_never_given_again) {
  const SeriesId first = store.series(cpu);
  store.engine->remember_key(hash_bytes("wire"), first);
  fill(cpu, kNow - kDayMs, 1000);
  const auto before = store.engine->select({}, {}, {});
  ASSERT_TRUE(store.engine->remove(exactly(cpu), {}).has_value());
  EXPECT_EQ(store.engine->stats().series, 0U);
  EXPECT_EQ(store.engine->stats().chunks, 0U);
  EXPECT_EQ((*before)->labels(0), cpu);  // the answer given before stays readable
  SeriesId out{};
  const LabelsHash key = hash_bytes("wire");
  EXPECT_EQ(store.engine->resolve({&key, 1}, {&out, 1}), 1U);
  EXPECT_EQ(out, kNoSeries);
  EXPECT_EQ(store.append({{first, kNow, 1}}).invalid_refused, 1U);
  store.crash();
  EXPECT_EQ(store.engine->label_names({}, {})->size(), 0U);
  EXPECT_NE(store.series(cpu), first);
}

TEST_F(EmbeddedStoreTest, key_of_a_series_forgotten_meanwhile_is_not_remembered) {
  const LabelsHash key = hash_bytes("wire");
  const SeriesId gone = store.series(cpu);
  store.append({{gone, kNow - 1, 1}});
  ASSERT_TRUE(store.engine->remove(exactly(cpu), {}).has_value());
  store.engine->remember_key(key, gone);  // by a writer that looked its series up before
  SeriesId id{};
  EXPECT_EQ(store.engine->resolve({&key, 1}, {&id, 1}), 1U);
  EXPECT_EQ(id, kNoSeries);
  const SeriesId made = store.series(cpu);
  store.engine->remember_key(key, made);
  ASSERT_EQ(store.engine->resolve({&key, 1}, {&id, 1}), 0U);
  EXPECT_EQ(id, made);
  EXPECT_EQ(store.append({{id, kNow, 2}}).taken, 1U);
}

TEST_F(EmbeddedStoreTest, retention_by_age_hides_at_once_and_drops_when_due) {
  fill(cpu, kNow - 10 * kDayMs, 1000);
  fill(metric("live"), kNow - 10 * kDayMs, 240, kHourMs);
  ASSERT_TRUE(store.engine->compact().has_value());
  store.options.retention_age_ms = 2 * kDayMs;
  store.reopen();
  EXPECT_EQ(store.read(cpu).size(), 0U);
  EXPECT_EQ(store.read(metric("live")).size(), 48U);
  ASSERT_TRUE(store.engine->maintain().has_value());
  EXPECT_EQ(store.engine->stats().chunks, 1U);
  EXPECT_EQ(store.read(metric("live")).size(), 48U);
  EXPECT_EQ((*store.engine->select({}, {}, {}))->size(), 1U);
  store.clock.advance(kDayMs * 90);  // beyond the longest tier
  ASSERT_TRUE(store.engine->maintain().has_value());
  EXPECT_EQ(store.engine->stats().series, 0U);
}

TEST_F(EmbeddedStoreTest, tiers_answer_aligned_reads_for_what_retention_dropped) {
  const TimestampMs start = (kNow - 20 * kDayMs) / kDayMs * kDayMs;
  const std::size_t count = 20 * 24 * 60;
  fill(cpu, start + kMinuteMs, count, kMinuteMs);
  ASSERT_TRUE(store.engine->compact().has_value());
  const TimeRange range{start + kHourMs, start + 19 * kDayMs};
  std::map<Align, std::vector<double>> before;
  for (const Align align : {Align::kMean, Align::kMin, Align::kMax, Align::kSum, Align::kCount}) {
    before[align] = store.engine->aligned({}, range, kHourMs, align, {})->values;
  }
  store.options.retention_age_ms = 7 * kDayMs;
  store.reopen();
  ASSERT_TRUE(store.engine->maintain().has_value());
  EXPECT_LT(store.engine->stats().samples, count / 2);
  for (int round = 0; round < 2; ++round) {
    for (const auto& [align, values] : before) {
      const auto matrix = store.engine->aligned({}, range, kHourMs, align, {});
      ASSERT_TRUE(matrix.has_value());
      ASSERT_EQ(matrix->rows(), 1U);
      for (std::size_t column = 0; column < matrix->columns; ++column) {
        ASSERT_DOUBLE_EQ(matrix->values[column], values[column]) << "column " << column;
      }
    }
    store.crash();
  }
  ASSERT_TRUE(store.engine->remove(exactly(cpu), {start, start + 2 * kDayMs}).has_value());
  EXPECT_EQ(store.engine->aligned({}, {start + kDayMs, start + kDayMs}, kHourMs, Align::kCount, {})->values,
            (std::vector<double>{0}));
  EXPECT_EQ(
      store.engine->aligned({}, {start + 3 * kDayMs, start + 3 * kDayMs}, kHourMs, Align::kCount, {})->values,
      (std::vector<double>{60}));
}

TEST_F(EmbeddedStoreTest, retention_by_size_drops_the_oldest_first) {
  std::uint64_t x = 88172645463325252;
  const SeriesId id = store.series(cpu);
  std::vector<Sample> batch;
  for (int i = 0; i < 200'000; ++i) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    batch.push_back({id, kNow - kDayMs + i * 100, std::bit_cast<double>(x)});
  }
  store.append(batch);
  ASSERT_TRUE(store.engine->compact().has_value());
  const std::uint64_t full = store.engine->stats().samples;
  store.options.retention_bytes = store.engine->stats().disk_bytes / 2;
  store.reopen();
  ASSERT_TRUE(store.engine->maintain().has_value());
  const std::uint64_t left = store.engine->stats().samples;
  EXPECT_LT(left, full * 6 / 10);
  EXPECT_GT(left, full / 5);
  EXPECT_EQ(store.read(cpu).timestamps_ms.back(), kNow - kDayMs + 199'999 * 100);
  EXPECT_EQ(store.read(cpu).size(), left);
}

TEST_F(EmbeddedStoreTest, metadata_is_kept) {
  const MetricMetadata metadata{MetricType::kCounter, "Seconds of work.", "seconds"};
  ASSERT_TRUE(store.engine->set_metadata("cpu", metadata).has_value());
  store.crash();
  EXPECT_EQ(store.engine->metadata().at("cpu"), metadata);
}

TEST_F(EmbeddedStoreTest, aligned_cells_cover_the_step_before_their_time) {
  fill(cpu, kNow - 9000, 10);  // 0..9 at one per second up to kNow
  const auto matrix = store.engine->aligned({}, {kNow - 5000, kNow}, 5000, Align::kSum, {});
  ASSERT_TRUE(matrix.has_value());
  ASSERT_EQ(matrix->rows(), 1U);
  EXPECT_EQ(matrix->values, (std::vector<double>{0 + 1 + 2 + 3 + 4, 5 + 6 + 7 + 8 + 9}));
  EXPECT_EQ(matrix->labels[0], cpu);
}

TEST_F(EmbeddedStoreTest, readers_and_writers_at_once_see_whole_prefixes) {
  store.hooks.background = true;
  store.options.sync_interval_ms = 5;
  store.hooks.limits.checkpoint_journal_bytes = 50'000;
  store.reopen();
  constexpr int kSeries = 20;
  constexpr int kRounds = 1500;
  std::vector<SeriesId> ids;
  for (int i = 0; i < kSeries; ++i) ids.push_back(store.series(metric("m", std::to_string(i))));
  std::atomic<int> acknowledged{0};
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    for (int round = 0; round < kRounds; ++round) {
      std::vector<Sample> batch;
      for (const SeriesId id : ids)
        batch.push_back({id, kNow - kDayMs + round * 1000, static_cast<double>(round)});
      ASSERT_TRUE(store.engine->append(batch).has_value());
      acknowledged = round + 1;
    }
    done = true;
  });
  std::jthread late_writer([&] {
    for (int round = 0; !done; ++round) {
      ASSERT_TRUE(
          store.engine->append(std::vector<Sample>{{ids[0], kNow - 2 * kDayMs + round, 1}}).has_value());
    }
  });
  const auto read = [&] {
    SampleBuffer out;
    while (!done) {
      const int sure = acknowledged;
      const auto set = store.engine->select({}, {kNow - kDayMs, kTimestampMax}, {});
      ASSERT_TRUE(set.has_value());
      for (std::size_t i = 0; i < (*set)->size(); ++i) {
        ASSERT_TRUE((*set)->read(i, {kNow - kDayMs, kTimestampMax}, out).has_value());
        ASSERT_GE(out.size(), static_cast<std::size_t>(sure));
        for (std::size_t k = 0; k < out.size(); ++k) ASSERT_EQ(out.values[k], static_cast<double>(k));
      }
    }
  };
  std::jthread reader_a(read);
  std::jthread reader_b(read);
  std::jthread upkeep([&] {
    while (!done) ASSERT_TRUE(store.engine->maintain().has_value());
  });
}

}  // namespace
}  // namespace trimtab::embedded::testing
