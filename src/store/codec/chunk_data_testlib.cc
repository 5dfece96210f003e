// SPDX-License-Identifier: Apache-2.0
#include "store/codec/chunk_data_testlib.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace trimtab::testing {
namespace {

using Random = std::mt19937_64;

constexpr TimestampMs kStart = 1'790'000'000'000;
constexpr DurationMs kStep = 15'000;

double uniform(Random& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }
double cents(double value) { return std::round(value * 100) / 100; }

template <typename Value>
SampleBuffer regular(std::size_t count, Value value) {
  SampleBuffer out;
  for (std::size_t i = 0; i < count; ++i) {
    out.timestamps_ms.push_back(kStart + static_cast<TimestampMs>(i) * kStep);
    out.values.push_back(value(i));
  }
  return out;
}

SampleBuffer counter(Random& random, std::size_t count) {
  double total = 1e9 + static_cast<double>(random() % 1000000);
  return regular(count, [&](std::size_t) { return total += 1000 + static_cast<double>(random() % 100); });
}

SampleBuffer counter_with_resets(Random& random, std::size_t count) {
  double total = 1e12;
  return regular(count, [&](std::size_t i) {
    if (i % 200 == 150) total = 0;
    return total += static_cast<double>(random() % 4096);
  });
}

SampleBuffer gauge(Random& random, std::size_t count) {
  return regular(count, [&](std::size_t) { return cents(50 + 20 * (uniform(random) - 0.5)); });
}

void add_jitter(Random& random, SampleBuffer& series) {
  for (TimestampMs& t : series.timestamps_ms) t += static_cast<TimestampMs>(random() % 5) - 2;
}

SampleBuffer gauge_with_jitter(Random& random, std::size_t count) {
  SampleBuffer out = gauge(random, count);
  add_jitter(random, out);
  return out;
}

SampleBuffer memory(Random& random, std::size_t count) {
  double pages = 1e6;
  return regular(count,
                 [&](std::size_t) { return 4096 * (pages += static_cast<double>(random() % 200) - 100.0); });
}

SampleBuffer floats(Random& random, std::size_t count) {
  return regular(count, [&](std::size_t) { return 100 * uniform(random); });
}

SampleBuffer cpu_seconds(Random& random, std::size_t count) {
  double ticks = 12345678;
  return regular(count, [&](std::size_t) { return (ticks += static_cast<double>(random() % 1500)) / 100; });
}

// As some exporters do it: rounded more than once, so not quite the decimals they look like.
SampleBuffer seconds_from_micros(Random& random, std::size_t count) {
  double micros = 123456789;
  return regular(
      count, [&](std::size_t) { return (micros += static_cast<double>(random() % 20000)) / 1000 / 1000; });
}

SampleBuffer constant(Random& random, std::size_t count) {
  const double value = static_cast<double>(random() % 100000) / 10;
  return regular(count, [&](std::size_t) { return value; });
}

SampleBuffer rarely_changing(Random& random, std::size_t count) {
  double value = 1000;
  return regular(count, [&](std::size_t) {
    if (random() % 10 == 0) value += static_cast<double>(random() % 1000);
    return value;
  });
}

SampleBuffer gauge_that_ends_stale(Random& random, std::size_t count) {
  SampleBuffer out = gauge(random, count);
  out.values.back() = stale_marker();
  return out;
}

SampleBuffer quantile_mostly_nan(Random& random, std::size_t count) {
  return regular(count, [&](std::size_t i) {
    return i % 100 < 80 ? std::bit_cast<double>(std::uint64_t{0x7ff8000000000001}) : uniform(random) / 10;
  });
}

SampleBuffer single_precision(Random& random, std::size_t count) {
  return regular(count,
                 [&](std::size_t) { return static_cast<double>(static_cast<float>(uniform(random))); });
}

SampleBuffer random_bits(Random& random, std::size_t count) {
  TimestampMs t = kStart;
  SampleBuffer out = regular(count, [&](std::size_t) { return std::bit_cast<double>(random()); });
  for (TimestampMs& time : out.timestamps_ms)
    time = t += 1 + static_cast<TimestampMs>(random() >> (20 + random() % 44));
  return out;
}

}  // namespace

const std::vector<SeriesKind>& series_kinds() {
  static const std::vector<SeriesKind> kinds{
      {"counter", counter},
      {"counter_with_resets", counter_with_resets},
      {"gauge_2_decimals", gauge},
      {"gauge_2_decimals_jitter", gauge_with_jitter},
      {"memory_x4096", memory},
      {"floats_17_digits", floats},
      {"cpu_seconds_2_decimals", cpu_seconds},
      {"seconds_from_micros", seconds_from_micros},
      {"constant", constant},
      {"rarely_changing", rarely_changing},
      {"gauge_ends_stale", gauge_that_ends_stale},
      {"quantile_mostly_nan", quantile_mostly_nan},
      {"single_precision", single_precision},
      {"random_bits", random_bits},
  };
  return kinds;
}

bool same_samples(const SampleBuffer& a, const SampleBuffer& b) {
  if (a.timestamps_ms != b.timestamps_ms || a.values.size() != b.values.size()) return false;
  return a.values.empty() ||
         std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(double)) == 0;
}

}  // namespace trimtab::testing
