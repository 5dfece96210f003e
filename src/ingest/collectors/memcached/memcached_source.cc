// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/memcached/memcached_source.h"

#include <fmt/format.h>

#include "targets/memcached/client.h"

namespace trimtab {
namespace {

class MemcachedSource final : public CollectorSource {
 public:
  MemcachedSource(const Target& target, const CollectorContext& context)
      : target_(target), context_(context) {}

  std::string_view up_metric() const override { return "memcached_up"; }

  Status collect(SeriesSink& sink) override {
    if (!client_) TRY(connect());
    put_memcached_stats(TRY(client_->stats("")), sink);
    return ok();
  }

  Status collect_slow(SeriesSink& sink) override {
    put_memcached_slabs(TRY(client_->stats("slabs")), sink);
    put_memcached_slabs(TRY(client_->stats("items")), sink);
    put_memcached_settings(TRY(client_->stats("settings")), sink);
    return ok();
  }

  void disconnect() override { client_.reset(); }

  std::vector<std::string> check() override {
    if (const Status connected = connect(); !connected) return {with_repair(connected.error())};
    for (const char* group : {"", "slabs", "items", "settings"}) {
      if (const auto stats = client_->stats(group); !stats) return {with_repair(stats.error())};
    }
    return {};
  }

 private:
  Status connect() {
    client_ = TRY(memcached::Client::open(target_, kCollectorTimeoutMs, context_.cancelled));
    return ok();
  }

  std::string with_repair(const Error& error) const {
    if (error.code() != ErrorCode::kDenied) return error.message();
    return fmt::format("{}; repair: {}", error.message(),
                       target_.password.empty()
                           ? "give the target username and password of a line in the server's --auth-file"
                           : "add the line username:password to the server's --auth-file and send it SIGHUP");
  }

  const Target target_;
  const CollectorContext context_;
  std::unique_ptr<memcached::Client> client_;
};

}  // namespace

std::unique_ptr<CollectorSource> create_memcached_source(const Target& target,
                                                         const CollectorContext& context) {
  return std::make_unique<MemcachedSource>(target, context);
}

}  // namespace trimtab
