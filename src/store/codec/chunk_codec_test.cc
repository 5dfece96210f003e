// SPDX-License-Identifier: Apache-2.0
#include "store/codec/chunk_codec.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "store/codec/chunk_data_testlib.h"

namespace trimtab {
namespace {

using testing::same_samples;
using testing::series_kinds;

std::string encoded(const SampleBuffer& samples) {
  std::string out;
  encode_chunk(samples.timestamps_ms, samples.values, out);
  return out;
}

SampleBuffer regular(std::vector<double> values) {
  SampleBuffer out;
  for (std::size_t i = 0; i < values.size(); ++i)
    out.timestamps_ms.push_back(static_cast<TimestampMs>(i) * 1000);
  out.values = std::move(values);
  return out;
}

void expect_round_trip(const SampleBuffer& samples, const std::string& what) {
  const std::string chunk = encoded(samples);
  SampleBuffer back;
  const Status status = decode_chunk(chunk, back);
  ASSERT_TRUE(status) << what << ": " << status.error().message();
  ASSERT_TRUE(same_samples(samples, back)) << what;
  const auto header = decode_chunk_header(chunk);
  ASSERT_TRUE(header) << what;
  EXPECT_EQ(header->count, samples.size());
  EXPECT_EQ(header->first_ms, samples.timestamps_ms.front());
  EXPECT_EQ(header->last_ms, samples.timestamps_ms.back());
}

TEST(ChunkCodec, every_kind_and_length_comes_back_bit_for_bit) {
  std::mt19937_64 random(1);
  for (const auto& kind : series_kinds()) {
    for (std::size_t count = 1; count <= 1000; count += 1 + count / 40) {
      expect_round_trip(kind.make(random, count), kind.name + " of " + std::to_string(count));
    }
    expect_round_trip(kind.make(random, kChunkSamplesMax), kind.name + " at the bound");
  }
}

// One value of each class of double, and values on both sides of every border the codec draws.
std::vector<double> notable_doubles() {
  std::vector<double> out;
  for (const std::uint64_t word :
       {kStaleNanBits, std::uint64_t{0x7ff8000000000001}, std::uint64_t{0x7ff8000000000000},
        std::uint64_t{0xfff8000000000000}, std::uint64_t{0x7ff0000000000001},
        std::uint64_t{0x7fffffffffffffff}, std::uint64_t{0xffffffffffffffff},
        std::uint64_t{0x7ff00000deadbeef}, std::uint64_t{0x7ff0000000000000},
        std::uint64_t{0xfff0000000000000}, std::uint64_t{0x8000000000000000}, std::uint64_t{0},
        std::uint64_t{1}, std::uint64_t{0x8000000000000001}, std::uint64_t{0x000fffffffffffff},
        std::uint64_t{0x0010000000000000}, std::uint64_t{0x7fefffffffffffff},
        std::uint64_t{0xffefffffffffffff}}) {
    out.push_back(std::bit_cast<double>(word));
  }
  for (const double border :
       {0x1p51, 0x1p52, 0x1p53, 0x1p62, 0x1p63, 0x1p64, 1e15, 1e18, 1e19, 1e22, 1e-18, 1e-19}) {
    for (const double sign : {1.0, -1.0}) {
      out.push_back(sign * std::nextafter(border, 0));
      out.push_back(sign * border);
      out.push_back(sign * std::nextafter(border, 1e300));
    }
  }
  for (const double value :
       {0.1, 0.2, 0.3, 1.0 / 3, 2.5, 100.0, 123456.789, 0.000001, 99.99, 4096.0, -7.25}) {
    out.push_back(value);
    out.push_back(-value);
  }
  return out;
}

TEST(ChunkCodec, notable_doubles_come_back_alone_and_in_every_pair) {
  const std::vector<double> notable = notable_doubles();
  for (const double a : notable) {
    expect_round_trip(regular({a}), "alone");
    for (const double b : notable) expect_round_trip(regular({a, b, b, a, a, b, a}), "pair");
  }
  expect_round_trip(regular(notable), "all");
}

TEST(ChunkCodec, notable_doubles_come_back_among_ordinary_ones) {
  std::mt19937_64 random(2);
  const std::vector<double> notable = notable_doubles();
  for (const auto& kind : series_kinds()) {
    for (const double odd : notable) {
      SampleBuffer samples = kind.make(random, 130);
      for (int i = 0; i < 3; ++i) samples.values[random() % samples.size()] = odd;
      expect_round_trip(samples, kind.name);
    }
  }
}

TEST(ChunkCodec, extreme_and_uneven_times_come_back) {
  constexpr auto kLowest = std::numeric_limits<TimestampMs>::min();
  constexpr auto kHighest = std::numeric_limits<TimestampMs>::max();
  expect_round_trip({{kTimestampMin, kTimestampMax}, {1, 2}}, "store bounds");
  expect_round_trip({{kTimestampMin, 0, 1, kTimestampMax - 1, kTimestampMax}, {1, 2, 3, 4, 5}}, "mixed");
  expect_round_trip({{kLowest, kLowest + 1}, {1, 2}}, "lowest");
  expect_round_trip({{kHighest - 5, kHighest - 1, kHighest}, {1, 2, 3}}, "highest");
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    SampleBuffer samples;
    TimestampMs t = static_cast<TimestampMs>(random() % 2000000000000);
    for (int i = 0; i < 150; ++i) {
      const bool gap = random() % 50 == 0;
      samples.timestamps_ms.push_back(t +=
                                      gap ? 1 + static_cast<TimestampMs>(random() >> (16 + random() % 47))
                                          : 10000 + static_cast<TimestampMs>(random() % 30));
      samples.values.push_back(i);
    }
    expect_round_trip(samples, "gaps");
  }
}

// docs/formats/chunk.md explains these bytes one by one; a change here is a change of the format.
TEST(ChunkCodec, the_documented_example_is_what_the_encoder_writes) {
  SampleBuffer samples =
      regular({12.5, 12.6, 12.9, 12.7, 12.7, 12.9, 12.6, 12.5, 12.6, 12.9, 12.7, stale_marker()});
  for (TimestampMs& t : samples.timestamps_ms) t = 1'790'000'000'000 + t * 15;
  const std::vector<std::uint8_t> documented{0x01, 0x0c, 0x00, 0x80, 0xb0, 0x83, 0xc5, 0x98, 0x68, 0x98,
                                             0x75, 0x21, 0x01, 0xfa, 0x01, 0x05, 0x03, 0x74, 0x56, 0x88,
                                             0xce, 0x00, 0x01, 0x0b, 0x00, 0x01, 0x30, 0xe1, 0x2f, 0x91};
  const std::string chunk = encoded(samples);
  EXPECT_EQ(std::vector<std::uint8_t>(chunk.begin(), chunk.end()), documented);
}

TEST(ChunkCodec, encode_appends_and_decode_appends) {
  const SampleBuffer samples = regular({1, 2, 4});
  std::string out = "before";
  encode_chunk(samples.timestamps_ms, samples.values, out);
  EXPECT_EQ(out.substr(0, 6), "before");
  SampleBuffer back = samples;
  ASSERT_TRUE(decode_chunk(std::string_view(out).substr(6), back));
  EXPECT_EQ(back.values, (std::vector<double>{1, 2, 4, 1, 2, 4}));
}

TEST(ChunkCodec, caller_arrays_are_filled_or_refused_when_short) {
  const SampleBuffer samples = regular({1, 2, 4});
  const std::string chunk = encoded(samples);
  std::vector<TimestampMs> times(3);
  std::vector<double> values(3);
  const auto count = decode_chunk(chunk, times, values);
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 3u);
  EXPECT_EQ(values, samples.values);
  const auto refused = decode_chunk(chunk, std::span(times).first(2), values);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kLimit);
}

TEST(ChunkCodec, range_decode_gives_what_a_filter_of_the_whole_gives) {
  std::mt19937_64 random(4);
  for (const auto& kind : series_kinds()) {
    const SampleBuffer all = kind.make(random, 200);
    const std::string chunk = encoded(all);
    for (int round = 0; round < 60; ++round) {
      const TimestampMs a = all.timestamps_ms[random() % 200] + static_cast<TimestampMs>(random() % 3) - 1;
      const TimestampMs b = all.timestamps_ms[random() % 200] + static_cast<TimestampMs>(random() % 3) - 1;
      SampleBuffer expected;
      for (std::size_t i = 0; i < all.size(); ++i) {
        if (!TimeRange{a, b}.contains(all.timestamps_ms[i])) continue;
        expected.timestamps_ms.push_back(all.timestamps_ms[i]);
        expected.values.push_back(all.values[i]);
      }
      SampleBuffer found;
      ASSERT_TRUE(decode_chunk(chunk, {a, b}, found));
      EXPECT_TRUE(same_samples(found, expected)) << kind.name;
    }
  }
}

TEST(ChunkCodec, every_single_bit_flip_is_noticed_and_leaves_the_buffer_alone) {
  std::mt19937_64 random(5);
  for (const auto& kind : series_kinds()) {
    const std::string chunk = encoded(kind.make(random, 60));
    for (std::size_t bit = 0; bit < chunk.size() * 8; ++bit) {
      std::string bad = chunk;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      SampleBuffer out = regular({7});
      const Status status = decode_chunk(bad, out);
      ASSERT_FALSE(status) << kind.name << " bit " << bit;
      EXPECT_EQ(status.error().code(), bit < 8 ? ErrorCode::kVersion : ErrorCode::kCorrupt);
      EXPECT_EQ(out.values, std::vector<double>{7});
      EXPECT_EQ(out.timestamps_ms.size(), 1u);
    }
  }
}

TEST(ChunkCodec, every_truncation_and_a_trailing_byte_are_noticed) {
  std::mt19937_64 random(6);
  for (const auto& kind : series_kinds()) {
    const std::string chunk = encoded(kind.make(random, 60));
    for (std::size_t length = 0; length < chunk.size(); ++length) {
      SampleBuffer out;
      const Status status = decode_chunk(std::string_view(chunk).substr(0, length), out);
      ASSERT_FALSE(status);
      EXPECT_EQ(status.error().code(), ErrorCode::kCorrupt);
      (void)decode_chunk_header(std::string_view(chunk).substr(0, length));
    }
    SampleBuffer out;
    EXPECT_FALSE(decode_chunk(chunk + "x", out));
  }
}

TEST(ChunkCodec, same_samples_give_the_same_bytes) {
  std::mt19937_64 random(7);
  for (const auto& kind : series_kinds()) {
    const SampleBuffer samples = kind.make(random, 300);
    EXPECT_EQ(encoded(samples), encoded(samples));
  }
}

double bytes_per_sample(const std::string& name, std::size_t count) {
  std::mt19937_64 random(8);
  for (const auto& kind : series_kinds()) {
    if (kind.name == name)
      return static_cast<double>(encoded(kind.make(random, count)).size()) / static_cast<double>(count);
  }
  ADD_FAILURE() << "no kind " << name;
  return 1e9;
}

TEST(ChunkCodec, sizes_stay_within_what_the_format_promises) {
  EXPECT_LE(bytes_per_sample("constant", 480), 0.06);
  EXPECT_LE(bytes_per_sample("counter", 480), 1.0);
  EXPECT_LE(bytes_per_sample("counter", 60), 1.4);
  EXPECT_LE(bytes_per_sample("counter_with_resets", 480), 1.7);
  EXPECT_LE(bytes_per_sample("gauge_2_decimals", 480), 1.45);
  EXPECT_LE(bytes_per_sample("gauge_ends_stale", 480), 1.5);
  EXPECT_LE(bytes_per_sample("gauge_2_decimals_jitter", 480), 1.9);
  EXPECT_LE(bytes_per_sample("memory_x4096", 480), 1.2);
  EXPECT_LE(bytes_per_sample("cpu_seconds_2_decimals", 480), 1.5);
  EXPECT_LE(bytes_per_sample("seconds_from_micros", 480), 2.4);
  EXPECT_LE(bytes_per_sample("rarely_changing", 480), 0.5);
  EXPECT_LE(bytes_per_sample("single_precision", 480), 4.5);
  EXPECT_LE(bytes_per_sample("floats_17_digits", 480), 7.5);
  EXPECT_LE(bytes_per_sample("random_bits", 480), 15.5);
}

}  // namespace
}  // namespace trimtab
