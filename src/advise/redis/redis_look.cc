// SPDX-License-Identifier: Apache-2.0
#include "advise/redis/redis_look.h"

#include <algorithm>
#include <utility>

#include "targets/redis/info_text.h"

namespace trimtab::advise::redis {

namespace {

using trimtab::redis::Client;
using trimtab::redis::Reply;

// 0 for what is no number.
double number(std::string_view text) { return trimtab::redis::info_number(text).value_or(0); }
double part(std::string_view list, std::string_view key) {
  return trimtab::redis::info_part(list, key).value_or(0);
}

struct Known {
  std::string_view field;
  double RedisLook::* value;
  double scale = 1;
};
constexpr Known kKnown[] = {{"maxmemory", &RedisLook::max_memory},
                            {"used_memory", &RedisLook::used_memory},
                            {"used_memory_startup", &RedisLook::startup_memory},
                            {"used_memory_rss", &RedisLook::resident_memory},
                            {"total_system_memory", &RedisLook::system_memory},
                            {"keyspace_hits", &RedisLook::hits},
                            {"keyspace_misses", &RedisLook::misses},
                            {"evicted_keys", &RedisLook::evicted},
                            {"total_net_input_bytes", &RedisLook::input_bytes},
                            {"latest_fork_usec", &RedisLook::fork_seconds, 1e-6},
                            {"total_forks", &RedisLook::forks},
                            {"aof_delayed_fsync", &RedisLook::delayed_syncs}};

void read_line(std::string_view field, std::string_view value, RedisLook& look) {
  if (const auto* known = std::ranges::find(kKnown, field, &Known::field); known != std::end(kKnown)) {
    look.*(known->value) = number(value) * known->scale;
  } else if (field == "run_id") {
    look.run_id = value;
  } else if (field == "role") {
    look.is_primary = value == "master";
  } else if (field == "maxmemory_policy") {
    look.policy = value;
  } else if (field == "rdb_last_bgsave_status") {
    look.snapshot_ok = value == "ok";
  } else if (field == "aof_enabled") {
    look.append_only = value == "1";
  } else if (field == "errorstat_OOM") {
    look.out_of_memory_errors = part(value, "count");
  } else if (field == "errorstat_MISCONF") {
    look.snapshot_errors = part(value, "count");
  } else if (trimtab::redis::is_info_database(field)) {
    look.keys += part(value, "keys");
    look.keys_expiring += part(value, "expires");
  }
}

// Only of kInvalid and kDenied does the session live on.
bool is_answer(const Error& error) {
  return error.code() == ErrorCode::kInvalid || error.code() == ErrorCode::kDenied;
}

// -1 for what the server would not say.
Result<double> ask_number(Client& client, const std::vector<std::string>& words) {
  auto reply = client.command(words);
  if (!reply && !is_answer(reply.error())) return std::unexpected(reply.error());
  return reply && reply->type == Reply::Type::kInteger ? static_cast<double>(reply->integer) : -1.0;
}

}  // namespace

RedisLook read_look(std::string_view info, TimestampMs now) {
  RedisLook look;
  look.at_ms = now;
  trimtab::redis::read_info(
      info, [&](std::string_view field, std::string_view value) { read_line(field, value, look); });
  return look;
}

bool continues(const RedisLook& before, const RedisLook& after) {
  return before.run_id == after.run_id && before.max_memory == after.max_memory &&
         before.policy == after.policy && before.is_primary == after.is_primary &&
         before.at_ms <= after.at_ms && before.hits <= after.hits && before.misses <= after.misses &&
         before.evicted <= after.evicted && before.input_bytes <= after.input_bytes;
}

Result<SampledKey> sample_key(Client& client, std::string name, AskIdle idle) {
  SampledKey one{.name = std::move(name)};
  if (idle == AskIdle::kYes) one.idle_seconds = TRY(ask_number(client, {"OBJECT", "IDLETIME", one.name}));
  one.bytes = TRY(ask_number(client, {"MEMORY", "USAGE", one.name}));
  return one;
}

Result<std::vector<SampledKey>> sample_keys(Client& client, std::string& cursor, AskIdle idle) {
  std::vector<SampledKey> out;
  auto page = client.command({"SCAN", cursor, "COUNT", std::to_string(kSampleKeysMax)});
  if (!page) {
    if (is_answer(page.error())) return out;
    return std::unexpected(page.error());
  }
  if (page->items.size() != 2) return out;
  cursor = page->items[0].text;
  for (Reply& key : page->items[1].items) {
    if (out.size() == kSampleKeysMax) break;
    out.push_back(TRY(sample_key(client, std::move(key.text), idle)));
  }
  return out;
}

}  // namespace trimtab::advise::redis
