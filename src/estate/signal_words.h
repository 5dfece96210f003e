// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace trimtab {

// The words that a catalogue entry may use. Detectors and reports speak in these.
std::span<const std::string_view> known_domains();
std::span<const std::string_view> known_aspects();

}  // namespace trimtab
