// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "base/yaml.h"
#include "estate/calendar.h"

namespace trimtab {

// `calendar:` of an estate.yaml; an absent one: UTC, Saturday and Sunday, no events.
Result<Calendar> read_calendar(const Yaml& yaml);

}  // namespace trimtab
