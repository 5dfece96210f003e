// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

// Reading of data sets. All paths are plain files or gzip, told by the first bytes.
namespace trimtab::quality {

Result<std::string> read_data_file(const std::filesystem::path& path);

// Cells of every line, without quotes or escapes; lines may differ in length; empty lines are left out.
std::vector<std::vector<std::string_view>> split_csv(std::string_view text, char delimiter = ',');

// NaN for an empty cell or a word.
double to_number(std::string_view cell);

}  // namespace trimtab::quality
