// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/discover.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <optional>

#include "base/http_client.h"
#include "targets/stream_socket.h"

namespace trimtab {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kSocketsMax = 16;

// The first bytes of the answer to one question; "" when there is none in time.
std::string ask(const std::string& address, std::string_view question) {
  auto socket = StreamSocket::connect(address, {.name = "discover", .timeout_ms = kDiscoverTimeoutMs});
  std::string answer;
  if (!socket || !socket->send(question) || !socket->receive(answer)) return "";
  return answer;
}

// PostgreSQL manual, "SSLRequest": length 8, code 80877103; the answer is S or N, from PgBouncer too.
bool speaks_postgresql(const std::string& address) {
  const std::string answer = ask(address, std::string_view("\0\0\0\x08\x04\xd2\x16\x2f", 8));
  return answer == "S" || answer == "N";
}

std::optional<DiscoveredTarget> look_for_redis(const std::string& address) {
  const std::string answer = ask(address, "*1\r\n$4\r\nPING\r\n");
  const bool closed = answer.starts_with("-NOAUTH");
  if (!answer.starts_with("+PONG") && !closed) return std::nullopt;
  return DiscoveredTarget{
      .kind = TargetKind::kRedis,
      .settings = fmt::format("url: '{}{}'", address[0] == '/' ? "unix://" : "redis://", address),
      .hint = closed ? "it asks for a password: add password_file" : ""};
}

std::optional<DiscoveredTarget> look_for_memcached(const std::string& address) {
  const std::string answer = ask(address, "version\r\n");
  const bool closed = answer.starts_with("CLIENT_ERROR unauth");
  if (!answer.starts_with("VERSION ") && !closed) return std::nullopt;
  return DiscoveredTarget{
      .kind = TargetKind::kMemcached,
      .settings = fmt::format("url: '{}{}'", address[0] == '/' ? "unix://" : "tcp://", address),
      .hint = closed ? "it asks for a password: add username and password_file" : ""};
}

std::optional<DiscoveredTarget> look_for_http(const std::string& address) {
  HttpClient client;
  const auto body = [&](const std::string& path) {
    HttpRequest request;
    request.url = "http://" + address + path;
    request.timeout_ms = kDiscoverTimeoutMs;
    request.response_bytes_max = 4 << 20;
    request.follow_redirects = false;
    const auto answer = client.send(request);
    return answer && answer->status == 200 ? answer->body : std::string();
  };
  for (const char* path : {"/stub_status", "/nginx_status", "/basic_status"}) {
    if (!body(path).starts_with("Active connections:")) continue;
    std::string settings = fmt::format("url: 'http://{}{}'", address, path);
    std::string hint;
    if (::access("/var/log/nginx/access.log", R_OK) == 0) {
      settings += ", log: /var/log/nginx/access.log";
    } else {
      hint = "add log: FILE (readable by Trimtab) for latencies and status codes";
    }
    return DiscoveredTarget{.kind = TargetKind::kNginx, .settings = settings, .hint = hint};
  }
  // The first is where the page is unless `stats uri` says otherwise.
  for (const char* path : {"/haproxy?stats", "/stats", "/"}) {
    if (!body(std::string(path) + ";csv").starts_with("# pxname,svname,")) continue;
    return DiscoveredTarget{.kind = TargetKind::kHaproxy,
                            .settings = fmt::format("url: 'http://{}{}'", address, path),
                            .hint = "its socket (stats socket ... level user) tells of the process too"};
  }
  if (body("/metrics").contains("\nhaproxy_process_")) {
    return DiscoveredTarget{
        .kind = TargetKind::kHaproxy,
        .settings = "",
        .hint = fmt::format("http://{}/metrics is HAProxy's own Prometheus page: name it "
                            "under scrape_configs, or `stats enable` a page for collectors",
                            address)};
  }
  return std::nullopt;
}

DiscoveredTarget postgresql_at(const std::string& host, const std::string& port) {
  return {.kind = TargetKind::kPostgresql,
          .settings = fmt::format("dsn: 'host={} port={} dbname=postgres user=trimtab'", host, port),
          .hint = "CREATE ROLE trimtab LOGIN; GRANT pg_monitor TO trimtab; and name your database"};
}

DiscoveredTarget pgbouncer_at(const std::string& host, const std::string& port) {
  return {.kind = TargetKind::kPgbouncer,
          .settings = fmt::format("dsn: 'host={} port={} dbname=pgbouncer user=trimtab'", host, port),
          .hint = "add trimtab to stats_users in pgbouncer.ini"};
}

void look_at_sockets(std::vector<DiscoveredTarget>& out) {
  for (const char* folder : {"/var/run/postgresql", "/tmp"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(".s.PGSQL.") || name.ends_with(".lock") || out.size() >= kSocketsMax) continue;
      const std::string port = name.substr(9);
      if (!speaks_postgresql(entry.path().string())) continue;
      out.push_back(port == "6432" ? pgbouncer_at(folder, port) : postgresql_at(folder, port));
    }
  }
  for (const char* path : {"/run/redis/redis-server.sock", "/run/redis/redis.sock"}) {
    if (auto found = look_for_redis(path)) out.push_back(*found);
  }
  for (const char* path : {"/run/memcached/memcached.sock", "/tmp/memcached.sock"}) {
    if (auto found = look_for_memcached(path)) out.push_back(*found);
  }
  for (const char* path : {"/run/haproxy/admin.sock", "/run/haproxy.sock"}) {
    if (::access(path, F_OK) != 0) continue;
    const bool closed = ::access(path, R_OK | W_OK) != 0;
    if (!closed && !ask(path, "show info\n").starts_with("Name: HAProxy")) continue;
    out.push_back(
        {.kind = TargetKind::kHaproxy,
         .settings = fmt::format("url: 'unix://{}'", path),
         .hint = closed ? "its rights forbid it: `stats socket ... mode 660 group GROUP level user`" : ""});
  }
}

// One answer a port: the first protocol that fits.
std::optional<DiscoveredTarget> look_at_port(std::uint16_t port) {
  const std::string address = fmt::format("127.0.0.1:{}", port);
  if (!StreamSocket::connect(address, {.name = "discover", .timeout_ms = kDiscoverTimeoutMs}))
    return std::nullopt;
  if (port != 80 && port != 8080 && port != 8404) {
    if (auto found = look_for_redis(address)) return found;
    if (speaks_postgresql(address)) {
      const std::string text = std::to_string(port);
      return port == 6432 ? pgbouncer_at("127.0.0.1", text) : postgresql_at("127.0.0.1", text);
    }
    if (auto found = look_for_memcached(address)) return found;
  }
  return look_for_http(address);
}

}  // namespace

std::vector<DiscoveredTarget> discover_targets(const std::vector<std::uint16_t>& more_ports) {
  std::vector<DiscoveredTarget> out;
  look_at_sockets(out);
  std::vector<std::uint16_t> ports{5432, 5433, 6432, 6379, 6380, 11211, 80, 8080, 8404};
  ports.insert(ports.end(), more_ports.begin(), more_ports.end());
  for (const std::uint16_t port : ports) {
    if (auto found = look_at_port(port)) out.push_back(std::move(*found));
  }
  return out;
}

std::string to_yaml(const std::vector<DiscoveredTarget>& targets) {
  std::map<TargetKind, std::string> kinds;
  std::string notes;
  for (const DiscoveredTarget& target : targets) {
    if (target.settings.empty()) {
      notes += fmt::format("# {}\n", target.hint);
      continue;
    }
    std::string& text = kinds[target.kind];
    if (!target.hint.empty()) text += fmt::format("    # {}\n", target.hint);
    text += fmt::format("    - {{{}}}\n", target.settings);
  }
  std::string out = notes + (kinds.empty() ? "" : "collectors:\n");
  for (const auto& [kind, text] : kinds) out += fmt::format("  {}:\n{}", to_string(kind), text);
  return out;
}

}  // namespace trimtab
