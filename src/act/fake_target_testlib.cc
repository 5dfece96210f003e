// SPDX-License-Identifier: Apache-2.0
#include "act/fake_target_testlib.h"

namespace trimtab::act {

double noise_at(std::string_view name, TimestampMs at) {
  auto x = static_cast<std::uint64_t>(at);
  for (const char c : name) x = x * 31 + static_cast<unsigned char>(c);
  x += 0x9e3779b97f4a7c15U;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
  x ^= x >> 31;
  return static_cast<double>(x >> 11) / static_cast<double>(1ULL << 52) - 1;
}

}  // namespace trimtab::act
