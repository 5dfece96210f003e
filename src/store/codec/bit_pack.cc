// SPDX-License-Identifier: Apache-2.0
#include "store/codec/bit_pack.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace trimtab::codec {
namespace {

constexpr std::size_t kGroup = 8;   // eight values of W bits are exactly W bytes
constexpr std::size_t kSlack = 16;  // a kernel may read this far past its group

std::uint64_t load64(const std::uint8_t* at) {
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

template <unsigned W, std::size_t I>
inline std::uint64_t extract(const std::uint8_t* in) {
  constexpr std::size_t kByte = I * W / 8;
  constexpr unsigned kShift = I * W % 8;
  std::uint64_t value = load64(in + kByte) >> kShift;
  if constexpr (kShift + W > 64) value |= static_cast<std::uint64_t>(in[kByte + 8]) << (64 - kShift);
  if constexpr (W < 64) value &= (std::uint64_t{1} << W) - 1;
  return value;
}

template <unsigned W>
void unpack_groups(const std::uint8_t* in, std::size_t groups, std::uint64_t* out) {
  for (; groups > 0; --groups, in += W, out += kGroup) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((out[I] = extract<W, I>(in)), ...);
    }(std::make_index_sequence<kGroup>{});
  }
}

using Kernel = void (*)(const std::uint8_t*, std::size_t, std::uint64_t*);

constexpr auto kKernels = []<std::size_t... W>(std::index_sequence<W...>) {
  return std::array<Kernel, sizeof...(W)>{&unpack_groups<W>...};
}(std::make_index_sequence<65>{});

}  // namespace

void pack_bits(std::span<const std::uint64_t> values, unsigned width, std::string& out) {
  CHECK(width <= 64);
  if (width == 0) return;
  const std::size_t start = out.size();
  const std::size_t bytes = packed_bytes(values.size(), width);
  out.resize(start + bytes + sizeof(std::uint64_t));
  char* at = out.data() + start;
  const std::uint64_t mask = ~std::uint64_t{0} >> (64 - width);
  std::uint64_t word = 0;
  unsigned filled = 0;  // bits of `word` in use, always below 64
  for (std::uint64_t value : values) {
    value &= mask;
    word |= value << filled;
    filled += width;
    if (filled >= 64) {
      std::memcpy(at, &word, sizeof word);
      at += sizeof word;
      filled -= 64;
      word = filled == 0 ? 0 : value >> (width - filled);
    }
  }
  std::memcpy(at, &word, sizeof word);
  out.resize(start + bytes);
}

void unpack_bits(const std::uint8_t* in, std::size_t readable, std::size_t count, unsigned width,
                 std::uint64_t* out) {
  CHECK(width <= 64 && readable >= packed_bytes(count, width));
  if (width == 0) {
    std::fill_n(out, count, 0);
    return;
  }
  const Kernel kernel = kKernels[width];
  std::size_t groups = readable < kSlack ? 0 : (readable - kSlack) / width;
  groups = std::min(groups, count / kGroup);
  kernel(in, groups, out);
  in += groups * width;
  out += groups * kGroup;
  count -= groups * kGroup;

  if (count == 0) return;

  // The rest has no slack behind it and is read from a padded copy: less than kSlack + 64 bytes of
  // whole groups and one part of a group.
  std::array<std::uint8_t, kSlack + 64 + 64 + kSlack> copy{};
  std::memcpy(copy.data(), in, packed_bytes(count, width));
  groups = count / kGroup;
  kernel(copy.data(), groups, out);
  std::array<std::uint64_t, kGroup> last;
  kernel(copy.data() + groups * width, 1, last.data());
  std::copy_n(last.data(), count % kGroup, out + groups * kGroup);
}

}  // namespace trimtab::codec
