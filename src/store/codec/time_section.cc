// SPDX-License-Identifier: Apache-2.0
#include "store/codec/time_section.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/check.h"
#include "store/codec/packed_ints.h"

namespace trimtab::codec {
namespace {

using Numbers = std::array<std::uint64_t, kStreamMax>;

std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }

// Distances from the line of the mean interval, above the least of them. Returns the least.
std::int64_t line_distances(std::span<const TimestampMs> times, std::uint64_t step, std::uint64_t* out) {
  std::int64_t least = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < times.size(); ++i) {
    out[i] = bits(times[i]) - (bits(times[0]) + i * step);
    least = std::min(least, static_cast<std::int64_t>(out[i]));
  }
  for (std::size_t i = 0; i < times.size(); ++i) out[i] -= bits(least);
  return least;
}

// out[i] = first + i * step, eight at a time without a product. (One running number plus eight offsets:
// eight running numbers come out wrong from g++ 12.2 -O3.)
void fill_line(std::uint64_t first, std::uint64_t step, std::size_t count, TimestampMs* out) {
  std::array<std::uint64_t, 8> offsets;
  for (std::size_t i = 0; i < offsets.size(); ++i) offsets[i] = i * step;
  std::size_t i = 0;
  for (; i + offsets.size() <= count; i += offsets.size(), first += offsets.size() * step) {
    for (std::size_t j = 0; j < offsets.size(); ++j)
      out[i + j] = static_cast<TimestampMs>(first + offsets[j]);
  }
  for (; i < count; ++i, first += step) out[i] = static_cast<TimestampMs>(first);
}

void put_head(TimeModel model, TimestampMs first, std::uint64_t step, std::string& out) {
  out.push_back(static_cast<char>(model));
  put_varint(out, zigzag(first));
  put_varint(out, step);
}

}  // namespace

void put_times(std::span<const TimestampMs> times, std::string& out) {
  CHECK(!times.empty() && times.size() <= kStreamMax);
  Numbers deltas;
  const std::size_t gaps = times.size() - 1;
  std::uint64_t least = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t most = 0;
  bool rising = true;
  for (std::size_t i = 0; i < gaps; ++i) {
    rising &= times[i + 1] > times[i];
    deltas[i] = bits(times[i + 1]) - bits(times[i]);
    least = std::min(least, deltas[i]);
    most = std::max(most, deltas[i]);
  }
  CHECK(rising, "chunk times must rise");
  if (gaps == 0 || least == most) return put_head(TimeModel::kRegular, times[0], gaps == 0 ? 0 : least, out);

  for (std::size_t i = 0; i < gaps; ++i) deltas[i] -= least;
  const std::span<const std::uint64_t> above(deltas.data(), gaps);
  const PackPlan delta_plan = plan_pack(widths_above(above));
  const std::uint64_t span_ms = bits(times.back()) - bits(times.front());
  const std::uint64_t step = (span_ms + gaps / 2) / gaps;
  Numbers distances;
  const std::int64_t base = line_distances(times, step, distances.data());
  const std::span<const std::uint64_t> off_line(distances.data(), times.size());
  const PackPlan line_plan = plan_pack(widths_above(off_line));
  if (line_plan.cost_bits + 16 < delta_plan.cost_bits) {
    put_head(TimeModel::kLine, times[0], step, out);
    put_varint(out, span_ms);
    put_varint(out, zigzag(base));
    put_stream(off_line, line_plan, out);
  } else {
    put_head(TimeModel::kDelta, times[0], least, out);
    put_varint(out, span_ms);
    put_stream(above, delta_plan, out);
  }
}

bool get_time_header(ByteReader& in, std::size_t count, TimeHeader& header) {
  const std::uint8_t model = in.byte();
  header.count = count;
  header.first_ms = unzigzag(in.varint());
  header.step_ms = in.varint();
  if (!in.ok() || model > static_cast<std::uint8_t>(TimeModel::kLine)) return false;
  header.model = static_cast<TimeModel>(model);
  if (count == 1) {
    header.last_ms = header.first_ms;
    return header.model == TimeModel::kRegular;
  }
  std::uint64_t span_ms = 0;
  if (header.model == TimeModel::kRegular) {
    if (header.step_ms == 0 || __builtin_mul_overflow(header.step_ms, count - 1, &span_ms)) return false;
  } else {
    span_ms = in.varint();
  }
  // The room above first_ms, as an unsigned difference, can not overflow.
  const std::uint64_t room = bits(std::numeric_limits<TimestampMs>::max()) - bits(header.first_ms);
  if (!in.ok() || span_ms == 0 || span_ms > room) return false;
  header.last_ms = static_cast<TimestampMs>(bits(header.first_ms) + span_ms);
  return true;
}

bool get_times(ByteReader& in, const TimeHeader& header, TimestampMs* out) {
  const std::uint64_t first = bits(header.first_ms);
  const std::size_t count = header.count;
  if (header.model == TimeModel::kRegular) {
    fill_line(first, header.step_ms, count, out);
    return true;
  }
  auto* words = reinterpret_cast<std::uint64_t*>(out);
  if (header.model == TimeModel::kLine) {
    const std::uint64_t base = first + bits(unzigzag(in.varint()));
    if (!in.ok() || !get_stream(in, count, words)) return false;
    for (std::size_t i = 0; i < count; ++i) words[i] += base + i * header.step_ms;
  } else {
    if (!get_stream(in, count - 1, words + 1)) return false;
    std::uint64_t time = first;
    words[0] = time;
    for (std::size_t i = 1; i < count; ++i) {
      time += words[i] + header.step_ms;
      words[i] = time;
    }
  }
  bool rising = out[0] == header.first_ms && out[count - 1] == header.last_ms;
  for (std::size_t i = 1; i < count; ++i) rising &= out[i] > out[i - 1];
  return rising;
}

}  // namespace trimtab::codec
