// SPDX-License-Identifier: Apache-2.0
#include "store/codec/gorilla_testlib.h"

#include <bit>
#include <cstdint>
#include <cstring>

namespace trimtab::testing {
namespace {

// Bits from the highest of each byte down, as the paper lays them.
class BitWriter {
 public:
  void put(std::uint64_t value, unsigned width) {
    if (width > 32) {
      put(value >> 32, width - 32);
      width = 32;
      value &= 0xffffffff;
    }
    word_ = (word_ << width) | value;
    filled_ += width;
    while (filled_ >= 8) {
      filled_ -= 8;
      out_.push_back(static_cast<char>(word_ >> filled_));
    }
  }
  std::string finish() {
    if (filled_ > 0) put(0, 8 - filled_);
    out_.append(8, '\0');  // the reader loads whole words
    return std::move(out_);
  }

 private:
  std::string out_;
  std::uint64_t word_ = 0;
  unsigned filled_ = 0;
};

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : data_(bytes.data()) {}
  std::uint64_t get(unsigned width) {
    if (width == 0) return 0;
    if (width > 56) {
      const std::uint64_t high = get(width - 32);
      return high << 32 | get(32);
    }
    std::uint64_t word;
    std::memcpy(&word, data_ + (at_ >> 3), sizeof word);
    word = __builtin_bswap64(word) << (at_ & 7);
    at_ += width;
    return word >> (64 - width);
  }
  bool bit() { return get(1) != 0; }

 private:
  const char* data_;
  std::size_t at_ = 0;
};

struct TimeClass {
  unsigned prefix_bits;
  std::uint64_t prefix;
  unsigned width;
};
constexpr TimeClass kClasses[] = {{2, 0b10, 14}, {3, 0b110, 17}, {4, 0b1110, 20}, {4, 0b1111, 64}};

void put_time(BitWriter& out, std::int64_t change) {
  if (change == 0) return out.put(0, 1);
  for (const TimeClass& one : kClasses) {
    const std::int64_t half = std::int64_t{1} << (one.width - 1);
    if (one.width < 64 && (change < -half || change >= half)) continue;
    out.put(one.prefix, one.prefix_bits);
    const std::uint64_t mask = ~std::uint64_t{0} >> (64 - one.width);
    return out.put(static_cast<std::uint64_t>(change) & mask, one.width);
  }
}

std::int64_t get_time(BitReader& in) {
  unsigned ones = 0;
  while (ones < 4 && in.bit()) ++ones;
  if (ones == 0) return 0;
  const unsigned width = kClasses[ones - 1].width;
  return static_cast<std::int64_t>(in.get(width) << (64 - width)) >> (64 - width);
}

struct Window {
  unsigned leading = 65;  // none yet
  unsigned trailing = 0;
};

void put_value(BitWriter& out, std::uint64_t change, Window& window) {
  if (change == 0) return out.put(0, 1);
  unsigned leading = static_cast<unsigned>(std::countl_zero(change));
  const auto trailing = static_cast<unsigned>(std::countr_zero(change));
  if (leading > 31) leading = 31;
  if (window.leading <= leading && window.trailing <= trailing) {
    out.put(0b10, 2);
    return out.put(change >> window.trailing, 64 - window.leading - window.trailing);
  }
  window = {leading, trailing};
  const unsigned width = 64 - leading - trailing;
  out.put(0b11, 2);
  out.put(leading, 5);
  out.put(width & 63, 6);
  out.put(change >> trailing, width);
}

std::uint64_t get_value(BitReader& in, Window& window) {
  if (!in.bit()) return 0;
  if (in.bit()) {
    window.leading = static_cast<unsigned>(in.get(5));
    auto width = static_cast<unsigned>(in.get(6));
    if (width == 0) width = 64;
    window.trailing = 64 - window.leading - width;
  }
  return in.get(64 - window.leading - window.trailing) << window.trailing;
}

}  // namespace

std::string gorilla_encode(const SampleBuffer& samples) {
  BitWriter out;
  Window window;
  std::int64_t time = 0;
  std::int64_t delta = 0;
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const std::int64_t next = samples.timestamps_ms[i] - time;
    put_time(out, next - delta);
    delta = i == 0 ? 0 : next;
    time = samples.timestamps_ms[i];
    const auto value = std::bit_cast<std::uint64_t>(samples.values[i]);
    put_value(out, value ^ word, window);
    word = value;
  }
  return out.finish();
}

void gorilla_decode(std::string_view bytes, std::size_t count, SampleBuffer& out) {
  BitReader in(bytes);
  Window window;
  std::int64_t time = 0;
  std::int64_t delta = 0;
  std::uint64_t word = 0;
  out.timestamps_ms.resize(count);
  out.values.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    delta += get_time(in);
    time += delta;
    if (i == 0) delta = 0;
    word ^= get_value(in, window);
    out.timestamps_ms[i] = time;
    out.values[i] = std::bit_cast<double>(word);
  }
}

}  // namespace trimtab::testing
