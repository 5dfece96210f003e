// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advise/nginx/configuration.h"

namespace trimtab::advise::nginx {

// A proxy_pass and the blocks around it, outermost (http) first. Pointers into the configuration.
struct ProxyPlace {
  const Directive* pass = nullptr;
  std::vector<const Directive*> blocks;
};
// All of http, in the order of the files.
std::vector<ProxyPlace> proxy_places(const Configuration& configuration);

// "backend" of "proxy_pass https://backend/a"; "" when that holds variables.
std::string_view passed_to(const Directive& pass);
// The upstream block of that name; null when there is none: a host then.
const Directive* find_upstream(const Configuration& configuration, std::string_view name);
// The innermost block around that has a directive of this name; null when none has: directives of nginx are
// taken over from outside only where a block has none of that name itself.
const Directive* block_in_force(const ProxyPlace& place, std::string_view name);

// What would keep connections to upstreams open from one request to the next
// (nginx.org/en/docs/http/ngx_http_upstream_module.html#keepalive): `keepalive` in the upstream block,
// HTTP/1.1, and no "Connection: close", which nginx sends unless told otherwise.
struct KeepAlivePlan {
  std::vector<std::string> upstreams;  // upstream blocks in use whose connections are not kept
  std::vector<std::string> direct;     // hosts passed to without an upstream block, which cannot be kept
  std::optional<ConfigEdit> edit;      // for `upstreams`; empty when it needs several places far apart, or
                                       // something else is set there on purpose
};
// `connections`: how many idle ones a worker may keep for each upstream block. Pure.
KeepAlivePlan keepalive_plan(const Configuration& configuration, int connections);

}  // namespace trimtab::advise::nginx
