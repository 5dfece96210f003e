// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ingest/collectors/collector_source.h"

namespace trimtab {

// An nginx by its stub_status page (names of nginx-prometheus-exporter), its access log (nginx_http_*), or
// both. Of the log what is written from the start of Trimtab on is counted.
std::unique_ptr<CollectorSource> create_nginx_source(const Target& target, const CollectorContext& context);

}  // namespace trimtab
