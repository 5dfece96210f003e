// SPDX-License-Identifier: Apache-2.0
// First byte of the input chooses: bytes as a chunk or a tier block (as they are, or sealed with a right
// checksum so that the decoders behind it are reached), or bytes as samples to be encoded and read back.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "store/codec/chunk_codec.h"
#include "store/codec/seal.h"
#include "store/codec/tier_codec.h"

namespace trimtab {
namespace {

bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0);
}

void round_trip(const SampleBuffer& samples) {
  std::string chunk;
  encode_chunk(samples.timestamps_ms, samples.values, chunk);
  SampleBuffer back;
  CHECK(decode_chunk(chunk, back));
  CHECK(back.timestamps_ms == samples.timestamps_ms && same_bits(back.values, samples.values));
}

void read_chunk(std::string_view bytes) {
  const auto header = decode_chunk_header(bytes);
  SampleBuffer out;
  if (!decode_chunk(bytes, out)) {
    CHECK(out.size() == 0 && out.values.empty());
    return;
  }
  CHECK(header && header->count == out.size() && out.values.size() == out.size());
  CHECK(header->first_ms == out.timestamps_ms.front() && header->last_ms == out.timestamps_ms.back());
  for (std::size_t i = 1; i < out.size(); ++i) CHECK(out.timestamps_ms[i - 1] < out.timestamps_ms[i]);
  round_trip(out);
  SampleBuffer part;
  CHECK(decode_chunk(bytes, TimeRange{out.timestamps_ms[out.size() / 2], header->last_ms}, part));
  CHECK(part.size() == out.size() - out.size() / 2);
}

void read_tier(std::string_view bytes) {
  (void)decode_tier_header(bytes);
  TierBuckets out;
  if (!decode_tier(bytes, out)) {
    CHECK(out.size() == 0);
    return;
  }
  std::string again;
  encode_tier(out, again);
  TierBuckets back;
  CHECK(decode_tier(again, back) && back.count == out.count && same_bits(back.sum, out.sum));
}

// Nine bytes or two a sample: a step in time, and a double or a small decimal.
void read_as_samples(std::string_view bytes, bool decimals) {
  SampleBuffer samples;
  TimestampMs time = 0;
  const std::size_t size = decimals ? 2 : 9;
  for (; bytes.size() >= size && samples.size() < kChunkSamplesMax; bytes.remove_prefix(size)) {
    const auto step = static_cast<std::uint8_t>(bytes[0]);
    time += step < 200 ? 1000 : 1 + static_cast<TimestampMs>(step) * step;
    double value;
    if (decimals) {
      value = static_cast<double>(static_cast<std::int8_t>(bytes[1])) / (step % 2 == 0 ? 1 : 100);
    } else {
      std::memcpy(&value, bytes.data() + 1, sizeof value);
    }
    samples.timestamps_ms.push_back(time);
    samples.values.push_back(value);
  }
  if (samples.size() > 0) round_trip(samples);
}

std::string sealed(std::string_view bytes) {
  std::string out(bytes);
  codec::put_seal(out, 0);
  return out;
}

}  // namespace
}  // namespace trimtab

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 6) {
    case 0: trimtab::read_chunk(bytes); break;
    case 1: trimtab::read_chunk(trimtab::sealed(bytes)); break;
    case 2: trimtab::read_tier(bytes); break;
    case 3: trimtab::read_tier(trimtab::sealed(bytes)); break;
    case 4: trimtab::read_as_samples(bytes, false); break;
    default: trimtab::read_as_samples(bytes, true); break;
  }
  return 0;
}
