// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/http_client.h"
#include "base/result.h"
#include "base/time.h"
#include "base/yaml.h"

namespace trimtab {

enum class TargetKind { kPostgresql, kRedis, kNginx, kMemcached, kHaproxy, kPgbouncer };
std::string_view to_string(TargetKind kind);  // "postgresql", ...: the key below `collectors:`
Result<TargetKind> parse_target_kind(std::string_view text);

// One system as `collectors:` names it. Holds secrets in memory; nothing here may be printed but name().
struct Target {
  TargetKind kind = TargetKind::kPostgresql;
  std::string id;        // unique within the kind: "main"; by default host:port or "local"
  std::string instance;  // label of its series: "127.0.0.1:5432"
  // "postgresql/main": what Action::target says.
  std::string name() const { return std::string(to_string(kind)) + "/" + id; }

  std::string dsn;      // postgresql, pgbouncer: libpq's key=value or URI; for reading
  std::string act_dsn;  // the same with a role that may change things; "" = nothing may be changed
  // redis://host:port/0, rediss:// is not known; http://host/stub_status, tcp://host:port, unix:///path
  std::string url;
  std::string username;
  std::string password;
  HttpAuth auth;         // of http(s) urls
  std::string config;    // nginx, haproxy: main configuration file; "" = nothing may be changed
  std::string log;       // nginx: access log to follow
  std::string binary;    // nginx, haproxy: for testing a configuration; "" = found in PATH
  std::string pid_file;  // nginx, haproxy: whom to signal
  bool act = false;      // changes are allowed at all
  DurationMs interval_ms = 5 * kSecondMs;
  friend bool operator==(const Target&, const Target&) = default;
};

// Of a url whose server is spoken to without HTTP: what StreamSocket::connect() takes, "host:port" or a path.
std::string socket_address(std::string_view url);

// Reads the section `collectors:` (docs/collectors.md), in order of kind and place. An absent section: none.
// Errors name file, line and key, never a secret: unknown keys, a name or an address twice, a password where
// others can see it (inside a URL, in a file that everyone may read), changes allowed without the means.
Result<std::vector<Target>> read_targets(const Yaml& collectors);

inline constexpr std::size_t kTargetsMax = 256;
inline constexpr DurationMs kTargetIntervalMinMs = 100;

}  // namespace trimtab
