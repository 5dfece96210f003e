// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace trimtab {

// Numbers as the template language of Prometheus prints them (Go's formatting, Prometheus' documented
// template functions: https://prometheus.io/docs/prometheus/latest/configuration/template_reference/).

std::string go_float(double value);             // as "{{ $value }}": 1.5, 1e+06, +Inf
std::string go_exponent(double value);          // 1.5e+00: values of alerts in the API
std::string humanize(double value);             // 1234567 -> "1.235M", 0.002 -> "2m"
std::string humanize_1024(double value);        // 2048 -> "2ki"
std::string humanize_duration(double value);    // 3725 -> "1h 2m 5s", 0.1 -> "100ms"
std::string humanize_percentage(double value);  // 0.123 -> "12.3%"

// One verb of printf with flags, width and precision as in "%-8.2f": e E f F g G v for numbers, s q v for
// texts.
std::string go_printf_number(std::string_view verb, double value);
std::string go_printf_text(std::string_view verb, std::string_view text);

}  // namespace trimtab
