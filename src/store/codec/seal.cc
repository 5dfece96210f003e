// SPDX-License-Identifier: Apache-2.0
#include "store/codec/seal.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <xxhash.h>

#include <cstdint>
#include <cstring>

#include "store/codec/byte_io.h"

namespace trimtab::codec {
namespace {

std::uint32_t sum_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(XXH3_64bits(bytes.data(), bytes.size()));
}

}  // namespace

void put_seal(std::string& out, std::size_t start) {
  put_fixed(out, sum_of(std::string_view(out).substr(start)));
}

Result<std::string_view> check_seal(std::string_view sealed, std::string_view what) {
  if (sealed.size() <= kSealBytes) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} of {} bytes is too short to be one", what, sealed.size()));
  }
  const std::string_view body = sealed.substr(0, sealed.size() - kSealBytes);
  std::uint32_t stored;
  std::memcpy(&stored, sealed.data() + body.size(), sizeof stored);
  const std::uint32_t found = sum_of(body);
  if (stored == found) return body;
  return fail(ErrorCode::kCorrupt, fmt::format("{} of {} bytes: checksum is {:#010x}, expected {:#010x}",
                                               what, sealed.size(), found, stored));
}

}  // namespace trimtab::codec
