// SPDX-License-Identifier: Apache-2.0
#include "act/redis/redis_executor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "targets/redis/client.h"
#include "targets/redis/info_text.h"

namespace trimtab::act {

namespace {

constexpr DurationMs kTimeoutMs = 5 * kSecondMs;
constexpr std::size_t kValueBytesMax = 256;
constexpr std::array<std::string_view, 19> kSettings = {"active-defrag-cycle-max",
                                                        "active-defrag-cycle-min",
                                                        "active-expire-effort",
                                                        "activedefrag",
                                                        "appendfsync",
                                                        "hz",
                                                        "lazyfree-lazy-eviction",
                                                        "lazyfree-lazy-expire",
                                                        "lfu-decay-time",
                                                        "lfu-log-factor",
                                                        "maxclients",
                                                        "maxmemory",
                                                        "maxmemory-clients",
                                                        "maxmemory-policy",
                                                        "maxmemory-samples",
                                                        "save",
                                                        "slowlog-log-slower-than",
                                                        "tcp-keepalive",
                                                        "timeout"};

// "100mb" as CONFIG GET says it back: 104857600. k, m, g are powers of 1000 without the b, as in redis.conf.
std::string as_stored(std::string_view setting, const std::string& value) {
  if (!setting.starts_with("maxmemory") || setting == "maxmemory-policy") return value;
  std::string text = value;
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::uint64_t number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (problem != std::errc()) return value;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 8> kUnits = {{{"", 1},
                                                                                 {"b", 1},
                                                                                 {"k", 1000},
                                                                                 {"kb", 1024},
                                                                                 {"m", 1'000'000},
                                                                                 {"mb", 1024 * 1024},
                                                                                 {"g", 1'000'000'000},
                                                                                 {"gb", 1024 * 1024 * 1024}}};
  const auto found = std::ranges::find(kUnits, unit, &std::pair<std::string_view, std::uint64_t>::first);
  return found == kUnits.end() ? value : std::to_string(number * found->second);
}

struct Setting {
  std::string name;
  std::string value;
  bool persist = false;
};

Result<Setting> read_parameters(const Action& action) {
  Setting out;
  bool given = false;
  for (const auto& [name, value] : action.parameters) {
    if (name == "setting") {
      out.name = value;
    } else if (name == "value") {
      out.value = value;
      given = true;
    } else if (name == "persist") {
      if (value != "true" && value != "false") return invalid("redis.set: persist: expected true or false");
      out.persist = value == "true";
    } else {
      return invalid(fmt::format("redis.set: unknown parameter \"{}\"", name.substr(0, 64)));
    }
  }
  if (std::ranges::find(kSettings, out.name) == kSettings.end()) {
    return fail(ErrorCode::kDenied, fmt::format("redis.set: \"{}\" is not set by Trimtab; known: {}",
                                                out.name.substr(0, 64), fmt::join(kSettings, ", ")));
  }
  if (!given || out.value.size() > kValueBytesMax) {
    return invalid(fmt::format("redis.set: value: expected at most {} bytes", kValueBytesMax));
  }
  out.value = as_stored(out.name, out.value);
  return out;
}

class RedisSetter final : public Executor {
 public:
  explicit RedisSetter(RedisAccess access) : access_(std::move(access)) {}

  Status check(const Action& action) override {
    const Setting wanted = TRY(read_parameters(action));
    if (wanted.persist) TRY(has_file(action));
    // A role that may read but not set is told here: the value that is there is set once more.
    const std::string now = TRY(current(action, wanted.name));
    return set(action, wanted.name, now);
  }
  Result<std::string> capture(const Action& action) override {
    const Setting wanted = TRY(read_parameters(action));
    return current(action, wanted.name);
  }
  Status apply(const Action& action, const std::string&) override {
    const Setting wanted = TRY(read_parameters(action));
    // Once before: what cannot be written must not be set either.
    if (wanted.persist) TRY(rewrite(action));
    TRY(set(action, wanted.name, wanted.value));
    return wanted.persist ? rewrite(action) : ok();
  }
  // Also rewrites: whoever set the value may have died before it could.
  Result<bool> is_applied(const Action& action, const std::string&) override {
    const Setting wanted = TRY(read_parameters(action));
    if (TRY(current(action, wanted.name)) != wanted.value) return false;
    if (wanted.persist) TRY(rewrite(action));
    return true;
  }
  Status undo(const Action& action, const std::string& undo_state) override {
    const Setting wanted = TRY(read_parameters(action));
    TRY(set(action, wanted.name, undo_state));
    return wanted.persist ? rewrite(action) : ok();
  }
  Result<bool> is_undone(const Action& action, const std::string& undo_state) override {
    const Setting wanted = TRY(read_parameters(action));
    if (TRY(current(action, wanted.name)) != undo_state) return false;
    if (!wanted.persist) return true;
    const Status written = rewrite(action);
    // Refused to apply() too, which then has set nothing.
    if (!written && written.error().code() != ErrorCode::kDenied) return std::unexpected(written.error());
    return true;
  }

 private:
  Result<redis::Reply> ask(const Action& action, const std::vector<std::string>& words) {
    const Target target = TRY(access_(action.target));
    auto client = TRY(redis::Client::open(target, kTimeoutMs));
    return client->command(words);
  }
  Result<std::string> current(const Action& action, const std::string& name) {
    const redis::Reply reply = TRY(ask(action, {"CONFIG", "GET", name}));
    if (reply.items.size() != 2) {
      return fail(ErrorCode::kNotFound, fmt::format("{}: there is no setting \"{}\"", action.target, name));
    }
    return reply.items[1].text;
  }
  Status set(const Action& action, const std::string& name, const std::string& value) {
    TRY(ask(action, {"CONFIG", "SET", name, value}));
    return ok();
  }

  Status rewrite(const Action& action) {
    TRY(ask(action, {"CONFIG", "REWRITE"}));
    return ok();
  }
  Status has_file(const Action& action) {
    const redis::Reply info = TRY(ask(action, {"INFO", "server"}));
    std::string file;
    redis::read_info(info.text, [&](std::string_view field, std::string_view value) {
      if (field == "config_file") file = value;
    });
    if (!file.empty()) return ok();
    return invalid(
        fmt::format("{}: persist: the server was started without a configuration file", action.target));
  }

  RedisAccess access_;
};

}  // namespace

std::unique_ptr<Executor> create_redis_setter(RedisAccess access) {
  return std::make_unique<RedisSetter>(std::move(access));
}

}  // namespace trimtab::act
