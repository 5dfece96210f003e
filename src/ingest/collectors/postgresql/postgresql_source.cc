// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/postgresql/postgresql_source.h"

#include <fmt/format.h>

#include <optional>

#include "ingest/collectors/postgresql/grants.h"
#include "ingest/collectors/postgresql/section.h"
#include "ingest/collectors/postgresql/statements.h"
#include "targets/postgresql/connection.h"

namespace trimtab {
namespace {

using postgresql::Connection;
using postgresql::Section;

constexpr int kVersionMin = 130000;
constexpr DurationMs kBloatEveryMs = 10 * kMinuteMs;
constexpr std::size_t kRowsMax = 20'000;

class PostgresqlSource final : public CollectorSource {
 public:
  PostgresqlSource(const Target& target, const CollectorContext& context)
      : target_(target), context_(context), statements_(target.name(), context.clock, context.query_texts) {}

  std::string_view up_metric() const override { return "pg_up"; }

  Status collect(SeriesSink& sink) override {
    if (!connection_) TRY(connect());
    for (const Section& section : postgresql::fast_sections()) TRY(run(section, sink));
    return settle("statements", statements_.collect(*connection_, sink));
  }

  Status collect_slow(SeriesSink& sink) override {
    TRY(learn_facts());  // a missing grant may have been given
    for (const Section& section : postgresql::slow_sections()) TRY(run(section, sink));
    TRY(estimate_bloat(sink));
    statements_.put_texts(sink);
    return ok();
  }

  void disconnect() override { connection_.reset(); }

  std::vector<std::string> check() override {
    std::vector<std::string> out;
    const std::string name = target_.name() + ": ";
    if (const Status connected = connect(); !connected) {
      out.push_back(connected.error().message());
      return out;
    }
    for (const auto& [part, sentence] : problems()) out.push_back(name + sentence);
    if (!target_.act || target_.act_dsn == target_.dsn) return out;  // nobody named a role for changes
    const auto act = open(target_.act_dsn);
    if (!act) {
      out.push_back(act.error().within("act_dsn").message());
      return out;
    }
    const auto missing = postgresql::missing_act_grants(**act);
    if (!missing) {
      out.push_back(missing.error().message());
    } else {
      for (const std::string& sentence : *missing) out.push_back(name + sentence);
    }
    return out;
  }

 private:
  Result<std::unique_ptr<Connection>> open(const std::string& dsn) const {
    return Connection::open({.dsn = dsn,
                             .name = target_.name(),
                             .read_only = true,
                             .connect_timeout_ms = kCollectorTimeoutMs,
                             .statement_timeout_ms = kCollectorTimeoutMs,
                             .lock_timeout_ms = 500,
                             .rows_max = kRowsMax,
                             .cancelled = context_.cancelled});
  }

  Status connect() {
    connection_ = TRY(open(target_.dsn));
    if (connection_->server_version() < kVersionMin) {
      const int found = connection_->server_version() / 10000;
      connection_.reset();
      return fail(ErrorCode::kVersion, fmt::format("{}: PostgreSQL {}; {} or later is needed", target_.name(),
                                                   found, kVersionMin / 10000));
    }
    return learn_facts();
  }

  Status learn_facts() {
    const auto facts = postgresql::read_facts(*connection_);
    if (!facts) return settle("grants", detail::error_of(facts.error()));
    statements_.set_place(facts->statements_loaded ? facts->statements_schema : "",
                          facts->statements_version);
    clear_problem("grants");
    if (!statements_.available()) clear_problem("statements");
    for (const auto& [part, sentence] : postgresql::missing_grants(*facts)) set_problem(part, sentence);
    if (statements_.available() && !statements_were_) clear_problem("statements");
    statements_were_ = statements_.available();
    return ok();
  }

  // A part that the server refuses costs only itself; a server that is gone ends the round.
  Status settle(std::string_view part, const Status& status) {
    if (status) {
      if (part != "statements" || statements_.available()) clear_problem(part);
      return ok();
    }
    const ErrorCode code = status.error().code();
    const bool gone = code == ErrorCode::kUnavailable || code == ErrorCode::kCancelled ||
                      (code == ErrorCode::kTimeout && connection_->sql_state().empty());
    if (gone) return status;
    set_problem(part, status.error().message());
    return ok();
  }

  Status run(const Section& section, SeriesSink& sink) {
    const int version = connection_->server_version();
    if (version < section.version_min || version >= section.version_max) return ok();
    const auto rows = connection_->query(section.sql);
    if (!rows) return settle(section.part, detail::error_of(rows.error()));
    put_rows(*rows, sink);
    return settle(section.part, ok());
  }

  // Read rarely, shown always.
  Status estimate_bloat(SeriesSink& sink) {
    const TimestampMs now = context_.clock.now_ms();
    if (now >= bloat_due_ms_) {
      auto rows = connection_->query(postgresql::bloat_section().sql);
      bloat_due_ms_ = now + kBloatEveryMs;
      TRY(settle("bloat", rows ? ok() : Status(detail::error_of(rows.error()))));
      bloat_ = rows ? std::optional(std::move(*rows)) : std::nullopt;
    }
    if (bloat_) put_rows(*bloat_, sink);
    return ok();
  }

  const Target target_;
  const CollectorContext context_;
  std::unique_ptr<Connection> connection_;
  postgresql::Statements statements_;
  bool statements_were_ = false;
  std::optional<postgresql::Rows> bloat_;
  TimestampMs bloat_due_ms_ = 0;
};

}  // namespace

std::unique_ptr<CollectorSource> create_postgresql_source(const Target& target,
                                                          const CollectorContext& context) {
  return std::make_unique<PostgresqlSource>(target, context);
}

}  // namespace trimtab
