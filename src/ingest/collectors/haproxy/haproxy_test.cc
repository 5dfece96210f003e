// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "ingest/collectors/haproxy/haproxy_source.h"
#include "ingest/collectors/sink_fixture_testlib.h"

namespace trimtab {
namespace {

constexpr std::string_view kHeader =
    "# "
    "pxname,svname,qcur,scur,stot,status,type,check_status,check_duration,hrsp_5xx,rtime,last_chk,req_tot,\n";

class HaproxyTest : public SinkFixture {
 protected:
  HaproxyTest() : SinkFixture("haproxy") {}
  Result<HaproxyCsvTally> put(const std::string& csv) {
    sink.begin(1'700'000'000'000);
    auto tally = put_haproxy_stat(csv, sink);
    EXPECT_TRUE(sink.commit());
    return tally;
  }
};

TEST_F(HaproxyTest, columns_get_the_names_of_haproxys_own_page) {
  const auto tally = put(std::string(kHeader) +
                         "web,FRONTEND,,3,10,OPEN,0,,,2,,,9,\n"
                         "web,sock-1,,3,10,OPEN,3,,,,,,,\n"
                         "app,s1,1,2,6,UP 1/3,2,* L7OK,1500,1,250,\"said \"\"hi\"\", then left\",,\n"
                         "app,s2,0,0,4,DOWN,2,L4CON,0,1,12,,,\n"
                         "app,s3,0,0,0,no check,2,,,0,0,,,\n"
                         "app,BACKEND,1,2,10,UP,1,,,2,120,,10,\n");
  ASSERT_TRUE(tally) << tally.error().message();
  EXPECT_EQ(tally->rows, 5u);
  EXPECT_EQ(tally->malformed, 0u);
  const std::pair<const char*, double> cases[] = {
      {"haproxy_frontend_current_sessions{proxy=\"web\"}", 3},
      {"haproxy_frontend_http_requests_total{proxy=\"web\"}", 9},
      {"haproxy_frontend_http_responses_total{proxy=\"web\",code=\"5xx\"}", 2},
      {"haproxy_frontend_status{proxy=\"web\",state=\"UP\"}", 1},
      {"haproxy_frontend_status{proxy=\"web\",state=\"DOWN\"}", 0},
      {"haproxy_server_current_queue{proxy=\"app\",server=\"s1\"}", 1},
      {"haproxy_server_status{proxy=\"app\",server=\"s1\",state=\"UP\"}", 1},
      {"haproxy_server_status{proxy=\"app\",server=\"s2\",state=\"DOWN\"}", 1},
      {"haproxy_server_status{proxy=\"app\",server=\"s2\",state=\"UP\"}", 0},
      {"haproxy_server_status{proxy=\"app\",server=\"s3\",state=\"UP\"}", 1},
      {"haproxy_server_check_status{proxy=\"app\",server=\"s1\",state=\"L7OK\"}", 1},
      {"haproxy_server_check_duration_seconds{proxy=\"app\",server=\"s1\"}", 1.5},
      {"haproxy_server_response_time_average_seconds{proxy=\"app\",server=\"s1\"}", 0.25},
      {"haproxy_backend_response_time_average_seconds{proxy=\"app\"}", 0.12},
      {"haproxy_backend_sessions_total{proxy=\"app\"}", 10},
      {"haproxy_backend_agg_server_status{proxy=\"app\",state=\"UP\"}", 2},
      {"haproxy_backend_agg_server_status{proxy=\"app\",state=\"DOWN\"}", 1},
      {"haproxy_backend_agg_server_status{proxy=\"app\",state=\"MAINT\"}", 0},
  };
  for (const auto& [selector, expected] : cases) EXPECT_NEAR(value(selector), expected, 1e-12) << selector;
  EXPECT_EQ(store.metadata().at("haproxy_backend_sessions_total").type, MetricType::kCounter);
  // A listener is no frontend, and a server has no count of requests.
  EXPECT_EQ(value("haproxy_server_http_requests_total"), -1);
}

TEST_F(HaproxyTest, lines_that_are_no_rows_are_counted_and_cost_no_other) {
  const auto tally = put(std::string(kHeader) +
                         "web,FRONTEND,,3,10,OPEN,0,,,2,,,9,\n"
                         "app,s1,1,2\n"
                         "app,s2,0,0,4,DOWN,2,L4CON,0,1,12,\"open,,\n"
                         "app,s3,0,0,4,DOWN,9,L4CON,0,1,12,,,\n"
                         ",FRONTEND,,3,10,OPEN,0,,,2,,,9,\n"
                         "app,BACKEND,x,nan,inf,UP,1,,,1e999,120,,10,\n"
                         "app,s4,0,0,4,DO");
  ASSERT_TRUE(tally);
  EXPECT_EQ(tally->rows, 2u);
  EXPECT_EQ(tally->malformed, 5u);
  EXPECT_EQ(value("haproxy_frontend_current_sessions"), 3);
  EXPECT_EQ(value("haproxy_backend_current_queue"), -1);
  EXPECT_EQ(value("haproxy_backend_http_requests_total"), 10);
}

TEST_F(HaproxyTest, names_that_are_no_text_are_counted_as_rejected) {
  ASSERT_TRUE(put(std::string(kHeader) +
                  "w\xff,FRONTEND,,3,10,OPEN,0,,,2,,,9,\nweb,FRONTEND,,3,10,OPEN,0,,,2,,,9,\n"));
  EXPECT_EQ(value("haproxy_frontend_current_sessions"), 3);
  EXPECT_GT(rejects.count(RejectReason::kInvalidLabels), 0u);
}

TEST_F(HaproxyTest, other_answers_are_refused_and_rows_are_bounded) {
  for (const char* text :
       {"", "Permission denied\n", "<html>", "pxname,svname\n", "# pxname,svname,qcur,\n"}) {
    const auto tally = put(text);
    ASSERT_FALSE(tally) << text;
    EXPECT_EQ(tally.error().code(), ErrorCode::kInvalid) << text;
  }
  std::string columns = "# pxname,svname,";
  for (std::size_t i = 0; i < kHaproxyColumnsMax; ++i) columns += "c,";
  EXPECT_FALSE(put(columns + "\n"));
  std::string many(kHeader);
  for (std::size_t i = 0; i <= kHaproxyRowsMax; ++i) many += "web,FRONTEND,,3,10,OPEN,0,,,2,,,9,\n";
  EXPECT_EQ(put(many).error().code(), ErrorCode::kLimit);
}

TEST_F(HaproxyTest, an_answer_of_haproxy_2_6_is_read_whole) {
  std::ifstream in(TRIMTAB_SOURCE_DIR "/tests/corpus/haproxy_csv/haproxy_2_6.csv");
  const std::string csv{std::istreambuf_iterator<char>(in), {}};
  const auto tally = put(csv);
  ASSERT_TRUE(tally) << tally.error().message();
  EXPECT_EQ(tally->rows, 5u);
  EXPECT_EQ(tally->malformed, 0u);
  EXPECT_EQ(value("haproxy_frontend_bytes_in_total{proxy=\"web\"}"), 82);
  EXPECT_EQ(value("haproxy_server_check_status{server=\"s2\",state=\"L4CON\"}"), 1);
}

TEST_F(HaproxyTest, lines_about_the_process_get_their_names) {
  sink.begin(1'700'000'000'000);
  put_haproxy_info(
      "Name: HAProxy\nVersion: 2.6.12\nMaxconn: 100\nCurrConns: 7\nCumReq: 44\nIdle_pct: 98\nUnstoppable "
      "Jobs: 2\n"
      "TotalSplicdedBytesOut: 5\nPoolFailed: many\nNonsense\n: \nUlimit-n: 231",
      sink);
  ASSERT_TRUE(sink.commit());
  const std::pair<const char*, double> cases[] = {{"haproxy_process_max_connections", 100},
                                                  {"haproxy_process_current_connections", 7},
                                                  {"haproxy_process_requests_total", 44},
                                                  {"haproxy_process_idle_time_percent", 98},
                                                  {"haproxy_process_unstoppable_jobs", 2},
                                                  {"haproxy_process_spliced_bytes_out_total", 5},
                                                  {"haproxy_process_max_fds", 231},
                                                  {"haproxy_process_pool_failures_total", -1},
                                                  {"haproxy_process_build_info{version=\"2.6.12\"}", 1}};
  for (const auto& [selector, expected] : cases) EXPECT_EQ(value(selector), expected) << selector;
}

}  // namespace
}  // namespace trimtab
