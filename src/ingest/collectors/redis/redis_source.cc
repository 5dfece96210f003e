// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/redis/redis_source.h"

#include <fmt/format.h>

#include "targets/redis/client.h"

namespace trimtab {
namespace {

class RedisSource final : public CollectorSource {
 public:
  RedisSource(const Target& target, const CollectorContext& context) : target_(target), context_(context) {}

  std::string_view up_metric() const override { return "redis_up"; }

  Status collect(SeriesSink& sink) override {
    if (!client_) TRY(connect());
    const redis::Reply info = TRY(client_->command({"INFO", "all"}));
    put_redis_info(info.text, sink);
    const auto slow = client_->command({"SLOWLOG", "LEN"});
    if (slow) {
      clear_problem("slow log");
      sink.gauge("redis_slowlog_length", static_cast<double>(slow->integer));
      return ok();
    }
    return settle("slow log", slow.error(), "SLOWLOG|LEN");
  }

  void disconnect() override { client_.reset(); }

  std::vector<std::string> check() override {
    std::vector<std::string> out;
    if (const Status connected = connect(); !connected) return {connected.error().message()};
    for (const auto& [command, rule] : {std::pair{"INFO", "+info"}, {"SLOWLOG", "+slowlog|len"}}) {
      const auto reply = std::string_view(command) == "INFO" ? client_->command({"INFO", "server"})
                                                             : client_->command({"SLOWLOG", "LEN"});
      if (!reply)
        out.push_back(fmt::format("{}; repair: ACL SETUSER NAME {}", reply.error().message(), rule));
    }
    if (!target_.act) return out;
    if (const auto reply = client_->command({"CONFIG", "GET", "maxmemory"}); !reply) {
      out.push_back(
          fmt::format("{}; act needs it; repair: ACL SETUSER NAME +config|get +config|set "
                      "+config|rewrite",
                      reply.error().message()));
    }
    return out;
  }

 private:
  Status connect() {
    client_ = TRY(redis::Client::open(target_, kCollectorTimeoutMs, context_.cancelled));
    return ok();
  }

  // A command that is not allowed costs only its part.
  Status settle(std::string_view part, const Error& error, std::string_view command) {
    if (error.code() != ErrorCode::kDenied && error.code() != ErrorCode::kInvalid) {
      return detail::error_of(error);
    }
    set_problem(part, fmt::format("{}; the user may not call {}", error.message(), command));
    return ok();
  }

  const Target target_;
  const CollectorContext context_;
  std::unique_ptr<redis::Client> client_;
};

}  // namespace

std::unique_ptr<CollectorSource> create_redis_source(const Target& target, const CollectorContext& context) {
  return std::make_unique<RedisSource>(target, context);
}

}  // namespace trimtab
