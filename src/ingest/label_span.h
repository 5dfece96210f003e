// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/labels.h"
#include "base/result.h"

namespace trimtab {

// A label span is the spelling of a label set as remote write 1.0 has it: repeated protobuf field 1
// of {1: name, 2: value}, one after the other. Other formats that have no contiguous spelling of
// their own write one with append_label, so that a hash over the span is a key for resolve().

// Appends one label.
void append_label(std::string& span, std::string_view name, std::string_view value);

// The set a span spells, sorted; labels with empty values left out. Errors: kCorrupt (the bytes are
// malformed), kLimit (more or longer labels than allowed; found before anything is copied), kInvalid
// (no metric name, empty or repeated names, not UTF-8).
Result<Labels> decode_label_span(std::string_view span, const LabelLimits& limits);

// What decode_label_span demands beyond Labels::create: a metric name. For other decoders.
Result<Labels> create_named(std::vector<Label> labels, const LabelLimits& limits);

}  // namespace trimtab
