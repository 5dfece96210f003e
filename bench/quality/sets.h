// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "quality/quality.h"

// One function per set, in the file of its name.
namespace trimtab::quality {

Result<std::vector<Row>> run_m4(const std::filesystem::path& data);
Result<std::vector<Row>> run_petshop(const std::filesystem::path& data);
Result<std::vector<Row>> run_sap_ci(const std::filesystem::path& data);
Result<std::vector<Row>> run_tcpd(const std::filesystem::path& data);

}  // namespace trimtab::quality
