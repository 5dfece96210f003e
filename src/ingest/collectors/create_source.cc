// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/collector_source.h"
#include "ingest/collectors/nginx/nginx_source.h"
#include "ingest/collectors/postgresql/postgresql_source.h"
#include "ingest/collectors/redis/redis_source.h"

namespace trimtab {
namespace {

// Says so every round: a configured target must not look watched when it is not.
class UnsupportedSource final : public CollectorSource {
 public:
  explicit UnsupportedSource(const Target& target) : name_(target.name()) {}
  std::string_view up_metric() const override { return "up"; }
  Status collect(SeriesSink&) override {
    return fail(ErrorCode::kUnsupported, name_ + ": this kind can not be collected from yet");
  }
  std::vector<std::string> check() override { return {name_ + ": this kind can not be collected from yet"}; }

 private:
  const std::string name_;
};

}  // namespace

std::unique_ptr<CollectorSource> create_collector_source(const Target& target,
                                                         const CollectorContext& context) {
  switch (target.kind) {
    case TargetKind::kPostgresql: return create_postgresql_source(target, context);
    case TargetKind::kRedis: return create_redis_source(target, context);
    case TargetKind::kNginx: return create_nginx_source(target, context);
    case TargetKind::kMemcached:
    case TargetKind::kHaproxy:
    case TargetKind::kPgbouncer: break;
  }
  return std::make_unique<UnsupportedSource>(target);
}

}  // namespace trimtab
