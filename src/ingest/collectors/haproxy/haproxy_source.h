// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "ingest/collectors/collector_source.h"
#include "ingest/collectors/haproxy/haproxy_csv.h"

namespace trimtab {

// A HAProxy by its statistics socket (`show info` and `show stat` over one connection a round; `level user`
// is enough) or by the CSV of its statistics page, under the names of HAProxy's own Prometheus page. The page
// knows nothing of the process.
std::unique_ptr<CollectorSource> create_haproxy_source(const Target& target, const CollectorContext& context);

// Each puts one answer into the sink. Lines and columns that are not known or hold no number are left out.
void put_haproxy_info(std::string_view info, SeriesSink& sink);
Result<HaproxyCsvTally> put_haproxy_stat(std::string_view csv, SeriesSink& sink);

}  // namespace trimtab
