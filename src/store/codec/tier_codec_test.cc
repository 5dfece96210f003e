// SPDX-License-Identifier: Apache-2.0
#include "store/codec/tier_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>

#include "store/codec/chunk_data_testlib.h"

namespace trimtab {
namespace {

constexpr DurationMs kBucket = 5 * kMinuteMs;

TierBuckets buckets_of(const SampleBuffer& samples, DurationMs bucket_ms = kBucket) {
  TierBuckets out;
  downsample(samples.timestamps_ms, samples.values, bucket_ms, out);
  return out;
}

std::string encoded(const TierBuckets& buckets) {
  std::string out;
  encode_tier(buckets, out);
  return out;
}

// NaN sums (infinity and minus infinity in one bucket) have to come back too.
bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

TEST(Downsample, equals_a_naive_map_of_buckets) {
  std::mt19937_64 random(1);
  for (int round = 0; round < 100; ++round) {
    SampleBuffer samples;
    TimestampMs t = -50000;
    std::map<TimestampMs, std::vector<double>> expected;
    const DurationMs bucket_ms = 1 + static_cast<DurationMs>(random() % 1000);
    for (int i = 0; i < 200; ++i) {
      t += 1 + static_cast<TimestampMs>(random() % 900);
      double value = static_cast<double>(random() % 100);
      if (random() % 8 == 0) value = stale_marker();
      if (random() % 8 == 0) value = std::numeric_limits<double>::quiet_NaN();
      samples.timestamps_ms.push_back(t);
      samples.values.push_back(value);
      const auto end =
          static_cast<TimestampMs>(std::ceil(static_cast<double>(t) / static_cast<double>(bucket_ms))) *
          bucket_ms;
      if (!std::isnan(value)) expected[end].push_back(value);
    }
    const TierBuckets found = buckets_of(samples, bucket_ms);
    ASSERT_EQ(found.size(), expected.size());
    std::size_t i = 0;
    for (const auto& [end, values] : expected) {
      double sum = 0;
      for (const double value : values) sum += value;
      EXPECT_EQ(found.timestamps_ms[i], end);
      EXPECT_EQ(found[i], (TierBucket{*std::min_element(values.begin(), values.end()),
                                      *std::max_element(values.begin(), values.end()), sum, values.size()}));
      ++i;
    }
  }
}

TEST(Downsample, samples_in_pieces_give_the_same_buckets) {
  std::mt19937_64 random(2);
  const SampleBuffer samples = testing::series_kinds()[0].make(random, 300);
  for (const std::size_t cut : {1u, 7u, 20u, 150u, 299u}) {
    TierBuckets pieces;
    downsample(std::span(samples.timestamps_ms).first(cut), std::span(samples.values).first(cut), kBucket,
               pieces);
    downsample(std::span(samples.timestamps_ms).subspan(cut), std::span(samples.values).subspan(cut), kBucket,
               pieces);
    EXPECT_EQ(pieces, buckets_of(samples));
  }
}

TEST(Downsample, a_series_of_nan_leaves_no_bucket) {
  EXPECT_EQ(buckets_of({{1, 2}, {stale_marker(), std::nan("")}}).size(), 0u);
}

TEST(Downsample, late_samples_merge_into_their_buckets) {
  std::mt19937_64 random(3);
  const SampleBuffer all = testing::series_kinds()[0].make(random, 400);  // whole numbers: sums are exact
  SampleBuffer even;
  SampleBuffer odd;
  for (std::size_t i = 0; i < all.size(); ++i) {
    SampleBuffer& half = i % 2 == 0 ? even : odd;
    half.timestamps_ms.push_back(all.timestamps_ms[i]);
    half.values.push_back(all.values[i]);
  }
  EXPECT_EQ(merge(buckets_of(even), buckets_of(odd)), buckets_of(all));
  EXPECT_EQ(merge(buckets_of(odd), buckets_of(even)), buckets_of(all));
  EXPECT_EQ(merge(buckets_of(all), TierBuckets{}), buckets_of(all));
}

TEST(TierCodec, buckets_of_every_kind_come_back_bit_for_bit) {
  std::mt19937_64 random(4);
  for (const auto& kind : testing::series_kinds()) {
    for (const std::size_t count : {1u, 2u, 19u, 500u, 4000u}) {
      const TierBuckets buckets = buckets_of(kind.make(random, count));
      if (buckets.size() == 0) continue;
      const std::string block = encoded(buckets);
      TierBuckets back;
      const Status status = decode_tier(block, back);
      ASSERT_TRUE(status) << kind.name << ": " << status.error().message();
      EXPECT_EQ(back.timestamps_ms, buckets.timestamps_ms);
      EXPECT_TRUE(same(back.min, buckets.min) && same(back.max, buckets.max) && same(back.sum, buckets.sum));
      EXPECT_EQ(back.count, buckets.count);
      const auto header = decode_tier_header(block);
      ASSERT_TRUE(header);
      EXPECT_EQ(header->count, buckets.size());
      EXPECT_EQ(header->first_ms, buckets.timestamps_ms.front());
      EXPECT_EQ(header->last_ms, buckets.timestamps_ms.back());
    }
  }
}

TEST(TierCodec, decode_appends) {
  std::mt19937_64 random(5);
  const TierBuckets buckets = buckets_of(testing::series_kinds()[0].make(random, 100));
  TierBuckets back = buckets;
  ASSERT_TRUE(decode_tier(encoded(buckets), back));
  EXPECT_EQ(back.size(), buckets.size() * 2);
}

TEST(TierCodec, every_bit_flip_and_truncation_is_noticed) {
  std::mt19937_64 random(6);
  const std::string block = encoded(buckets_of(testing::series_kinds()[2].make(random, 400)));
  for (std::size_t bit = 0; bit < block.size() * 8; ++bit) {
    std::string bad = block;
    bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
    TierBuckets out;
    const Status status = decode_tier(bad, out);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code(), bit < 8 ? ErrorCode::kVersion : ErrorCode::kCorrupt);
    EXPECT_EQ(out.size(), 0u);
  }
  for (std::size_t length = 0; length < block.size(); ++length) {
    TierBuckets out;
    EXPECT_FALSE(decode_tier(std::string_view(block).substr(0, length), out));
    (void)decode_tier_header(std::string_view(block).substr(0, length));
  }
}

TEST(TierCodec, a_chunk_is_not_a_tier_block) {
  TierBuckets out;
  const Status status = decode_tier(std::string("\x01\x01\x00", 3), out);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kVersion);
}

}  // namespace
}  // namespace trimtab
