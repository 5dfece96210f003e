// SPDX-License-Identifier: Apache-2.0
// Scalar and vector code side by side in one program: trimtab::kernels is what ships, vectorised and, where
// the machine has it, with AVX2; trimtab::kernels_scalar holds the same sources built without vector
// instructions (see CMakeLists.txt). Every figure of every kernel must come out with the same bits (within
// KernelCase::vector_tolerance where Eigen is in between).
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "kernels/properties/kernel_table_testlib.h"

namespace trimtab::kernels_scalar {

std::vector<testing::KernelCase> kernel_table();

}  // namespace trimtab::kernels_scalar

namespace trimtab {
namespace {

using testing::Figures;
using testing::Gaps;
using testing::KernelCase;

// Noise around a wave, of several kinds: plain, rounded so that many are equal, heavy tails, a ramp.
std::vector<double> sample(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  std::vector<double> out(count);
  double state = 0;
  for (std::size_t i = 0; i < count; ++i) {
    state = 0.7 * state + normal(random);
    const double at = static_cast<double>(i);
    out[i] = 50 + 4 * std::sin(at / 24 * 6.283185307179586) + state;
    if (seed % 4 == 1) out[i] = std::round(out[i]);
    if (seed % 4 == 2) out[i] = std::exp(state);
    if (seed % 4 == 3) out[i] += 0.05 * at;
  }
  return out;
}

void expect_same_bits(const KernelCase& vector, const KernelCase& scalar, const std::vector<double>& values,
                      std::size_t& compared) {
  const Figures a = vector.run(values), b = scalar.run(values);
  ASSERT_EQ(a.size(), b.size()) << vector.name;
  std::size_t different = 0, first = 0;
  for (std::size_t i = 0; i < a.size(); ++i, ++compared) {
    // A NaN's sign and payload carry no meaning.
    if (std::isnan(a[i].value) && std::isnan(b[i].value)) continue;
    if (std::bit_cast<std::uint64_t>(a[i].value) == std::bit_cast<std::uint64_t>(b[i].value)) continue;
    if (std::abs(a[i].value - b[i].value) <= vector.vector_tolerance * (1 + std::abs(b[i].value))) continue;
    if (different++ == 0) first = i;
  }
  EXPECT_EQ(different, 0U) << vector.name << " of " << values.size() << " values; first is figure " << first
                           << ": " << (a.empty() ? 0 : a[first].value - b[first].value);
}

TEST(ScalarAndVector, give_the_same_bits) {
  const auto vector = kernels::kernel_table(), scalar = kernels_scalar::kernel_table();
  ASSERT_EQ(vector.size(), scalar.size());
  std::size_t compared = 0;
  for (std::size_t k = 0; k < vector.size(); ++k) {
    ASSERT_EQ(vector[k].name, scalar[k].name);
    unsigned seed = 1;
    for (const std::size_t count : {0, 1, 2, 5, 17, 31, 64, 100, 257, 720, 1003, 2501}) {
      for (int kind = 0; kind < 4; ++kind, ++seed) {
        auto values = sample(count, seed);
        if (count >= vector[k].values_min) expect_same_bits(vector[k], scalar[k], values, compared);
        if (vector[k].gaps == Gaps::kForbidden || count < 5) continue;
        for (std::size_t i = seed % 7; i < count; i += 7)
          values[i] = std::numeric_limits<double>::quiet_NaN();
        expect_same_bits(vector[k], scalar[k], values, compared);
      }
    }
  }
  EXPECT_GT(compared, 100'000U);
}

}  // namespace
}  // namespace trimtab
