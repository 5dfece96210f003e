// SPDX-License-Identifier: Apache-2.0
#include "store/codec/tier_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "store/codec/byte_io.h"
#include "store/codec/packed_ints.h"
#include "store/codec/seal.h"
#include "store/codec/time_section.h"
#include "store/codec/value_section.h"

namespace trimtab {
namespace {

static_assert(kTierBucketsMax <= codec::kStreamMax);

struct Opened {
  codec::TimeHeader times;
  codec::ByteReader rest;
};

std::unexpected<Error> malformed(std::string_view block, std::string_view part) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("tier block of {} bytes: its {} can not be read", block.size(), part));
}

Result<Opened> open(std::string_view block, std::string_view body) {
  codec::ByteReader in(body);
  const std::uint8_t version = in.byte();
  if (in.ok() && version != kTierVersion) {
    return fail(
        ErrorCode::kVersion,
        fmt::format("tier block has format version {}, this build reads version {}", version, kTierVersion));
  }
  const std::uint64_t count = in.varint();
  if (!in.ok() || count == 0 || count > kTierBucketsMax) return malformed(block, "bucket count");
  codec::TimeHeader times;
  if (!codec::get_time_header(in, count, times)) return malformed(block, "header");
  return Opened{times, in};
}

void put_counts(const std::vector<std::uint64_t>& counts, std::string& out) {
  const std::uint64_t least = *std::min_element(counts.begin(), counts.end());
  const std::uint64_t most = *std::max_element(counts.begin(), counts.end());
  CHECK(least >= 1, "a bucket without values");
  // Against the most, not the least: full buckets are the rule and thin ones the exceptions.
  std::array<std::uint64_t, kTierBucketsMax> missing;
  for (std::size_t i = 0; i < counts.size(); ++i) missing[i] = most - counts[i];
  codec::put_varint(out, most);
  codec::put_stream({missing.data(), counts.size()}, out);
}

bool get_counts(codec::ByteReader& in, std::size_t count, std::uint64_t* out) {
  const std::uint64_t most = in.varint();
  if (!in.ok() || !codec::get_stream(in, count, out)) return false;
  bool good = true;
  for (std::size_t i = 0; i < count; ++i) {
    good &= out[i] < most;  // leaves at least 1
    out[i] = most - out[i];
  }
  return good;
}

void resize(TierBuckets& buckets, std::size_t size) {
  buckets.timestamps_ms.resize(size);
  buckets.min.resize(size);
  buckets.max.resize(size);
  buckets.sum.resize(size);
  buckets.count.resize(size);
}

Status decode_body(std::string_view block, Opened& opened, TierBuckets& out, std::size_t at) {
  codec::ByteReader& in = opened.rest;
  const std::size_t count = opened.times.count;
  if (!codec::get_times(in, opened.times, out.timestamps_ms.data() + at)) return malformed(block, "times");
  if (!codec::get_values(in, count, out.min.data() + at)) return malformed(block, "minima");
  if (!codec::get_values(in, count, out.max.data() + at)) return malformed(block, "maxima");
  if (!codec::get_values(in, count, out.sum.data() + at)) return malformed(block, "sums");
  if (!get_counts(in, count, out.count.data() + at)) return malformed(block, "counts");
  if (in.left() != 0) return malformed(block, "end");
  return ok();
}

}  // namespace

void encode_tier(const TierBuckets& buckets, std::string& out) {
  CHECK(buckets.size() >= 1 && buckets.size() <= kTierBucketsMax, "{} buckets", buckets.size());
  const std::size_t start = out.size();
  out.push_back(static_cast<char>(kTierVersion));
  codec::put_varint(out, buckets.size());
  codec::put_times(buckets.timestamps_ms, out);
  codec::put_values(buckets.min, out);
  codec::put_values(buckets.max, out);
  codec::put_values(buckets.sum, out);
  put_counts(buckets.count, out);
  codec::put_seal(out, start);
}

Result<TierHeader> decode_tier_header(std::string_view block) {
  const Opened opened = TRY(open(block, block));
  return TierHeader{kTierVersion, opened.times.count, opened.times.first_ms, opened.times.last_ms};
}

Status decode_tier(std::string_view block, TierBuckets& out) {
  if (!block.empty() && static_cast<std::uint8_t>(block[0]) != kTierVersion) TRY(open(block, block));
  const std::string_view body = TRY(codec::check_seal(block, "tier block"));
  Opened opened = TRY(open(block, body));
  const std::size_t before = out.size();
  resize(out, before + opened.times.count);
  Status status = decode_body(block, opened, out, before);
  if (!status) resize(out, before);
  return status;
}

}  // namespace trimtab
