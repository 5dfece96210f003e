// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace trimtab {

// The wire types of protocol buffers that we read; groups (3, 4) are long deprecated and malformed here.
enum class WireType : std::uint8_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Reads protocol buffer fields from untrusted bytes. Every read checks what is left; after a failed
// read ok() is false for good, at_end() is true and reads give zeros, so a loop needs one check at its
// end. A view into the bytes it was given: they must outlive it. No allocation.
//
//   ProtoReader reader(bytes);
//   while (reader.next()) {
//     if (reader.is(1, WireType::kBytes)) name = reader.bytes();
//     else reader.skip();
//   }
//   if (!reader.ok()) ... malformed
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view bytes)
      : at_(reinterpret_cast<const std::uint8_t*>(bytes.data())), end_(at_ + bytes.size()) {}

  bool ok() const { return ok_; }
  bool at_end() const { return at_ == end_; }
  const char* position() const { return reinterpret_cast<const char*>(at_); }

  // The next field's tag; false at the end or when malformed.
  bool next() {
    if (at_ == end_) return false;
    const std::uint64_t tag = varint();
    field_ = static_cast<std::uint32_t>(tag >> 3);
    type_ = static_cast<WireType>(tag & 7);
    if (field_ == 0 || (tag >> 32) != 0) fail();
    return ok_;
  }
  std::uint32_t field() const { return field_; }
  WireType type() const { return type_; }
  bool is(std::uint32_t field, WireType type) const { return field_ == field && type_ == type; }

  std::uint64_t varint() {
    if (at_ != end_ && *at_ < 0x80) [[likely]]
      return *at_++;
    return long_varint();
  }
  std::int64_t int64() { return static_cast<std::int64_t>(varint()); }
  // sint32 and sint64 (zigzag).
  std::int64_t signed_varint() {
    const std::uint64_t n = varint();
    return static_cast<std::int64_t>((n >> 1) ^ (0 - (n & 1)));
  }
  std::uint64_t fixed64() {
    std::uint64_t value = 0;
    if (left() < sizeof(value)) return fail(), 0;
    std::memcpy(&value, at_, sizeof(value));  // little endian as the wire; the project runs on such machines
    at_ += sizeof(value);
    return value;
  }
  double float64() { return std::bit_cast<double>(fixed64()); }
  std::string_view bytes() {
    const std::uint64_t size = varint();
    if (size > left()) return fail(), std::string_view{};
    const std::string_view out(position(), static_cast<std::size_t>(size));
    at_ += size;
    return out;
  }

  // Passes over the value of the field that next() found.
  void skip() {
    switch (type_) {
      case WireType::kVarint: varint(); return;
      case WireType::kFixed64: fixed64(); return;
      case WireType::kBytes: bytes(); return;
      case WireType::kFixed32:
        if (left() < 4) return fail();
        at_ += 4;
        return;
    }
    fail();
  }
  // As skip(), but a field that we know by its number and that comes with another type is malformed.
  void skip_unknown(std::uint32_t known_max) {
    if (field_ <= known_max) return fail();
    skip();
  }

  // Consumes `tag` (of one byte) when it is next.
  bool take_tag(std::uint8_t tag) {
    if (at_ == end_ || *at_ != tag) return false;
    ++at_;
    return true;
  }

  void fail() {
    ok_ = false;
    at_ = end_;
  }

 private:
  std::size_t left() const { return static_cast<std::size_t>(end_ - at_); }

  std::uint64_t long_varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && at_ != end_; shift += 7) {
      const std::uint8_t byte = *at_++;
      value |= static_cast<std::uint64_t>(byte & 0x7Fu) << shift;
      if (byte < 0x80) return value;
    }
    return fail(), 0;
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::uint32_t field_ = 0;
  WireType type_{};
  bool ok_ = true;
};

static_assert(std::endian::native == std::endian::little, "fixed64 is read as it stands");

}  // namespace trimtab
