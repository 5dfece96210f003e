// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/http_client.h"

namespace trimtab {
namespace {

Result<std::string> file_or_empty(const Yaml& yaml) {
  const std::string name = TRY(yaml.string_or(""));
  return yaml.resolve_file(name);
}

Status read_basic(const Yaml& yaml, HttpAuth& auth) {
  if (!yaml.exists()) return ok();
  if (!yaml.is_map()) return yaml.error("must be a map with username and password or password_file");
  TRY(yaml.only_keys({"username", "password", "password_file"}));
  auth.basic_username = TRY(yaml["username"].string_or(""));
  auth.basic_password = TRY(yaml["password"].string_or(""));
  auth.basic_password_file = TRY(file_or_empty(yaml["password_file"]));
  if (auth.basic_username.empty()) return yaml.error("username is missing");
  if (!auth.basic_password.empty() && !auth.basic_password_file.empty()) {
    return yaml.error("password and password_file exclude each other");
  }
  return ok();
}

Status read_authorization(const Yaml& yaml, HttpAuth& auth) {
  if (!yaml.exists()) return ok();
  if (!yaml.is_map()) return yaml.error("must be a map with type and credentials or credentials_file");
  TRY(yaml.only_keys({"type", "credentials", "credentials_file"}));
  auth.authorization_type = TRY(yaml["type"].string_or("Bearer"));
  if (auth.authorization_type == "Basic" || auth.authorization_type == "basic") {
    return yaml.error("type Basic is written as basic_auth");
  }
  if (!auth.bearer_token.empty() || !auth.bearer_token_file.empty()) {
    return yaml.error("authorization and bearer_token exclude each other");
  }
  auth.bearer_token = TRY(yaml["credentials"].string_or(""));
  auth.bearer_token_file = TRY(file_or_empty(yaml["credentials_file"]));
  if (!auth.bearer_token.empty() && !auth.bearer_token_file.empty()) {
    return yaml.error("credentials and credentials_file exclude each other");
  }
  return ok();
}

Status read_tls(const Yaml& yaml, HttpAuth& auth) {
  if (!yaml.exists()) return ok();
  if (!yaml.is_map()) return yaml.error("must be a map with ca_file, cert_file, key_file, ...");
  TRY(yaml.only_keys({"ca_file", "cert_file", "key_file", "server_name", "insecure_skip_verify"}));
  auth.tls_ca_file = TRY(file_or_empty(yaml["ca_file"]));
  auth.tls_cert_file = TRY(file_or_empty(yaml["cert_file"]));
  auth.tls_key_file = TRY(file_or_empty(yaml["key_file"]));
  auth.tls_server_name = TRY(yaml["server_name"].string_or(""));
  auth.tls_insecure_skip_verify = TRY(yaml["insecure_skip_verify"].boolean_or(false));
  if (auth.tls_cert_file.empty() != auth.tls_key_file.empty()) {
    return yaml.error("cert_file and key_file go together");
  }
  return ok();
}

}  // namespace

Result<HttpAuth> HttpAuth::from_yaml(const Yaml& yaml) {
  HttpAuth auth;
  auth.bearer_token = TRY(yaml["bearer_token"].string_or(""));
  auth.bearer_token_file = TRY(file_or_empty(yaml["bearer_token_file"]));
  if (!auth.bearer_token.empty() && !auth.bearer_token_file.empty()) {
    return yaml.error("bearer_token and bearer_token_file exclude each other");
  }
  TRY(read_authorization(yaml["authorization"], auth));
  TRY(read_basic(yaml["basic_auth"], auth));
  const bool bearer = !auth.bearer_token.empty() || !auth.bearer_token_file.empty();
  if (bearer && !auth.basic_username.empty()) {
    return yaml.error("basic_auth and a bearer token or authorization exclude each other");
  }
  TRY(read_tls(yaml["tls_config"], auth));
  auth.proxy_url = TRY(yaml["proxy_url"].string_or(""));
  auth.no_proxy = TRY(yaml["no_proxy"].string_or(""));
  auth.proxy_from_environment = TRY(yaml["proxy_from_environment"].boolean_or(false));
  if (auth.proxy_from_environment && !auth.proxy_url.empty()) {
    return yaml.error("proxy_url and proxy_from_environment exclude each other");
  }
  return auth;
}

}  // namespace trimtab
