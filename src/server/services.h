// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>

#include "act/change_runner.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/rejects.h"
#include "ingest/receiver.h"
#include "ledger/ledger.h"
#include "query/querier.h"
#include "rules/rule_manager.h"
#include "server/advice_schedule.h"
#include "server/analysis_schedule.h"
#include "server/brief_maker.h"
#include "server/knowledge.h"
#include "server/query_settings.h"
#include "server/router.h"
#include "store/store.h"

namespace trimtab {

// What the handlers work with. All of it outlives the HTTP server and is thread-safe.
struct Services {
  const Clock& clock;
  Logger& logger;
  Metrics& metrics;
  Rejects& rejects;
  Store& store;
  promql::Querier& querier;
  Ledger& ledger;
  Receiver& receiver;
  KnowledgeKeeper& knowledge;
  AnalysisSchedule& analysis;
  BriefMaker& briefs;
  const RuleManager& rules;
  AdviceSchedule& advice;
  act::ChangeRunner& changes;
  const QuerySettings& query;
  const std::map<std::string, std::string, std::less<>>& effective_settings;
  TimestampMs started_ms = 0;
  bool writes_wait_for_disk = false;               // durability sync: writes run on the pool
  std::function<std::string()> targets_json = {};  // "data" of /api/v1/targets
};

// Each adds the routes of one theme; src/server/api/ has a file for each. The openapi routes come last:
// they describe all that stand in the router.
void add_health_routes(http::Router& router, Services& services);
void add_write_routes(http::Router& router, Services& services);
void add_import_routes(http::Router& router, Services& services);
void add_export_routes(http::Router& router, Services& services);
void add_query_routes(http::Router& router, Services& services);
void add_series_routes(http::Router& router, Services& services);
void add_prometheus_status_routes(http::Router& router, Services& services);
void add_rules_routes(http::Router& router, Services& services);
void add_status_routes(http::Router& router, Services& services);
void add_admin_routes(http::Router& router, Services& services);
void add_findings_routes(http::Router& router, Services& services);
void add_recommendation_routes(http::Router& router, Services& services);
void add_change_routes(http::Router& router, Services& services);
void add_events_routes(http::Router& router, Services& services);
void add_brief_routes(http::Router& router, Services& services);
void add_openapi_routes(http::Router& router, Services& services);
void add_all_routes(http::Router& router, Services& services);

}  // namespace trimtab
