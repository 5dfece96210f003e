// SPDX-License-Identifier: Apache-2.0
#include "store/codec/packed_ints.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <vector>

#include "store/codec/bit_pack.h"
#include "store/codec/integer_model.h"

namespace trimtab::codec {
namespace {

using Values = std::vector<std::uint64_t>;

const std::uint8_t* data_of(const std::string& bytes) {
  return reinterpret_cast<const std::uint8_t*>(bytes.data());
}

std::uint64_t low_bits(std::uint64_t value, unsigned width) {
  return width == 64 ? value : value & ((std::uint64_t{1} << width) - 1);
}

// Value `index` bit by bit, from the words of the format alone.
std::uint64_t naive_value(const std::string& bytes, std::size_t index, unsigned width) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    const std::size_t bit = index * width + i;
    value |= static_cast<std::uint64_t>((data_of(bytes)[bit / 8] >> (bit % 8)) & 1) << i;
  }
  return value;
}

TEST(BitPack, every_width_and_count_equals_the_naive_loop_both_ways) {
  std::mt19937_64 random(1);
  for (unsigned width = 0; width <= 64; ++width) {
    for (std::size_t count = 0; count <= 70; ++count) {
      Values values(count);
      for (std::uint64_t& value : values) value = random();
      std::string bytes;
      pack_bits(values, width, bytes);
      ASSERT_EQ(bytes.size(), packed_bytes(count, width));
      for (const std::size_t slack : {0u, 5u, 40u}) {
        const std::string padded = bytes + std::string(slack, '\x5a');
        Values back(count + 1, 99);
        unpack_bits(data_of(padded), padded.size(), count, width, back.data());
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_EQ(back[i], low_bits(values[i], width)) << width << " bits, " << i << " of " << count;
          ASSERT_EQ(back[i], naive_value(bytes, i, width));
        }
        ASSERT_EQ(back[count], 99u) << "written past the end";
      }
    }
  }
}

void expect_stream_round_trip(const Values& values) {
  std::string bytes;
  put_stream(values, bytes);
  ByteReader in(bytes);
  Values back(values.size());
  ASSERT_TRUE(get_stream(in, values.size(), back.data()));
  EXPECT_EQ(in.left(), 0u);
  EXPECT_EQ(back, values);
}

TEST(PackedInts, numbers_of_every_spread_come_back) {
  std::mt19937_64 random(2);
  for (int round = 0; round < 3000; ++round) {
    Values values(1 + random() % (round % 10 == 0 ? kStreamMax : 200));
    const unsigned common = static_cast<unsigned>(random() % 65);
    const unsigned rare = static_cast<unsigned>(random() % 65);
    const unsigned rarest = static_cast<unsigned>(random() % 65);
    const std::size_t one_in = 1 + random() % 40;
    for (std::uint64_t& value : values) {
      unsigned width = random() % one_in == 0 ? rare : common;
      if (random() % 100 == 0) width = rarest;
      value = low_bits(random(), width);
    }
    expect_stream_round_trip(values);
  }
}

TEST(PackedInts, few_exceptions_cost_little) {
  Values values(480, 3);
  values[17] = 1000;
  values[400] = 1'000'000;
  std::string bytes;
  put_stream(values, bytes);
  EXPECT_LE(bytes.size(), 480 * 2 / 8 + 12u);
}

TEST(PackedInts, streams_that_lie_about_themselves_are_refused) {
  Values out(kStreamMax);
  const auto refused = [&](std::string bytes, std::size_t count) {
    bytes += std::string(64, '\0');
    ByteReader in(bytes);
    return !get_stream(in, count, out.data());
  };
  EXPECT_TRUE(refused("\x41", 1)) << "width 65";
  EXPECT_TRUE(refused(std::string("\x00", 1), kStreamMax + 1)) << "too many";
  EXPECT_TRUE(refused(std::string("\x80\x00", 2), 8)) << "no exceptions though announced";
  EXPECT_TRUE(refused(std::string("\x80\x12", 2), 8)) << "more exceptions than numbers";
  EXPECT_TRUE(refused(std::string("\x80\x02\x08", 3), 8)) << "gap past the end";
  EXPECT_TRUE(refused(std::string("\x80\x03\x03", 3), 8)) << "bitmap with two bits for one exception";
  EXPECT_TRUE(refused(std::string("\x80\x03\x80", 3), 7)) << "bitmap bit past the end";
  EXPECT_TRUE(refused("\xc0xxxxxxxx\x02", 1)) << "exceptions above 64 bits";
  EXPECT_FALSE(refused(std::string("\x80\x02\x07", 3), 8)) << "gap to the last number";
}

TEST(IntegerModel, overflowing_differences_come_back) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::int64_t> numbers(2 + random() % 100);
    for (std::int64_t& number : numbers) number = static_cast<std::int64_t>(random() >> (random() % 64));
    if (round % 2 == 0) numbers[random() % numbers.size()] = std::numeric_limits<std::int64_t>::min();
    if (round % 3 == 0) numbers[random() % numbers.size()] = std::numeric_limits<std::int64_t>::max();
    std::string bytes;
    const IntegerModel model = put_integers(numbers, bytes);
    ByteReader in(bytes);
    std::vector<std::int64_t> back(numbers.size());
    ASSERT_TRUE(get_integers(in, model, numbers.size(), back.data()));
    EXPECT_EQ(back, numbers);
    EXPECT_EQ(in.left(), 0u);
  }
}

}  // namespace
}  // namespace trimtab::codec
