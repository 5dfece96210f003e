// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
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
  std::string basic_username = {};
  std::string basic_password = {};
  std::string basic_password_file = {};  // files are read again on every request, so rotation works
  std::string authorization_type = "Bearer";
  std::string bearer_token = {};  // sent as "Authorization: <authorization_type> <bearer_token>"
  std::string bearer_token_file = {};
  std::string tls_ca_file = {};
  std::string tls_cert_file = {};
  std::string tls_key_file = {};
  std::string tls_server_name = {};
  bool tls_insecure_skip_verify = false;
  std::string proxy_url = {};           // http(s):// or socks5://; "" for none
  std::string no_proxy = {};            // hosts that are reached directly, separated by commas
  bool proxy_from_environment = false;  // http_proxy, https_proxy and no_proxy as libcurl reads them
  friend bool operator==(const HttpAuth&, const HttpAuth&) = default;

  // Prometheus' words: basic_auth {username, password | password_file}, authorization {type,
  // credentials | credentials_file}, bearer_token(_file), tls_config {ca_file, cert_file, key_file,
  // server_name, insecure_skip_verify}, proxy_url, no_proxy, proxy_from_environment. `yaml` is the map
  // that holds those keys; others are ignored (TRIMTAB_HTTP_AUTH_KEYS names them). File names are
  // relative to the folder of the YAML file. Errors: wrong types, two ways to authenticate at once.
  static Result<HttpAuth> from_yaml(const Yaml& yaml);
};

// Words that HttpAuth::from_yaml reads, for Yaml::only_keys of the map around them.
#define TRIMTAB_HTTP_AUTH_KEYS                                                                               \
  "basic_auth", "authorization", "bearer_token", "bearer_token_file", "tls_config", "proxy_url", "no_proxy", \
      "proxy_from_environment"

struct HttpRequest {
  std::string method = "GET";
  std::string url = {};  // http:// or https:// only
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string body = {};
  DurationMs timeout_ms = 10 * kSecondMs;
  std::size_t response_bytes_max = 64 << 20;  // more is an error (kLimit)
  bool follow_redirects = true;  // at most HttpClient::kRedirectsMax, never to another scheme than http(s)
  const std::atomic<bool>* cancelled = nullptr;  // polled about once a second while waiting
};

struct HttpResponse {
  int status = 0;
  std::string content_type = {};
  std::string body = {};  // decoded (gzip, deflate, zstd as libcurl offers)
  std::vector<std::pair<std::string, std::string>> headers = {};  // names in lower case
};

// Outgoing HTTP over libcurl, connections kept alive. One client per thread of use (externally
// locked). Errors: kUnavailable (refused, reset, no such host, certificate not trusted), kTimeout, kLimit,
// kCancelled, kInvalid (bad URL, header or encoding); an answer of any status is not an error. Messages
// name the URL as redact_url() shows it and never hold a secret.
class HttpClient {
 public:
  explicit HttpClient(HttpAuth auth = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  Result<HttpResponse> send(const HttpRequest& request);

  static constexpr int kRedirectsMax = 5;
  static constexpr std::size_t kHeaderBytesMax = 256 << 10;  // all headers of an answer together

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Percent-encodes all but letters, digits and "-_.~".
std::string url_encode(std::string_view text);
// The URL without user, password, query and fragment: what may stand in logs, errors and pages.
std::string redact_url(std::string_view url);

}  // namespace trimtab
