// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "server/http.h"
#include "server/listen_address.h"
#include "server/router.h"

namespace trimtab {

// What a token's holder may do.
struct Grants {
  bool read = false;
  bool write = false;
  bool admin = false;
  bool allow(http::Access access) const;
};

// The tokens of a token file: one per line, "TOKEN [ROLES]", ROLES a comma list of read, write, admin
// (default admin, which may do everything); '#' starts a comment. Only SHA-256 digests are kept, and a
// look-up compares all of them in constant time. Immutable.
class TokenFile {
 public:
  // Errors name file and line, never a token: unreadable, no token, shorter than token_bytes_min,
  // unknown role.
  static Result<TokenFile> load(const std::string& path);
  static Result<TokenFile> parse(std::string_view text, std::string_view file_name);

  std::optional<Grants> find(std::string_view token) const;
  std::size_t size() const { return entries_.size(); }

  static constexpr std::size_t kTokenBytesMin = 16;

 private:
  using Digest = std::array<unsigned char, 32>;
  struct Entry {
    Digest digest{};
    Grants grants;
  };
  std::vector<Entry> entries_;
};

// Decides for each request whether it may pass, before its body is read:
//   - tokens in force: Authorization "Bearer TOKEN", or "Basic" with the token as password (so that
//     a browser can ask for it); 401 without, 403 when the role does not suffice. Open routes pass.
//   - no tokens (loopback only): the Host header must name loopback or an allowed host, else a page
//     elsewhere could reach us by DNS rebinding.
//   - always: a request that changes something and comes from a page of another origin is refused.
// Thread-safe; tokens can be replaced while running.
class Gatekeeper {
 public:
  struct Options {
    ListenAddress listen;
    std::vector<std::string> allowed_hosts{};  // names by which a proxy in front calls us
    std::string token_file{};                  // "": no tokens
  };
  // Errors: beyond loopback without a token file (kDenied), token file errors.
  static Result<std::unique_ptr<Gatekeeper>> create(Options options, Metrics& metrics);

  // Nothing: pass. Else the refusal to send.
  std::optional<http::Response> refuse(const http::Request& request, http::Access access) const;
  // Reads the token file again; on error the old tokens stay in force.
  Status reload();

 private:
  Gatekeeper(Options options, Metrics& metrics);
  std::optional<http::Response> refuse_foreign_page(const http::Request& request) const;
  std::optional<http::Response> refuse_identity(const http::Request& request, http::Access access) const;
  bool is_known_host(std::string_view host) const;

  Options options_;
  Counter& denied_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TokenFile> tokens_;
};

}  // namespace trimtab
