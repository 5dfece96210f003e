// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The state of a streaming detector as bytes: little-endian, no padding, floats as their bits, so that a
// restored detector gives the very same scores.
namespace trimtab::kernels {

class StateWriter {
 public:
  void number(double value) { word(std::bit_cast<std::uint64_t>(value)); }
  void word(std::uint64_t value) {
    for (int shift = 0; shift < 64; shift += 8) bytes_.push_back(static_cast<char>(value >> shift));
  }
  // Seven bits a byte, the lowest first: small counts take one byte.
  void count(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }
  void numbers(std::span<const double> values) {
    count(values.size());
    for (const double value : values) number(value);
  }
  void short_numbers(std::span<const float> values) {
    count(values.size());
    for (const float value : values) {
      const auto bits = std::bit_cast<std::uint32_t>(value);
      for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<char>(bits >> shift));
    }
  }
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

// Reads what StateWriter wrote. After any failed read ok() is false and all further reads give 0.
class StateReader {
 public:
  explicit StateReader(std::string_view bytes) : bytes_(bytes) {}

  double number() { return std::bit_cast<double>(word()); }
  std::uint64_t word() {
    if (bytes_.size() < 8) return fail();
    std::uint64_t value = 0;
    for (int i = 0; i < 8; ++i) value |= std::uint64_t{static_cast<unsigned char>(bytes_[i])} << (8 * i);
    bytes_.remove_prefix(8);
    return value;
  }
  std::uint64_t count() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) return fail();
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    return fail();
  }
  // At most out.size() numbers; returns how many there were.
  std::size_t numbers(std::span<double> out) {
    const std::uint64_t size = count();
    if (size > out.size()) return fail();
    for (std::size_t i = 0; i < size; ++i) out[i] = number();
    return ok_ ? size : 0;
  }
  // Replaces `out` by at most size_max numbers.
  void short_numbers(std::vector<float>& out, std::size_t size_max) {
    out.clear();
    const std::uint64_t size = count();
    if (size > size_max || 4 * size > bytes_.size()) {
      fail();
      return;
    }
    for (std::size_t i = 0; i < size; ++i) {
      std::uint32_t bits = 0;
      for (int k = 0; k < 4; ++k)
        bits |= std::uint32_t{static_cast<unsigned char>(bytes_[4 * i + k])} << (8 * k);
      out.push_back(std::bit_cast<float>(bits));
    }
    bytes_.remove_prefix(4 * size);
  }
  // What was read makes no sense.
  void refuse() { fail(); }
  bool ok() const { return ok_; }
  bool at_end() const { return bytes_.empty(); }

 private:
  std::uint64_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace trimtab::kernels
