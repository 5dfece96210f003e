// SPDX-License-Identifier: Apache-2.0
#include "store/journal/journal_codec.h"

#include <fmt/format.h>

#include <cstring>

#include "store/engine/bytes.h"

namespace trimtab::embedded {
namespace {

constexpr std::uint64_t kOpenBit = 1;
constexpr std::uint64_t kOverlapBit = 2;

char* write_varint(char* at, std::uint64_t value) {
  while (value >= 0x80) {
    *at++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *at++ = static_cast<char>(value);
  return at;
}

Status decode_samples_entry(ByteReader& reader, std::vector<Sample>& out) {
  const std::uint64_t count = reader.varint();
  if (count > reader.left() / 10)
    return fail(ErrorCode::kCorrupt, fmt::format("journal entry says {} samples", count));
  out.resize(count);
  std::uint32_t series = 0;
  TimestampMs time = 0;
  for (Sample& sample : out) {
    series += static_cast<std::uint32_t>(reader.signed_varint());
    time += reader.signed_varint();
    sample.series = SeriesId{series};
    sample.timestamp_ms = time;
  }
  const std::string_view values = reader.take(count * sizeof(double));
  if (!reader.good() || !reader.done()) return fail(ErrorCode::kCorrupt, "journal entry is cut short");
  for (std::size_t i = 0; i < count; ++i) {
    std::memcpy(&out[i].value, values.data() + i * sizeof(double), sizeof(double));
  }
  return ok();
}

}  // namespace

std::string_view encode_journal_samples(std::span<const Sample> batch, std::string& buffer) {
  constexpr std::size_t kVarintMax = 10;
  const std::size_t bytes_max = 1 + kVarintMax + batch.size() * (2 * kVarintMax + sizeof(double));
  if (buffer.size() < bytes_max) buffer.resize(bytes_max);
  char* at = buffer.data();
  *at++ = static_cast<char>(JournalKind::kSamples);
  at = write_varint(at, batch.size());
  std::uint32_t series = 0;
  TimestampMs time = 0;
  for (const Sample& sample : batch) {
    const std::uint32_t id = raw(sample.series);
    at = write_varint(at, zigzag(static_cast<std::int32_t>(id - series)));
    at = write_varint(at, zigzag(sample.timestamp_ms - time));
    series = id;
    time = sample.timestamp_ms;
  }
  for (const Sample& sample : batch) {
    std::memcpy(at, &sample.value, sizeof sample.value);
    at += sizeof sample.value;
  }
  return {buffer.data(), static_cast<std::size_t>(at - buffer.data())};
}

void encode_journal_sealed(std::span<const SealedHead> sealed, std::string& out) {
  out.push_back(static_cast<char>(JournalKind::kSealed));
  put_varint(out, sealed.size());
  for (const SealedHead& head : sealed) {
    put_varint(out, head.series);
    put_varint(out, (head.open ? kOpenBit : 0) | (head.overlap ? kOverlapBit : 0));
    put_varint(out, head.span_s);
    put_signed(out, head.late_from);
  }
}

Status decode_journal_entry(std::string_view bytes, JournalEntry& entry) {
  ByteReader reader(bytes);
  entry.kind = static_cast<JournalKind>(reader.fixed<std::uint8_t>());
  switch (entry.kind) {
    case JournalKind::kSamples: return decode_samples_entry(reader, entry.samples);
    case JournalKind::kSealed: {
      const std::uint64_t count = reader.varint();
      if (count > reader.left())
        return fail(ErrorCode::kCorrupt, fmt::format("journal note says {} heads", count));
      entry.sealed.resize(count);
      for (SealedHead& head : entry.sealed) {
        head.series = static_cast<std::uint32_t>(reader.varint());
        const std::uint64_t bits = reader.varint();
        head.open = (bits & kOpenBit) != 0;
        head.overlap = (bits & kOverlapBit) != 0;
        head.span_s = static_cast<std::uint32_t>(reader.varint());
        head.late_from = reader.signed_varint();
      }
      if (!reader.good() || !reader.done()) return fail(ErrorCode::kCorrupt, "journal note is cut short");
      return ok();
    }
  }
  return fail(ErrorCode::kCorrupt,
              fmt::format("journal entry of unknown kind {}", static_cast<int>(entry.kind)));
}

}  // namespace trimtab::embedded
