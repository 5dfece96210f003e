// SPDX-License-Identifier: Apache-2.0
#include "kernels/season/spectrum.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

#include "base/clones.h"

namespace trimtab::kernels {
namespace {

struct Split {
  float* real;
  float* imag;
};

// One pass of radix 4: `length` is what is left to transform, `stride` how many of them lie interleaved.
template <std::size_t kStride>
[[gnu::always_inline]] inline void quarter(Split in, Split out, const float* cosines, const float* sines,
                                           std::size_t table_step, std::size_t length, std::size_t stride) {
  if constexpr (kStride != 0) stride = kStride;
  const std::size_t part = length / 4;
  for (std::size_t p = 0; p < part; ++p) {
    const float c1 = cosines[p * table_step], s1 = -sines[p * table_step];
    const float c2 = c1 * c1 - s1 * s1, s2 = 2 * c1 * s1;
    const float c3 = c1 * c2 - s1 * s2, s3 = c1 * s2 + s1 * c2;
    const float* __restrict ar = in.real + stride * p;
    const float* __restrict ai = in.imag + stride * p;
    const std::size_t hop = stride * part;
    float* __restrict outr = out.real + stride * 4 * p;
    float* __restrict outi = out.imag + stride * 4 * p;
    for (std::size_t q = 0; q < stride; ++q) {
      const float sum_r = ar[q] + ar[q + 2 * hop], sum_i = ai[q] + ai[q + 2 * hop];
      const float gap_r = ar[q] - ar[q + 2 * hop], gap_i = ai[q] - ai[q + 2 * hop];
      const float odd_r = ar[q + hop] + ar[q + 3 * hop], odd_i = ai[q + hop] + ai[q + 3 * hop];
      // i (b - d)
      const float turn_r = ai[q + 3 * hop] - ai[q + hop], turn_i = ar[q + hop] - ar[q + 3 * hop];
      outr[q] = sum_r + odd_r;
      outi[q] = sum_i + odd_i;
      const float one_r = gap_r - turn_r, one_i = gap_i - turn_i;
      outr[q + stride] = one_r * c1 - one_i * s1;
      outi[q + stride] = one_r * s1 + one_i * c1;
      const float two_r = sum_r - odd_r, two_i = sum_i - odd_i;
      outr[q + 2 * stride] = two_r * c2 - two_i * s2;
      outi[q + 2 * stride] = two_r * s2 + two_i * c2;
      const float three_r = gap_r + turn_r, three_i = gap_i + turn_i;
      outr[q + 3 * stride] = three_r * c3 - three_i * s3;
      outi[q + 3 * stride] = three_r * s3 + three_i * c3;
    }
  }
}

// Transforms buffer 0; tells which buffer holds the result.
TRIMTAB_CLONES int transform(SpectrumScratch& scratch, std::size_t points) {
  const Split buffers[2] = {{scratch.real[0].data(), scratch.imag[0].data()},
                            {scratch.real[1].data(), scratch.imag[1].data()}};
  const float* const cosines = scratch.cosines.data();
  const float* const sines = scratch.sines.data();
  int from = 0;
  std::size_t stride = 1;
  std::size_t length = points;
  // The table is of 2 * points.
  for (; length >= 4; length /= 4, stride *= 4, from = 1 - from) {
    const std::size_t table_step = 2 * stride;
    if (stride == 1) {
      quarter<1>(buffers[from], buffers[1 - from], cosines, sines, table_step, length, stride);
    } else if (stride == 4) {
      quarter<4>(buffers[from], buffers[1 - from], cosines, sines, table_step, length, stride);
    } else {
      quarter<0>(buffers[from], buffers[1 - from], cosines, sines, table_step, length, stride);
    }
  }
  if (length == 2) {
    const Split in = buffers[from], out = buffers[1 - from];
    for (std::size_t q = 0; q < stride; ++q) {
      out.real[q] = in.real[q] + in.real[q + stride];
      out.imag[q] = in.imag[q] + in.imag[q + stride];
      out.real[q + stride] = in.real[q] - in.real[q + stride];
      out.imag[q + stride] = in.imag[q] - in.imag[q + stride];
    }
    from = 1 - from;
  }
  return from;
}

// The transform of even and odd values apart, put together: X[k] = E[k] + w^k O[k].
TRIMTAB_CLONES void join(Split data, const float* cosines, const float* sines, std::size_t half,
                         float* __restrict power) {
  for (std::size_t k = 1; k < half; ++k) {
    const float ar = data.real[k], ai = data.imag[k];
    const float br = data.real[half - k], bi = -data.imag[half - k];
    const float even_r = 0.5f * (ar + br), even_i = 0.5f * (ai + bi);
    const float odd_r = 0.5f * (ai - bi), odd_i = -0.5f * (ar - br);
    const float real = even_r + odd_r * cosines[k] + odd_i * sines[k];
    const float imag = even_i + odd_i * cosines[k] - odd_r * sines[k];
    power[k] = real * real + imag * imag;
  }
}

}  // namespace

void hann_power(std::span<const float> values, SpectrumScratch& scratch, std::vector<float>& power) {
  const std::size_t count = values.size();
  const std::size_t size = std::max<std::size_t>(16, std::bit_ceil(count));
  const std::size_t half = size / 2;
  if (scratch.cosines.size() != half) {
    scratch.cosines.resize(half);
    scratch.sines.resize(half);
    for (std::size_t k = 0; k < half; ++k) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(size);
      scratch.cosines[k] = static_cast<float>(std::cos(angle));
      scratch.sines[k] = static_cast<float>(std::sin(angle));
    }
  }
  if (scratch.window.size() != count) {
    scratch.window.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(count);
      scratch.window[i] = static_cast<float>(1 - std::cos(angle));
    }
  }
  for (auto* buffers : {&scratch.real, &scratch.imag})
    for (auto& buffer : *buffers) buffer.resize(half);
  float* const real = scratch.real[0].data();
  float* const imag = scratch.imag[0].data();
  const std::size_t pairs = count / 2;
  for (std::size_t i = 0; i < pairs; ++i) {
    real[i] = values[2 * i] * scratch.window[2 * i];
    imag[i] = values[2 * i + 1] * scratch.window[2 * i + 1];
  }
  std::fill(scratch.real[0].begin() + static_cast<std::ptrdiff_t>(pairs), scratch.real[0].end(), 0.0f);
  std::fill(scratch.imag[0].begin() + static_cast<std::ptrdiff_t>(pairs), scratch.imag[0].end(), 0.0f);
  if (count % 2 == 1) real[pairs] = values[count - 1] * scratch.window[count - 1];
  const int result = transform(scratch, half);
  power.resize(half);
  power[0] = 0;
  join({scratch.real[result].data(), scratch.imag[result].data()}, scratch.cosines.data(),
       scratch.sines.data(), half, power.data());
}

}  // namespace trimtab::kernels
