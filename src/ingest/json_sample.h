// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace trimtab {

// How a sample's value stands in a JSON line, so that every double comes back bit for bit:
//   finite             a number in its shortest form; minus zero as -0.0
//   infinities         "Infinity", "-Infinity"
//   the stale marker   null
//   Prometheus' NaN    "NaN" (bits kNormalNanBits)
//   any other NaN      "NaN:" and its 64 bits as 16 hexadecimal digits, "NaN:7ff8000000000000"
void append_json_sample(std::string& out, double value);

// A value that stands as a JSON string: the forms above and whatever parse_double takes ("+Inf",
// "1.5"); NaN in any other spelling becomes Prometheus' NaN. False when it is no number.
bool parse_json_sample_text(std::string_view text, double& out);

}  // namespace trimtab
