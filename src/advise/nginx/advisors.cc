// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/advisors.h"

#include "advise/nginx/client_connections.h"
#include "advise/nginx/compression.h"
#include "advise/nginx/connections.h"
#include "advise/nginx/lifetimes.h"
#include "advise/nginx/time_outs.h"
#include "advise/nginx/upstream_connections.h"
#include "advise/nginx/upstream_servers.h"

namespace trimtab::advise::nginx {

std::vector<std::unique_ptr<Advisor>> create_advisors(const Target& target) {
  std::vector<std::unique_ptr<Advisor>> out;
  out.push_back(create_compression_advisor(target));
  out.push_back(create_connections_advisor(target));
  out.push_back(create_client_connections_advisor(target));
  out.push_back(create_upstream_connections_advisor(target));
  out.push_back(create_time_outs_advisor(target));
  out.push_back(create_upstream_servers_advisor(target));
  out.push_back(create_lifetimes_advisor(target));
  return out;
}

}  // namespace trimtab::advise::nginx
