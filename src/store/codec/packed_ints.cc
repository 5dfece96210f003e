// SPDX-License-Identifier: Apache-2.0
#include "store/codec/packed_ints.h"

#include <algorithm>
#include <bit>

#include "base/check.h"
#include "store/codec/bit_pack.h"
#include "store/codec/clones.h"

namespace trimtab::codec {
namespace {

constexpr unsigned kDepthMax = 2;  // streams of exceptions of exceptions hold no exceptions
constexpr std::uint8_t kHasExceptions = 0x80;
constexpr std::uint64_t kGapBits = 8;        // a gap is nearly always one byte
constexpr std::uint64_t kOverheadBits = 24;  // exception count and the nested stream's own width byte

// Decoding an exception costs about as much as decoding this many packed values; counting it as bits
// keeps the codec from trading much speed for a few bytes.
constexpr std::uint64_t kPatchPenaltyBits = 1;

void put_exceptions(std::span<const std::uint64_t> values, unsigned width, std::size_t exceptions,
                    unsigned depth, std::string& out);

void put_stream_at(std::span<const std::uint64_t> values, const PackPlan& plan, unsigned depth,
                   std::string& out) {
  out.push_back(static_cast<char>(plan.width | (plan.exceptions > 0 ? kHasExceptions : 0u)));
  pack_bits(values, plan.width, out);
  if (plan.exceptions > 0) put_exceptions(values, plan.width, plan.exceptions, depth, out);
}

void put_exceptions(std::span<const std::uint64_t> values, unsigned width, std::size_t exceptions,
                    unsigned depth, std::string& out) {
  std::array<std::uint64_t, kStreamMax> high;
  std::size_t found = 0;
  const bool bitmap = exceptions * kGapBits > values.size();
  put_varint(out, exceptions * 2 + (bitmap ? 1 : 0));
  std::size_t bits_at = out.size();
  if (bitmap) out.append((values.size() + 7) / 8, '\0');
  std::size_t next = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::uint64_t above = values[i] >> width;
    if (above == 0) continue;
    if (bitmap) {
      out[bits_at + i / 8] = static_cast<char>(out[bits_at + i / 8] | (1 << (i % 8)));
    } else {
      put_varint(out, i - next);
    }
    next = i + 1;
    high[found++] = above - 1;
  }
  CHECK(found == exceptions);
  const std::span<const std::uint64_t> parts(high.data(), found);
  const WidthHistogram histogram = widths_above(parts);
  PackPlan plan = plan_pack(histogram);
  if (depth + 1 == kDepthMax) {
    plan.exceptions = 0;
    plan.width = 64;
    while (plan.width > 0 && histogram.counts[plan.width] == 0) --plan.width;
  }
  put_stream_at(parts, plan, depth + 1, out);
}

bool get_stream_at(ByteReader& in, std::size_t count, unsigned depth, std::uint64_t* out);

bool patch_bitmap(ByteReader& in, std::size_t count, std::size_t exceptions, unsigned width, unsigned depth,
                  std::uint64_t* out) {
  std::array<std::uint64_t, kStreamMax> high;
  const std::size_t bytes = (count + 7) / 8;
  const std::uint8_t* bitmap = in.take(bytes);
  if (!bitmap || !get_stream_at(in, exceptions, depth + 1, high.data())) return false;
  std::size_t used = 0;
  for (std::size_t byte = 0; byte < bytes; byte += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bitmap + byte, std::min<std::size_t>(8, bytes - byte));
    if (static_cast<std::size_t>(std::popcount(word)) > exceptions - used) return false;
    for (; word != 0; word &= word - 1) {
      const std::size_t at = byte * 8 + static_cast<std::size_t>(std::countr_zero(word));
      if (at >= count) return false;
      out[at] |= (high[used++] + 1) << width;
    }
  }
  return used == exceptions;
}

bool patch_gaps(ByteReader& in, std::size_t count, std::size_t exceptions, unsigned width, unsigned depth,
                std::uint64_t* out) {
  std::array<std::uint64_t, kStreamMax> high;
  std::array<std::uint16_t, kStreamMax> positions;
  std::size_t next = 0;
  for (std::size_t i = 0; i < exceptions; ++i) {
    const std::uint64_t gap = in.varint();
    if (!in.ok() || gap >= count - next) return false;
    next += gap;
    positions[i] = static_cast<std::uint16_t>(next);
    ++next;
    if (next == count && i + 1 < exceptions) return false;
  }
  if (!get_stream_at(in, exceptions, depth + 1, high.data())) return false;
  for (std::size_t i = 0; i < exceptions; ++i) out[positions[i]] |= (high[i] + 1) << width;
  return true;
}

bool get_stream_at(ByteReader& in, std::size_t count, unsigned depth, std::uint64_t* out) {
  const std::uint8_t head = in.byte();
  const unsigned width = head & 0x7f;
  if (!in.ok() || width > 64 || count > kStreamMax) return false;
  const std::size_t readable = in.left();
  const std::uint8_t* packed = in.take(packed_bytes(count, width));
  if (!packed) return false;
  unpack_bits(packed, readable, count, width, out);
  if ((head & kHasExceptions) == 0) return true;
  const std::uint64_t header = in.varint();
  const std::uint64_t exceptions = header >> 1;
  if (!in.ok() || depth == kDepthMax || width == 64 || exceptions == 0 || exceptions > count) return false;
  const bool bitmap = (header & 1) != 0;
  return bitmap ? patch_bitmap(in, count, exceptions, width, depth, out)
                : patch_gaps(in, count, exceptions, width, depth, out);
}

}  // namespace

TRIMTAB_CODEC_CLONES
WidthHistogram widths_above(std::span<const std::uint64_t> values, std::uint64_t base) {
  // Four tables in turn: neighbours mostly fall into one bin, and a table alone would wait for itself.
  std::array<std::array<std::uint16_t, 65>, 4> tables{};
  const auto width = [base](std::uint64_t value) {
    return static_cast<unsigned>(std::bit_width(value - base));
  };
  std::size_t i = 0;
  for (; i + 4 <= values.size(); i += 4) {
    ++tables[0][width(values[i])];
    ++tables[1][width(values[i + 1])];
    ++tables[2][width(values[i + 2])];
    ++tables[3][width(values[i + 3])];
  }
  for (; i < values.size(); ++i) ++tables[0][width(values[i])];
  WidthHistogram out;
  out.count = values.size();
  for (std::size_t b = 0; b <= 64; ++b) {
    out.counts[b] = static_cast<std::uint16_t>(tables[0][b] + tables[1][b] + tables[2][b] + tables[3][b]);
  }
  return out;
}

PackPlan plan_pack(const WidthHistogram& histogram) {
  unsigned widest = 64;
  while (widest > 0 && histogram.counts[widest] == 0) --widest;
  const std::uint64_t count = histogram.count;
  PackPlan best{widest, 0, count * widest};
  std::uint64_t exceptions = 0;  // numbers wider than `width`
  std::uint64_t high_bits = 0;   // the sum of what they are wider by
  for (unsigned width = widest; width-- > 0;) {
    exceptions += histogram.counts[width + 1];
    high_bits += exceptions;
    const std::uint64_t places = std::min(exceptions * kGapBits, count);
    const std::uint64_t patches =
        places + high_bits + high_bits / 8 + exceptions * kPatchPenaltyBits + kOverheadBits;
    if (patches >= best.cost_bits) break;  // and they only grow
    const std::uint64_t cost = count * width + patches;
    if (cost < best.cost_bits) best = {width, exceptions, cost};
  }
  return best;
}

void put_stream(std::span<const std::uint64_t> values, const PackPlan& plan, std::string& out) {
  CHECK(values.size() <= kStreamMax);
  put_stream_at(values, plan, 0, out);
}

void put_stream(std::span<const std::uint64_t> values, std::string& out) {
  put_stream(values, plan_pack(widths_above(values)), out);
}

bool get_stream(ByteReader& in, std::size_t count, std::uint64_t* out) {
  return get_stream_at(in, count, 0, out);
}

}  // namespace trimtab::codec
