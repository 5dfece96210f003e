// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "ingest/otlp_converter.h"

namespace trimtab {

// ExportMetricsServiceRequest in its two encodings, point by point into the converter. Errors:
// kInvalid (malformed), kLimit (the converter is over a bound). Unknown fields and keys are passed
// over; JSON keys are taken in camelCase and in the .proto files' own spelling, 64-bit integers as
// strings and as numbers, doubles also as "NaN", "Infinity" and "-Infinity".
Status decode_otlp_protobuf(std::string_view body, OtlpConverter& converter);
Status decode_otlp_json(std::string_view body, OtlpConverter& converter);

inline constexpr int kOtlpValueDepthMax = 16;  // lists and maps inside attribute values

}  // namespace trimtab
