// SPDX-License-Identifier: Apache-2.0
#include "targets/target.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <set>

#include "base/labels.h"
#include "targets/postgresql/dsn.h"

namespace trimtab {
namespace {

constexpr std::array<std::string_view, 6> kKinds{"postgresql", "redis",   "nginx",
                                                 "memcached",  "haproxy", "pgbouncer"};
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kSecretBytesMax = 64 << 10;

// Keys of every kind, and those of each.
constexpr std::array<std::string_view, 3> kCommonKeys{"name", "instance", "interval"};
std::vector<std::string_view> keys_of(TargetKind kind) {
  std::vector<std::string_view> keys(kCommonKeys.begin(), kCommonKeys.end());
  const auto add = [&keys](std::initializer_list<std::string_view> more) { keys.insert(keys.end(), more); };
  switch (kind) {
    case TargetKind::kPostgresql:
      add({"dsn", "act_dsn", "password", "password_file", "act_password", "act_password_file", "act"});
      break;
    case TargetKind::kRedis: add({"url", "username", "password", "password_file", "act"}); break;
    case TargetKind::kNginx:
      add({"url", "config", "log", "binary", "pid_file", "act", TRIMTAB_HTTP_AUTH_KEYS});
      break;
    case TargetKind::kMemcached: add({"url", "username", "password", "password_file"}); break;
    case TargetKind::kHaproxy:
      add({"url", "config", "binary", "pid_file", "act", TRIMTAB_HTTP_AUTH_KEYS});
      break;
    case TargetKind::kPgbouncer: add({"dsn", "password", "password_file"}); break;
  }
  return keys;
}

// A name goes into commands' words, ledger and pages.
Status check_name(const Yaml& yaml, std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':' || c == '[' || c == ']';
  });
  if (plain && !name.empty() && name.size() <= kNameBytesMax) return ok();
  return yaml.error(fmt::format("expected 1 to {} letters, digits and _ - . :", kNameBytesMax));
}

Result<std::string> read_secret_file(const Yaml& yaml) {
  const std::string path = yaml.resolve_file(TRY(yaml.string()));
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return yaml.error(fmt::format("cannot open {}", path));
  }
  if ((info.st_mode & S_IRWXO) != 0) {
    return yaml.error(fmt::format("{} may be read or changed by everyone; chmod o= it", path));
  }
  std::ifstream in(path, std::ios::binary);
  std::string text(kSecretBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in.is_open() || in.bad()) return yaml.error(fmt::format("cannot read {}", path));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kSecretBytesMax) {
    return yaml.error(
        fmt::format("{} is larger than {} bytes; a secret was expected", path, kSecretBytesMax));
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

// `key` or `key`_file; "" when neither is there.
Result<std::string> read_secret(const Yaml& yaml, const std::string& key) {
  const Yaml file = yaml[key + "_file"];
  if (yaml[key].exists() && file.exists()) {
    return yaml.error(fmt::format("{} and {}_file exclude each other", key, key));
  }
  if (file.exists()) return read_secret_file(file);
  return yaml[key].string_or("");
}

struct Address {
  std::string scheme;
  std::string authority;  // host:port, or "" for unix
  std::string path;
};

// Errors never cite the URL: it may hold a password.
Result<Address> read_url(const Yaml& yaml, std::string_view fallback_port,
                         std::initializer_list<std::string_view> schemes) {
  const std::string text = TRY(yaml.string());
  const auto wrong = [&] {
    return yaml.error(fmt::format("expected {}://...", fmt::join(schemes, ":// or ")));
  };
  const std::size_t colon = text.find("://");
  if (colon == std::string::npos) return wrong();
  Address out;
  out.scheme = text.substr(0, colon);
  if (std::ranges::find(schemes, out.scheme) == schemes.end()) return wrong();
  const std::string rest = text.substr(colon + 3);
  if (out.scheme == "unix") {
    if (rest.size() < 2 || rest[0] != '/') return yaml.error("expected unix:///absolute/path");
    out.path = rest;
    return out;
  }
  const std::size_t slash = std::min(rest.find_first_of("/?#;"), rest.size());
  out.authority = rest.substr(0, slash);
  out.path = rest.substr(slash);
  if (out.authority.contains('@')) {
    return yaml.error("user and password do not belong into a URL; give them as keys of their own");
  }
  if (out.authority.empty() || out.authority[0] == ':') return yaml.error("the host is missing");
  const std::size_t bracket = out.authority.rfind(']');
  const std::size_t port = out.authority.find(':', bracket == std::string::npos ? 0 : bracket);
  if (port == std::string::npos) {
    out.authority += fmt::format(":{}", out.scheme == "https" ? "443" : fallback_port);
  }
  return out;
}

void set_instance(Target& target, const Address& address) {
  target.instance = address.scheme == "unix" ? address.path : address.authority;
  target.id = address.scheme == "unix" ? "local" : address.authority;
}

Status read_dsn_target(const Yaml& yaml, Target& target) {
  if (!yaml["dsn"].exists()) return yaml.error("dsn is missing");
  target.dsn = TRY(yaml["dsn"].string());
  auto parts = postgresql::parse_dsn(target.dsn);
  if (!parts) return yaml["dsn"].error(parts.error().message());
  const bool socket = parts->host.empty() || parts->host[0] == '/';
  target.instance = fmt::format("{}:{}", parts->host.empty() ? "localhost" : parts->host, parts->port);
  target.id = socket ? "local" : target.instance;
  const std::string password = TRY(read_secret(yaml, "password"));
  if (password.empty()) return ok();
  if (parts->has_password) return yaml.error("the password stands in dsn and again as a key");
  target.dsn = TRY(postgresql::dsn_with_password(target.dsn, password));
  return ok();
}

Status read_postgresql(const Yaml& yaml, Target& target) {
  TRY(read_dsn_target(yaml, target));
  target.act_dsn = TRY(yaml["act_dsn"].string_or(""));
  target.act = TRY(yaml["act"].boolean_or(true));
  const std::string password = TRY(read_secret(yaml, "act_password"));
  if (!target.act_dsn.empty()) {
    if (const auto parts = postgresql::parse_dsn(target.act_dsn); !parts) {
      return yaml["act_dsn"].error(parts.error().message());
    }
    if (!password.empty()) target.act_dsn = TRY(postgresql::dsn_with_password(target.act_dsn, password));
  } else if (!password.empty()) {
    return yaml.error("act_password without act_dsn");
  }
  if (!target.act) {
    target.act_dsn.clear();
  } else if (target.act_dsn.empty()) {
    target.act_dsn = target.dsn;
  }
  return ok();
}

Status read_login(const Yaml& yaml, Target& target) {
  target.username = TRY(yaml["username"].string_or(""));
  target.password = TRY(read_secret(yaml, "password"));
  if (!target.username.empty() && target.password.empty()) return yaml.error("username without password");
  return ok();
}

Status read_redis(const Yaml& yaml, Target& target) {
  if (!yaml["url"].exists()) return yaml.error("url is missing");
  const Address address = TRY(read_url(yaml["url"], "6379", {"redis", "unix"}));
  target.url =
      address.scheme == "unix" ? "unix://" + address.path : "redis://" + address.authority + address.path;
  set_instance(target, address);
  TRY(read_login(yaml, target));
  target.act = TRY(yaml["act"].boolean_or(false));
  return ok();
}

Status read_files(const Yaml& yaml, Target& target) {
  for (const auto& [key, field] : {std::pair{"config", &target.config},
                                   {"binary", &target.binary},
                                   {"pid_file", &target.pid_file},
                                   {"log", &target.log}}) {
    const std::string name = TRY(yaml[key].string_or(""));
    if (!name.empty()) *field = yaml.resolve_file(name);
  }
  target.act = TRY(yaml["act"].boolean_or(false));
  if (target.act && target.config.empty()) return yaml.error("act: changes need config, the file to change");
  target.auth = TRY(HttpAuth::from_yaml(yaml));
  return ok();
}

Status read_nginx(const Yaml& yaml, Target& target) {
  TRY(read_files(yaml, target));
  target.id = "local";
  target.instance = "localhost";
  if (yaml["url"].exists()) {
    set_instance(target, TRY(read_url(yaml["url"], "80", {"http", "https"})));
    target.url = TRY(yaml["url"].string());
  } else if (target.log.empty()) {
    return yaml.error("url (of stub_status) or log is missing");
  }
  return ok();
}

Status read_haproxy(const Yaml& yaml, Target& target) {
  TRY(read_files(yaml, target));
  if (!yaml["url"].exists()) return yaml.error("url is missing");
  const Address address = TRY(read_url(yaml["url"], "80", {"http", "https", "unix", "tcp"}));
  target.url = TRY(yaml["url"].string());
  if (address.scheme == "tcp" && !target.url.substr(6).contains(':')) {
    return yaml["url"].error("expected tcp://host:port; a statistics socket has no usual port");
  }
  set_instance(target, address);
  return ok();
}

Status read_memcached(const Yaml& yaml, Target& target) {
  if (!yaml["url"].exists()) return yaml.error("url is missing");
  const Address address = TRY(read_url(yaml["url"], "11211", {"tcp", "unix"}));
  target.url = address.scheme + "://" + address.authority + address.path;
  set_instance(target, address);
  TRY(read_login(yaml, target));
  // The name of the login is one word of a line, the password the rest of it.
  if (target.password.empty() || (!target.username.empty() && !target.username.contains(' '))) return ok();
  return yaml.error("password needs a username of one word");
}

// The statistics are asked for in a database that PgBouncer makes up.
Status read_pgbouncer(const Yaml& yaml, Target& target) {
  TRY(read_dsn_target(yaml, target));
  const auto parts = postgresql::parse_dsn(target.dsn);
  if (parts && parts->database == "pgbouncer") return ok();
  return yaml["dsn"].error("expected dbname=pgbouncer, the console of PgBouncer");
}

Status read_kind(const Yaml& yaml, Target& target) {
  switch (target.kind) {
    case TargetKind::kPostgresql: return read_postgresql(yaml, target);
    case TargetKind::kRedis: return read_redis(yaml, target);
    case TargetKind::kNginx: return read_nginx(yaml, target);
    case TargetKind::kMemcached: return read_memcached(yaml, target);
    case TargetKind::kHaproxy: return read_haproxy(yaml, target);
    case TargetKind::kPgbouncer: return read_pgbouncer(yaml, target);
  }
  return ok();
}

Result<Target> read_target(TargetKind kind, const Yaml& yaml) {
  if (!yaml.is_map()) return yaml.error("expected a map of settings of one target");
  TRY(yaml.only_keys(keys_of(kind)));
  Target target;
  target.kind = kind;
  TRY(read_kind(yaml, target));
  if (yaml["name"].exists()) {
    target.id = TRY(yaml["name"].string());
    TRY(check_name(yaml["name"], target.id));
  } else if (!check_name(yaml, target.id)) {
    return yaml.error("the address makes no name; give one: name: main");
  }
  if (yaml["instance"].exists()) target.instance = TRY(yaml["instance"].string());
  if (target.instance.empty() || !is_valid_utf8(target.instance)) {
    return yaml.error("instance: expected a text in UTF-8");
  }
  target.interval_ms = TRY(yaml["interval"].duration_or(target.interval_ms, kTargetIntervalMinMs, kHourMs));
  return target;
}

}  // namespace

std::string_view to_string(TargetKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

Result<TargetKind> parse_target_kind(std::string_view text) {
  const auto* const found = std::ranges::find(kKinds, text);
  if (found == kKinds.end()) {
    return invalid(fmt::format("\"{}\" is no kind of target; known: {}", text, fmt::join(kKinds, ", ")));
  }
  return static_cast<TargetKind>(found - kKinds.begin());
}

std::string socket_address(std::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  return std::string(url.starts_with("unix:") ? rest : rest.substr(0, rest.find('/')));
}

Result<std::vector<Target>> read_targets(const Yaml& collectors) {
  std::vector<Target> targets;
  if (!collectors.exists()) return targets;
  if (!collectors.is_map()) return collectors.error("expected a map: postgresql, redis, nginx, ...");
  TRY(collectors.only_keys(kKinds));
  std::set<std::string> names;
  std::set<std::pair<TargetKind, std::string>> instances;
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    for (const Yaml& yaml : collectors[kKinds[kind]].list()) {
      Target target = TRY(read_target(static_cast<TargetKind>(kind), yaml));
      if (!names.insert(target.name()).second) {
        return yaml.error(fmt::format("{} is there twice; give each a name of its own", target.name()));
      }
      if (!instances.emplace(target.kind, target.instance).second) {
        return yaml.error(fmt::format(
            "instance {} is there twice: their series would be the same; set instance to tell them apart",
            target.instance));
      }
      if (targets.size() == kTargetsMax) return yaml.error(fmt::format("more than {} targets", kTargetsMax));
      targets.push_back(std::move(target));
    }
  }
  return targets;
}

}  // namespace trimtab
