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

}  // namespace
}  // namespace trimtab
