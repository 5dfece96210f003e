// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "base/yaml.h"
#include "ledger/records.h"

namespace trimtab {

// Texts of an estate file: UTF-8, at most kEstateTextBytesMax bytes. Errors name file and line.
Result<std::string> read_text(const Yaml& yaml, Result<std::string> text);
Result<std::string> read_text_or_empty(const Yaml& yaml);
// "service/checkout".
Result<EntityRef> read_entity(const Yaml& yaml);

}  // namespace trimtab
