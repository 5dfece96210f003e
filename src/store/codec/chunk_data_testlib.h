// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "store/store.h"

namespace trimtab::testing {

// Series of the shapes that telemetry has, made from a seed. Tests and benches share them.
struct SeriesKind {
  std::string name;
  SampleBuffer (*make)(std::mt19937_64& random, std::size_t count);
};
const std::vector<SeriesKind>& series_kinds();

bool same_samples(const SampleBuffer& a, const SampleBuffer& b);  // bit for bit

}  // namespace trimtab::testing
