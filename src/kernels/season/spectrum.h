// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace trimtab::kernels {

// Tables and buffers of the last sizes used; grow and then allocate no more.
struct SpectrumScratch {
  std::vector<float> real[2], imag[2];  // ping and pong
  std::vector<float> cosines, sines;    // of 2 pi k / size, k < size / 2
  std::vector<float> window;            // Hann, of the last length
};

// The squared Fourier amplitudes of the values under a Hann window, zeros behind them up to size =
// max(16, the next power of two): power[k] at k / size cycles a value, k < size / 2. power[0] is 0.
// A real transform of `size` as a complex one of half of it: Stockham's sorting-free form, radix 4
// (Van Loan 1992, "Computational Frameworks for the FFT"). Single precision: about 1e-7 of the strongest
// amplitude. About 6 ns a value. Pure.
void hann_power(std::span<const float> values, SpectrumScratch& scratch, std::vector<float>& power);

}  // namespace trimtab::kernels
