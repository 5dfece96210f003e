// SPDX-License-Identifier: Apache-2.0
#include "store/codec/integer_model.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

#include "base/check.h"
#include "store/codec/clones.h"

namespace trimtab::codec {
namespace {

using Numbers = std::array<std::uint64_t, kStreamMax>;

constexpr std::size_t kWindows = 4;
constexpr std::size_t kWindowMax = 24;
constexpr std::size_t kLeadMax = 2;
constexpr std::size_t kBaseBlocks = 16;

std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }
std::int64_t difference(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(bits(a) - bits(b));
}

// Numbers a model leaves at the head of the run: they stand in front of the stream.
constexpr std::size_t lead_of(IntegerModel model) {
  switch (model) {
    case IntegerModel::kOffset: return 0;
    case IntegerModel::kDelta:
    case IntegerModel::kZigzagDelta: return 1;
    case IntegerModel::kZigzagDeltaOfDelta: return 2;
  }
  return 0;
}

// What `model` leaves of n[from..to), base not yet taken off; from >= lead_of(model).
void residuals(const std::int64_t* n, std::size_t from, std::size_t to, IntegerModel model,
               std::uint64_t* out) {
  switch (model) {
    case IntegerModel::kOffset:
      for (std::size_t i = from; i < to; ++i) *out++ = bits(n[i]);
      break;
    case IntegerModel::kDelta:
      for (std::size_t i = from; i < to; ++i) *out++ = bits(n[i]) - bits(n[i - 1]);
      break;
    case IntegerModel::kZigzagDelta:
      for (std::size_t i = from; i < to; ++i) *out++ = zigzag(difference(n[i], n[i - 1]));
      break;
    case IntegerModel::kZigzagDeltaOfDelta:
      for (std::size_t i = from; i < to; ++i) {
        *out++ = zigzag(difference(difference(n[i], n[i - 1]), difference(n[i - 1], n[i - 2])));
      }
      break;
  }
}

bool has_base(IntegerModel model) { return model == IntegerModel::kOffset || model == IntegerModel::kDelta; }

std::int64_t lowest(const std::uint64_t* values, std::size_t count) {
  std::int64_t low = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < count; ++i) low = std::min(low, static_cast<std::int64_t>(values[i]));
  return low;
}

// The base is the least number, unless a few far outliers below it (the drop of a counter reset, the
// zeros of a restart) would widen all the others: then those become exceptions. Candidates are the
// least numbers of sixteen blocks, where they lie further from the very least than from each other.
std::uint64_t choose_base(std::span<const std::uint64_t> values, PackPlan& plan) {
  std::array<std::int64_t, kBaseBlocks> lows{};
  std::size_t blocks = 0;
  const std::size_t block = std::max<std::size_t>((values.size() + kBaseBlocks - 1) / kBaseBlocks, 8);
  for (std::size_t at = 0; at < values.size(); at += block) {
    lows[blocks++] = lowest(values.data() + at, std::min(block, values.size() - at));
  }
  std::sort(lows.begin(), lows.begin() + static_cast<std::ptrdiff_t>(blocks));
  std::uint64_t base = bits(lows[0]);
  plan = plan_pack(widths_above(values, base));
  for (const std::size_t rank : {std::size_t{1}, std::size_t{2}, blocks / 2}) {
    if (rank >= blocks) continue;
    const std::uint64_t gap = bits(lows[rank]) - bits(lows[0]);
    const std::uint64_t spread = bits(lows[blocks - 1]) - bits(lows[rank]);
    if (gap < 16 || gap / 2 < spread) continue;
    const PackPlan other = plan_pack(widths_above(values, bits(lows[rank])));
    if (other.cost_bits >= plan.cost_bits) continue;
    plan = other;
    base = bits(lows[rank]);
  }
  return base;
}

// Four windows of a run stand for the whole of it when models are compared.
struct Windows {
  std::array<std::size_t, kWindows> from;
  std::size_t size;

  explicit Windows(std::size_t total) {
    const std::size_t usable = total - kLeadMax;
    size = std::min(kWindowMax, std::max<std::size_t>(usable / kWindows, 1));
    for (std::size_t i = 0; i < kWindows; ++i) from[i] = kLeadMax + i * (usable - size) / (kWindows - 1);
  }
};

// The sum of widths above `base`: what the numbers would take if each had its own width.
TRIMTAB_CODEC_CLONES
std::uint64_t width_sum(const std::uint64_t* values, std::size_t count, std::uint64_t base) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < count; ++i) sum += static_cast<unsigned>(std::bit_width(values[i] - base));
  return sum;
}

// Comparable between models of one run. The base is the least number, or the least that three of the
// windows agree on where an outlier fell into the fourth.
std::uint64_t judged_cost(const std::int64_t* n, const Windows& windows, IntegerModel model) {
  std::array<std::uint64_t, kWindows * kWindowMax> left;
  std::array<std::int64_t, kWindows> lows{};
  for (std::size_t i = 0; i < kWindows; ++i) {
    std::uint64_t* const at = left.data() + i * windows.size;
    residuals(n, windows.from[i], windows.from[i] + windows.size, model, at);
    if (has_base(model)) lows[i] = lowest(at, windows.size);
  }
  const std::size_t count = kWindows * windows.size;
  if (!has_base(model)) return width_sum(left.data(), count, 0);
  std::sort(lows.begin(), lows.end());
  const std::uint64_t cost = width_sum(left.data(), count, bits(lows[0]));
  if ((bits(lows[1]) - bits(lows[0])) / 2 < bits(lows[3]) - bits(lows[1])) return cost;
  return std::min(cost, width_sum(left.data(), count, bits(lows[1])));
}

IntegerModel cheapest_model(std::span<const std::int64_t> numbers) {
  if (numbers.size() < 4) return IntegerModel::kZigzagDelta;
  const Windows windows(numbers.size());
  IntegerModel best = IntegerModel::kOffset;
  std::uint64_t best_cost = std::numeric_limits<std::uint64_t>::max();
  for (unsigned i = 0; i < kIntegerModelsCount; ++i) {
    const auto model = static_cast<IntegerModel>(i);
    const std::uint64_t cost = judged_cost(numbers.data(), windows, model);
    if (cost < best_cost) {
      best = model;
      best_cost = cost;
    }
  }
  return best;
}

void restore_deltas(std::int64_t* out, std::size_t count, std::uint64_t base) {
  std::uint64_t sum = bits(out[0]);
  for (std::size_t i = 1; i < count; ++i) {
    sum += bits(out[i]) + base;
    out[i] = static_cast<std::int64_t>(sum);
  }
}

void restore_zigzag_deltas(std::int64_t* out, std::size_t count) {
  std::uint64_t sum = bits(out[0]);
  for (std::size_t i = 1; i < count; ++i) {
    sum += bits(unzigzag(bits(out[i])));
    out[i] = static_cast<std::int64_t>(sum);
  }
}

void restore_deltas_of_deltas(std::int64_t* out, std::size_t count, std::uint64_t delta) {
  std::uint64_t sum = bits(out[1]);
  for (std::size_t i = 2; i < count; ++i) {
    delta += bits(unzigzag(bits(out[i])));
    sum += delta;
    out[i] = static_cast<std::int64_t>(sum);
  }
}

}  // namespace

IntegerModel put_integers(std::span<const std::int64_t> numbers, std::string& out) {
  CHECK(numbers.size() >= 2 && numbers.size() <= kStreamMax);
  const IntegerModel model = cheapest_model(numbers);
  const std::size_t lead = lead_of(model);
  const std::size_t count = numbers.size() - lead;
  Numbers left;
  residuals(numbers.data(), lead, numbers.size(), model, left.data());
  if (lead > 0) put_varint(out, zigzag(numbers[0]));
  if (lead > 1) put_varint(out, zigzag(difference(numbers[1], numbers[0])));
  const std::span<std::uint64_t> values(left.data(), count);
  if (!has_base(model)) {
    put_stream(values, out);
    return model;
  }
  PackPlan plan;
  const std::uint64_t base = choose_base(values, plan);
  put_varint(out, zigzag(static_cast<std::int64_t>(base)));
  for (std::uint64_t& value : values) value -= base;
  put_stream(values, plan, out);
  return model;
}

bool get_integers(ByteReader& in, IntegerModel model, std::size_t count, std::int64_t* out) {
  const std::size_t lead = lead_of(model);
  if (count < 2 || count > kStreamMax) return false;
  if (lead > 0) out[0] = unzigzag(in.varint());
  std::uint64_t base = 0;
  if (model != IntegerModel::kZigzagDelta) base = bits(unzigzag(in.varint()));
  if (lead > 1) out[1] = static_cast<std::int64_t>(bits(out[0]) + base);
  if (!in.ok()) return false;
  if (!get_stream(in, count - lead, reinterpret_cast<std::uint64_t*>(out + lead))) return false;
  switch (model) {
    case IntegerModel::kOffset:
      for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<std::int64_t>(bits(out[i]) + base);
      break;
    case IntegerModel::kDelta: restore_deltas(out, count, base); break;
    case IntegerModel::kZigzagDelta: restore_zigzag_deltas(out, count); break;
    case IntegerModel::kZigzagDeltaOfDelta: restore_deltas_of_deltas(out, count, base); break;
  }
  return true;
}

}  // namespace trimtab::codec
