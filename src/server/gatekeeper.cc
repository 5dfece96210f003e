// SPDX-License-Identifier: Apache-2.0
#include "server/gatekeeper.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <fstream>
#include <sstream>

namespace trimtab {
namespace {

constexpr std::string_view kWhitespace = " \t\r";

std::string_view next_word(std::string_view& line) {
  const std::size_t start = std::min(line.find_first_not_of(kWhitespace), line.size());
  line.remove_prefix(start);
  const std::size_t end = std::min(line.find_first_of(kWhitespace), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

Result<Grants> parse_roles(std::string_view text, std::string_view place) {
  Grants grants;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view role = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (role == "read") {
      grants.read = true;
    } else if (role == "write") {
      grants.write = true;
    } else if (role == "admin") {
      grants = {.read = true, .write = true, .admin = true};
    } else {
      // The word is not shown: a token with a space in it would end up here.
      return invalid(fmt::format("{}: unknown role; use read, write, admin or a comma list of them", place));
    }
  }
  return grants;
}

std::string decode_base64(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.size() > 4096) return {};
  std::string out(text.size() / 4 * 3, '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return {};
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

// "Bearer X" -> X, "Basic base64(user:X)" -> X, else "".
std::string token_of(std::string_view authorization) {
  const std::size_t space = std::min(authorization.find(' '), authorization.size());
  std::string scheme(authorization.substr(0, space));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::string_view rest = authorization.substr(space);
  const std::string_view credentials = next_word(rest);
  if (scheme == "bearer") return std::string(credentials);
  if (scheme != "basic") return {};
  const std::string pair = decode_base64(credentials);
  const std::size_t colon = pair.find(':');
  return colon == std::string::npos ? std::string() : pair.substr(colon + 1);
}

http::Response unauthorized() {
  http::Response response = http::Response::error(
      401, "unauthorized",
      "a token is required: send \"Authorization: Bearer TOKEN\" with a token of the token file");
  response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"trimtab\"");
  response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"trimtab\", charset=\"UTF-8\"");
  return response;
}

}  // namespace

bool Grants::allow(http::Access access) const {
  switch (access) {
    case http::Access::kOpen: return true;
    case http::Access::kRead: return read;
    case http::Access::kWrite: return write;
    case http::Access::kAdmin: return admin;
  }
  return false;
}

Result<TokenFile> TokenFile::load(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::kNotFound, fmt::format("token file {} can not be read", path));
  std::ostringstream text;
  text << in.rdbuf();
  return parse(text.str(), path);
}

Result<TokenFile> TokenFile::parse(std::string_view text, std::string_view file_name) {
  TokenFile file;
  int line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const std::string_view token = next_word(line);
    if (token.empty()) continue;
    const std::string place = fmt::format("{}:{}", file_name, line_number);
    if (token.size() < kTokenBytesMin) {
      return invalid(fmt::format("{}: a token of {} bytes is too short; at least {}", place, token.size(),
                                 kTokenBytesMin));
    }
    const std::string_view roles = next_word(line);
    if (!next_word(line).empty()) return invalid(fmt::format("{}: more than a token and its roles", place));
    Entry entry;
    entry.grants = TRY(parse_roles(roles.empty() ? "admin" : roles, place));
    SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), entry.digest.data());
    file.entries_.push_back(entry);
  }
  if (file.entries_.empty()) return invalid(fmt::format("{}: holds no token; write one per line", file_name));
  return file;
}

std::optional<Grants> TokenFile::find(std::string_view token) const {
  Digest digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data());
  std::optional<Grants> found;
  for (const Entry& entry : entries_) {
    if (CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0) found = entry.grants;
  }
  return found;
}

Gatekeeper::Gatekeeper(Options options, Metrics& metrics)
    : options_(std::move(options)),
      denied_(metrics.counter("trimtab_http_denied_total",
                              "Requests refused for want of a token, role or known host.")) {}

Result<std::unique_ptr<Gatekeeper>> Gatekeeper::create(Options options, Metrics& metrics) {
  if (!options.listen.loopback && options.token_file.empty()) {
    return fail(
        ErrorCode::kDenied,
        fmt::format("listening on {} reaches beyond this machine and needs a token file: write a token of at "
                    "least {} bytes into a file and set token_file, or listen on 127.0.0.1",
                    options.listen.to_string(), TokenFile::kTokenBytesMin));
  }
  std::unique_ptr<Gatekeeper> keeper(new Gatekeeper(std::move(options), metrics));
  TRY(keeper->reload());
  return keeper;
}

Status Gatekeeper::reload() {
  if (options_.token_file.empty()) return ok();
  TokenFile tokens = TRY(TokenFile::load(options_.token_file));
  const std::lock_guard lock(mutex_);
  tokens_ = std::make_shared<const TokenFile>(std::move(tokens));
  return ok();
}

std::optional<http::Response> Gatekeeper::refuse(const http::Request& request, http::Access access) const {
  auto refusal = refuse_foreign_page(request);
  if (!refusal) refusal = refuse_identity(request, access);
  if (refusal) denied_.add();
  return refusal;
}

bool Gatekeeper::is_known_host(std::string_view host) const {
  return is_loopback_name(host) || host == options_.listen.host ||
         std::find(options_.allowed_hosts.begin(), options_.allowed_hosts.end(), host) !=
             options_.allowed_hosts.end();
}

std::optional<http::Response> Gatekeeper::refuse_foreign_page(const http::Request& request) const {
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  const std::string_view site = request.header("Sec-Fetch-Site");
  const std::string_view origin = request.header("Origin");
  const std::size_t scheme = origin.find("://");
  const bool foreign_site = !site.empty() && site != "same-origin" && site != "none";
  const bool foreign_origin = !origin.empty() && (scheme == std::string_view::npos ||
                                                  origin.substr(scheme + 3) != request.header("Host"));
  if (!foreign_site && !foreign_origin) return std::nullopt;
  return http::Response::error(403, "denied", "a page of another origin may not change anything here");
}

std::optional<http::Response> Gatekeeper::refuse_identity(const http::Request& request,
                                                          http::Access access) const {
  std::shared_ptr<const TokenFile> tokens;
  {
    const std::lock_guard lock(mutex_);
    tokens = tokens_;
  }
  if (!tokens) {
    const std::string_view host = request.header("Host");
    if (host.empty() || is_known_host(host_without_port(host))) return std::nullopt;
    return http::Response::error(
        403, "denied",
        fmt::format("host \"{:.100}\" is not known here; call 127.0.0.1 or add the name to allowed_hosts",
                    host));
  }
  if (access == http::Access::kOpen) return std::nullopt;
  const std::string token = token_of(request.header("Authorization"));
  if (token.empty()) return unauthorized();
  const auto grants = tokens->find(token);
  if (!grants) return unauthorized();
  if (grants->allow(access)) return std::nullopt;
  return http::Response::error(403, "denied", fmt::format("this token may not {} here", to_string(access)));
}

}  // namespace trimtab
