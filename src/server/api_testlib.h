// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "server/services.h"
#include "store/memory_store_testlib.h"

namespace trimtab {

inline constexpr TimestampMs kNow = 1'795'255'200'000;  // 2026-11-21T10:00:00Z

// All routes over a store in memory and a ledger in memory, called without sockets.
class ApiTest : public testing::Test {
 protected:
  ApiTest() { add_all_routes(router_, services_); }

  http::Response call(std::string_view method, std::string_view target, std::string_view body = {},
                      std::vector<std::pair<std::string_view, std::string_view>> headers = {}) {
    http::Request request;
    const std::size_t question = std::min(target.find('?'), target.size());
    request.method = method;
    request.path = target.substr(0, question);
    request.parameters = http::parse_form(target.substr(std::min(question + 1, target.size()))).value();
    request.headers = std::move(headers);
    request.body = body;
    auto match = router_.find(method, request.path);
    CHECK(match.route != nullptr, "no route {} {}", method, target);
    request.path_values = std::move(match.values);
    http::Response response = match.route->handle(request);
    bool more = static_cast<bool>(response.chunks);
    while (more) {
      std::string chunk;
      more = response.chunks(chunk).value();
      response.body += chunk;
    }
    return response;
  }
  void put(const Labels& labels, TimestampMs at, double value) {
    const SeriesId id = store_.ensure_series(labels).value();
    ASSERT_TRUE(store_.append(std::vector<Sample>{{id, at, value}}).has_value());
  }

  FakeClock clock_{kNow};
  std::unique_ptr<Logger> logger_ = create_null_logger();
  Metrics metrics_;
  Rejects rejects_{metrics_, clock_};
  MemoryStore store_;
  std::unique_ptr<promql::Querier> querier_ = promql::Querier::local(store_);
  QuerySettings query_;
  std::map<std::string, std::string, std::less<>> effective_{{"listen", "127.0.0.1:7600"},
                                                             {"query.timeout", "2m"}};
  std::unique_ptr<Ledger> ledger_ = Ledger::open(":memory:", clock_, *logger_).value();
  Receiver receiver_{store_, rejects_, clock_, metrics_};
  std::unique_ptr<KnowledgeKeeper> knowledge_ = KnowledgeKeeper::open("", {}).value();
  AnalysisSchedule analysis_{store_, *querier_, *ledger_, *knowledge_, clock_, metrics_, *logger_, {}};
  BriefMaker briefs_{store_, *ledger_, *knowledge_, analysis_, clock_};
  RuleManager rules_{RuleServices{*querier_, store_, *ledger_, clock_, metrics_, *logger_, {}, {}}, {}};
  AdviceSchedule advice_{{}, *querier_, *ledger_, *knowledge_, clock_, metrics_, *logger_, 0};
  act::Executors executors_;
  act::ChangeRunner changes_{act::ChangeRunner::Parts{.ledger = *ledger_,
                                                      .querier = *querier_,
                                                      .executors = executors_,
                                                      .policy = {},
                                                      .clock = clock_,
                                                      .metrics = metrics_,
                                                      .logger = *logger_,
                                                      .node = "test"}};
  Services services_{.clock = clock_,
                     .logger = *logger_,
                     .metrics = metrics_,
                     .rejects = rejects_,
                     .store = store_,
                     .querier = *querier_,
                     .ledger = *ledger_,
                     .receiver = receiver_,
                     .knowledge = *knowledge_,
                     .analysis = analysis_,
                     .briefs = briefs_,
                     .rules = rules_,
                     .advice = advice_,
                     .changes = changes_,
                     .query = query_,
                     .effective_settings = effective_,
                     .started_ms = kNow};
  http::Router router_;
};

}  // namespace trimtab
