// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "store/store.h"

namespace trimtab::testing {

// The common time-series encoding that the chunk codec is measured against: delta-of-delta times and
// XORed values in variable bits (Pelkonen et al., "Gorilla", VLDB 2015, with millisecond classes of
// 14, 17 and 20 bits). For benches: trusts its input.
std::string gorilla_encode(const SampleBuffer& samples);
void gorilla_decode(std::string_view bytes, std::size_t count, SampleBuffer& out);

}  // namespace trimtab::testing
