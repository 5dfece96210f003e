// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/router.h"

namespace trimtab {

// The routes as an OpenAPI 3.0 document and as the table of docs/api.md; both from the words in the router.
std::string openapi_json(const http::Router& router);
std::string api_markdown(const http::Router& router);

}  // namespace trimtab
