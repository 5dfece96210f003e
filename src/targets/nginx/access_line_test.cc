// SPDX-License-Identifier: Apache-2.0
#include "targets/nginx/access_line.h"

#include <gtest/gtest.h>

#include <string>

namespace trimtab {
namespace {

constexpr const char* kPlain =
    R"x(10.0.0.1 - bob [21/Nov/2026:10:00:00 +0000] "GET /a?b=%22 HTTP/1.1" 200 612 "-" "Mozilla/5.0 (\x22q\x22 1.5)")x";

TEST(AccessLine, both_formats_are_read) {
  const struct {
    std::string text;
    const char* method;
    int status;
    double bytes, request, upstream;
  } cases[] = {
      {kPlain, "GET", 200, 612, -1, -1},
      {std::string(kPlain) + " 0.125", "GET", 200, 612, 0.125, -1},
      {std::string(kPlain) + " 0.125 0.100", "GET", 200, 612, 0.125, 0.1},
      {std::string(kPlain) + R"( "0.125" "0.100, 0.020 : 0.005")", "GET", 200, 612, 0.125, 0.125},
      {std::string(kPlain) + R"( rt=0.125 uct="0.001" uht="0.050" urt="0.100")", "GET", 200, 612, 0.125, 0.1},
      {std::string(kPlain) + " 0.125 -", "GET", 200, 612, 0.125, -1},
      {R"(::1 - - [21/Nov/2026:10:00:00 +0000] "\x16\x03\x01" 400 150 "-" "-")", "", 400, 150, -1, -1},
      {R"(::1 - - [21/Nov/2026:10:00:00 +0000] "" 408 0 "-" "-")", "", 408, 0, -1, -1},
      {R"({"time":"x","request_method":"POST","status":201,"body_bytes_sent":7,"request_time":0.250,"upstream_response_time":"0.1, 0.1"})",
       "POST", 201, 7, 0.25, 0.2},
      {R"({"request": "GET / HTTP/1.1", "status": "304", "bytes_sent": "9", "upstream_response_time": "-"})",
       "GET", 304, 9, -1, -1},
  };
  for (const auto& one : cases) {
    const auto line = parse_access_line(one.text);
    ASSERT_TRUE(line) << one.text;
    EXPECT_EQ(line->method, one.method) << one.text;
    EXPECT_EQ(line->status, one.status) << one.text;
    EXPECT_EQ(line->bytes, one.bytes) << one.text;
    EXPECT_NEAR(line->request_seconds, one.request, 1e-9) << one.text;
    EXPECT_NEAR(line->upstream_seconds, one.upstream, 1e-9) << one.text;
  }
}

TEST(AccessLine, other_text_is_refused) {
  for (const char* text : {"", "hello", "a [b] \"GET / HTTP/1.1\" 2000 1", "a [b] \"GET / HTTP/1.1\" x 1",
                           "{}", "{\"status\":\"-\"}", "[[[[", "{\"status\"", "a [b] \"unfinished"}) {
    EXPECT_FALSE(parse_access_line(text)) << text;
  }
}

TEST(AccessLine, path_ends_before_the_question_mark) {
  const struct {
    std::string text;
    const char* path;
  } cases[] = {
      {kPlain, "/a"},
      {R"(::1 - - [21/Nov/2026:10:00:00 +0000] "GET /b/c.css HTTP/1.1" 200 150 "-" "-")", "/b/c.css"},
      {R"(::1 - - [21/Nov/2026:10:00:00 +0000] "GET /only" 200 150 "-" "-")", "/only"},
      {R"(::1 - - [21/Nov/2026:10:00:00 +0000] "OPTIONS * HTTP/1.1" 200 0 "-" "-")", ""},
      {R"(::1 - - [21/Nov/2026:10:00:00 +0000] "\x16\x03" 400 0 "-" "-")", ""},
      {R"({"request": "GET /d?e HTTP/1.1", "status": 200})", "/d"},
      {R"({"request_method": "GET", "request_uri": "/f?g", "status": 200})", "/f"},
      {R"({"request_method": "GET", "uri": "/h", "status": 200})", "/h"},
  };
  for (const auto& one : cases) {
    const auto line = parse_access_line(one.text);
    ASSERT_TRUE(line) << one.text;
    EXPECT_EQ(line->path, one.path) << one.text;
  }
}

TEST(AccessLine, upstreams_are_told_one_by_one) {
  const std::string text =
      std::string(kPlain) +
      R"( rt=0.300 uct="0.000, 0.010" urt="0.100, 0.150" ua="10.0.0.1:80, unix:/run/a b : [::1]:81" us="502, 200")";
  const auto line = parse_access_line(text);
  ASSERT_TRUE(line);
  EXPECT_EQ(line->client, "10.0.0.1");
  EXPECT_NEAR(line->request_seconds, 0.3, 1e-9);
  EXPECT_NEAR(line->upstream_seconds, 0.25, 1e-9);
  EXPECT_NEAR(line->upstream_connect_seconds, 0.01, 1e-9);
  EXPECT_TRUE(line->logs_upstream_connect);
  const auto tries = upstream_tries(*line);
  ASSERT_EQ(tries.size(), 3u);
  EXPECT_EQ(tries[0].address, "10.0.0.1:80");
  EXPECT_EQ(tries[0].status, 502);
  EXPECT_NEAR(tries[1].seconds, 0.15, 1e-9);
  EXPECT_EQ(tries[2].address, "[::1]:81");
  EXPECT_EQ(tries[2].status, 0);
  EXPECT_EQ(tries[2].seconds, -1);

  const auto json = parse_access_line(
      R"({"remote_addr":"::2","status":504,"upstream_addr":"a:1","upstream_status":"504","upstream_response_time":"60.001","upstream_connect_time":"-"})");
  ASSERT_TRUE(json);
  EXPECT_EQ(json->client, "::2");
  EXPECT_TRUE(json->logs_upstream_connect);
  EXPECT_EQ(json->upstream_connect_seconds, -1);
  EXPECT_EQ(upstream_tries(*json).at(0).status, 504);

  const std::string unasked = std::string(kPlain) + R"( rt=0.1 uct="-" urt="-" ua="-" us="-")";
  const auto none = parse_access_line(unasked);
  ASSERT_TRUE(none);
  EXPECT_TRUE(upstream_tries(*none).empty());
  EXPECT_FALSE(parse_access_line(kPlain)->logs_upstream_connect);
}

}  // namespace
}  // namespace trimtab
