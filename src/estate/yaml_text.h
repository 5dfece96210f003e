// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/yaml.h"
#include "ledger/records.h"

namespace trimtab {

// Texts of an estate file: UTF-8, at most kEstateTextBytesMax bytes. Errors name file and line.
Result<std::string> read_text(const Yaml& yaml, Result<std::string> text);
Result<std::string> read_text_or_empty(const Yaml& yaml);
// "service/checkout".
Result<EntityRef> read_entity(const Yaml& yaml);
// `text`, which stands at `yaml`: "service/checkout", or a pattern, "service/*", "*".
Result<std::string> read_pattern(const Yaml& yaml, const std::string& text);
// A list of such; empty when absent.
Result<std::vector<std::string>> read_patterns(const Yaml& list);
Result<TimestampMs> read_time(const Yaml& yaml);
// "02:30" -> 150.
Result<int> read_minute_of_day(const Yaml& yaml);
// "monday" -> 0 .. "sunday" -> 6.
Result<int> read_weekday(const Yaml& yaml);

}  // namespace trimtab
