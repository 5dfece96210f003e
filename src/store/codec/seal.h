// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trimtab::codec {

// The checksum that ends every encoded block: the low 32 bits of XXH3-64 of all bytes before it,
// little-endian. Damage goes unseen once in 2^32.
inline constexpr std::size_t kSealBytes = 4;

// Appends the checksum of out[start..].
void put_seal(std::string& out, std::size_t start);

// What stands before the checksum. Errors: kCorrupt with both sums; `what` names the thing.
Result<std::string_view> check_seal(std::string_view sealed, std::string_view what);

}  // namespace trimtab::codec
