// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ingest/collectors/collector_source.h"

namespace trimtab {

// A PostgreSQL server of version 13 or later, by SQL over one session. Cost: about a dozen short statements
// a round.
std::unique_ptr<CollectorSource> create_postgresql_source(const Target& target,
                                                          const CollectorContext& context);

}  // namespace trimtab
