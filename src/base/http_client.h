// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "base/yaml.h"

namespace trimtab {

// How to prove who we are and whom to trust. Secrets come from files or the environment, are kept in
// memory only and are never part of an error or a log line.
struct HttpAuth {
  std::string basic_username;
  std::string basic_password;
  std::string bearer_token;
  std::string bearer_token_file;  // read again on every request, so rotation works
  std::string tls_ca_file;
  std::string tls_cert_file;
  std::string tls_key_file;
  std::string tls_server_name;
  bool tls_insecure_skip_verify = false;

  // Prometheus' words: basic_auth {username, password | password_file}, authorization {type,
  // credentials | credentials_file}, bearer_token(_file), tls_config {ca_file, cert_file, key_file,
  // server_name, insecure_skip_verify}. `yaml` is the map that holds those keys; others are ignored.
  static Result<HttpAuth> from_yaml(const Yaml& yaml);
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http:// or https:// only
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  DurationMs timeout_ms = 10 * kSecondMs;
  std::size_t response_bytes_max = 64 << 20;  // more is an error (kLimit)
  bool follow_redirects = true;
};

struct HttpResponse {
  int status = 0;
  std::string content_type;
  std::string body;  // decoded (gzip, deflate, zstd as libcurl offers)
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
};

// Outgoing HTTP over libcurl, connections kept alive. One client per thread of use (externally
// locked). Errors: kUnavailable (refused, reset, no such host), kTimeout, kLimit, kInvalid (bad URL);
// an answer of any status is not an error.
class HttpClient {
 public:
  explicit HttpClient(HttpAuth auth = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  Result<HttpResponse> send(const HttpRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string url_encode(std::string_view text);

}  // namespace trimtab
