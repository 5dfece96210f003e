// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace trimtab {

// OpenTelemetry names to Prometheus names, by the OpenTelemetry specification's "Prometheus and
// OpenMetrics Compatibility" (with suffixes, without UTF-8 names):
//   http.server.duration, unit "s", histogram   -> http_server_duration_seconds
//   system.network.io, unit "By", counter       -> system_network_io_bytes_total
//   system.cpu.utilization, unit "1", gauge     -> system_cpu_utilization_ratio
//   disk.speed, unit "By/s", gauge              -> disk_speed_bytes_per_second

enum class OtlpNameKind { kGauge, kCounter, kOther };

// "" when nothing of the name is left.
std::string otlp_metric_name(std::string_view name, std::string_view unit, OtlpNameKind kind);
// The unit's word alone: "s" -> "seconds", "By/s" -> "bytes_per_second", "{packet}" -> "".
std::string otlp_unit_name(std::string_view unit);
// http.method -> http_method, 1st -> key_1st, _x -> key_x. "" stays "".
std::string otlp_label_name(std::string_view name);

}  // namespace trimtab
