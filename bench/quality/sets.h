// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "quality/quality.h"

// One function per set, in the file of its name.
namespace trimtab::quality {

Result<std::vector<Row>> run_compare(const std::filesystem::path& data);
Result<std::vector<Row>> run_leaks(const std::filesystem::path& data);
Result<std::vector<Row>> run_m4(const std::filesystem::path& data);
Result<std::vector<Row>> run_nab(const std::filesystem::path& data);
Result<std::vector<Row>> run_smd(const std::filesystem::path& data);
Result<std::vector<Row>> run_asd(const std::filesystem::path& data);
Result<std::vector<Row>> run_jumpstarter(const std::filesystem::path& data);
Result<std::vector<Row>> run_ms_cloud(const std::filesystem::path& data);
Result<std::vector<Row>> run_donut_kpi(const std::filesystem::path& data);
Result<std::vector<Row>> run_seasonality(const std::filesystem::path& data);
Result<std::vector<Row>> run_petshop(const std::filesystem::path& data);
Result<std::vector<Row>> run_sap_ci(const std::filesystem::path& data);
Result<std::vector<Row>> run_tcpd(const std::filesystem::path& data);

}  // namespace trimtab::quality
