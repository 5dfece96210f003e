// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/collector_source.h"
#include "ingest/collectors/haproxy/haproxy_source.h"
#include "ingest/collectors/memcached/memcached_source.h"
#include "ingest/collectors/nginx/nginx_source.h"
#include "ingest/collectors/pgbouncer/pgbouncer_source.h"
#include "ingest/collectors/postgresql/postgresql_source.h"
#include "ingest/collectors/redis/redis_source.h"

namespace trimtab {

std::unique_ptr<CollectorSource> create_collector_source(const Target& target,
                                                         const CollectorContext& context) {
  switch (target.kind) {
    case TargetKind::kPostgresql: return create_postgresql_source(target, context);
    case TargetKind::kRedis: return create_redis_source(target, context);
    case TargetKind::kNginx: return create_nginx_source(target, context);
    case TargetKind::kMemcached: return create_memcached_source(target, context);
    case TargetKind::kHaproxy: return create_haproxy_source(target, context);
    case TargetKind::kPgbouncer: return create_pgbouncer_source(target, context);
  }
  return nullptr;
}

}  // namespace trimtab
