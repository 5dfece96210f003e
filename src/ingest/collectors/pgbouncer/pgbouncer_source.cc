// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/pgbouncer/pgbouncer_source.h"

#include <fmt/format.h>

namespace trimtab {
namespace {

class PgbouncerSource final : public CollectorSource {
 public:
  PgbouncerSource(const Target& target, const CollectorContext& context)
      : target_(target), context_(context) {}

  std::string_view up_metric() const override { return "pgbouncer_up"; }

  Status collect(SeriesSink& sink) override {
    if (!connection_) TRY(connect());
    for (const char* what : {"STATS_TOTALS", "POOLS", "DATABASES", "LISTS"}) TRY(show(what, sink));
    return ok();
  }

  Status collect_slow(SeriesSink& sink) override {
    for (const char* what : {"CONFIG", "VERSION"}) TRY(show(what, sink));
    return ok();
  }

  void disconnect() override { connection_.reset(); }

  std::vector<std::string> check() override {
    if (const Status connected = connect(); !connected) return {connected.error().message()};
    std::vector<std::string> out;
    for (const char* what : {"STATS_TOTALS", "POOLS", "DATABASES", "LISTS", "CONFIG", "VERSION"}) {
      if (const auto rows = ask(what); !rows) out.push_back(rows.error().message());
    }
    return out;
  }

 private:
  Status connect() {
    auto connection = postgresql::Connection::open({.dsn = target_.dsn,
                                                    .name = target_.name(),
                                                    .connect_timeout_ms = kCollectorTimeoutMs,
                                                    .statement_timeout_ms = kCollectorTimeoutMs,
                                                    .rows_max = kPgbouncerRowsMax,
                                                    .console = true,
                                                    .cancelled = context_.cancelled});
    if (!connection) {
      // The console's whole answer to a user that may not come in (src/admin.c of PgBouncer).
      if (!connection.error().message().contains("not allowed")) return detail::error_of(connection.error());
      return fail(ErrorCode::kDenied, fmt::format("{}; repair: name the user of the dsn in stats_users of "
                                                  "pgbouncer.ini, then RELOAD",
                                                  connection.error().message()));
    }
    connection_ = std::move(*connection);
    return ok();
  }

  Result<postgresql::Rows> ask(std::string_view what) {
    return connection_->query(fmt::format("SHOW {}", what));
  }

  Status show(std::string_view what, SeriesSink& sink) {
    put_pgbouncer_rows(what, TRY(ask(what)), sink);
    return ok();
  }

  const Target target_;
  const CollectorContext context_;
  std::unique_ptr<postgresql::Connection> connection_;
};

}  // namespace

std::unique_ptr<CollectorSource> create_pgbouncer_source(const Target& target,
                                                         const CollectorContext& context) {
  return std::make_unique<PgbouncerSource>(target, context);
}

}  // namespace trimtab
