// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace trimtab::codec {

static_assert(std::endian::native == std::endian::little,
              "stored numbers are little-endian and read in place");

// Maps 0, -1, 1, -2, ... to 0, 1, 2, 3, ... so that small numbers of either sign stay short.
inline std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}
inline std::int64_t unzigzag(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (0 - (value & 1)));
}

// Seven bits a byte, lowest first, the top bit set on all but the last byte: 1 to 10 bytes.
inline void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

template <typename T>
void put_fixed(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// Reads foreign bytes from front to back. A read past the end (or a varint over 64 bits) gives zero
// and makes ok() false for good, so that callers check once after a group of reads.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes)
      : at_(reinterpret_cast<const std::uint8_t*>(bytes.data())), end_(at_ + bytes.size()) {}

  bool ok() const { return ok_; }
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  std::uint8_t byte() {
    const std::uint8_t* at = take(1);
    return at ? *at : std::uint8_t{0};
  }

  template <typename T>
  T fixed() {
    T value{};
    if (const std::uint8_t* at = take(sizeof value)) std::memcpy(&value, at, sizeof value);
    return value;
  }

  std::uint64_t varint() {
    if (at_ != end_ && *at_ < 0x80) return *at_++;
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const std::uint64_t next = *at_++;
      if (shift == 63 && next > 1) break;
      value |= (next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    ok_ = false;
    at_ = end_;
    return 0;
  }

  // The next `count` bytes, or null when there are fewer.
  const std::uint8_t* take(std::size_t count) {
    if (left() < count) {
      ok_ = false;
      at_ = end_;
      return nullptr;
    }
    const std::uint8_t* at = at_;
    at_ += count;
    return at;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool ok_ = true;
};

}  // namespace trimtab::codec
