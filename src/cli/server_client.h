// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/http_client.h"
#include "base/result.h"
#include "cli/verb.h"

namespace trimtab::cli {

// The running server a verb talks to: --server, else TRIMTAB_SERVER, else http://127.0.0.1:7600. The token
// comes from --token-file or TRIMTAB_TOKEN_FILE (the first token in it), never from the command line.
class ServerClient {
 public:
  static Result<ServerClient> create(const Arguments& arguments);
  static std::vector<OptionSpec> options();  // what a verb adds to its own

  using Query = std::vector<std::pair<std::string, std::string>>;
  // The body of a 2xx answer. Errors: kUnavailable names the server and how to start one; other
  // statuses become the error the server told.
  Result<std::string> get(const std::string& path, const Query& query = {});
  Result<std::string> post(const std::string& path, std::string body, const Query& query = {},
                           const std::string& content_type = "application/json");

  static constexpr std::string_view kDefaultServer = "http://127.0.0.1:7600";

 private:
  ServerClient(std::string base, HttpAuth auth) : base_(std::move(base)), client_(std::move(auth)) {}
  Result<std::string> send(HttpRequest request, const std::string& path, const Query& query);

  std::string base_;
  HttpClient client_;
};

}  // namespace trimtab::cli
