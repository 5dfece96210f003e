// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string_view>

namespace trimtab::redis {

// Calls back for each "field:value" of what INFO answers, in its order; comments and other lines are passed
// over. The views are of `info`.
void read_info(std::string_view info,
               const std::function<void(std::string_view field, std::string_view value)>& line);

// The whole text as a number, else nothing.
std::optional<double> info_number(std::string_view text);
// 12 of "keys=12,expires=3" for "keys".
std::optional<double> info_part(std::string_view list, std::string_view key);
// "db0", whose value is "keys=12,expires=3,avg_ttl=0".
bool is_info_database(std::string_view field);

}  // namespace trimtab::redis
