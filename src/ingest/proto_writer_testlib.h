// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace trimtab {

// Writes protocol buffer fields, for tests: shares no code with the reader.
class ProtoWriter {
 public:
  ProtoWriter& varint(int field, std::uint64_t value) {
    tag(field, 0);
    raw_varint(value);
    return *this;
  }
  ProtoWriter& fixed64(int field, std::uint64_t value) {
    tag(field, 1);
    for (int i = 0; i < 8; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
    return *this;
  }
  ProtoWriter& fixed32(int field, std::uint32_t value) {
    tag(field, 5);
    for (int i = 0; i < 4; ++i) out_.push_back(static_cast<char>(value >> (8 * i)));
    return *this;
  }
  ProtoWriter& float64(int field, double value) {
    return fixed64(field, std::bit_cast<std::uint64_t>(value));
  }
  ProtoWriter& bytes(int field, std::string_view value) {
    tag(field, 2);
    raw_varint(value.size());
    out_.append(value);
    return *this;
  }
  ProtoWriter& message(int field, const ProtoWriter& value) { return bytes(field, value.out_); }
  ProtoWriter& raw_varint(std::uint64_t value) {
    do {
      const auto low = static_cast<unsigned char>(value % 128);
      value /= 128;
      out_.push_back(static_cast<char>(value > 0 ? low + 128 : low));
    } while (value > 0);
    return *this;
  }
  const std::string& str() const { return out_; }

 private:
  void tag(int field, int type) {
    raw_varint(static_cast<std::uint64_t>(field) * 8 + static_cast<std::uint64_t>(type));
  }
  std::string out_;
};

}  // namespace trimtab
