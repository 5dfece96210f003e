// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/nginx/access_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

#include "ingest/collectors/nginx/log_tail.h"

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

class LogTailTest : public testing::Test {
 protected:
  LogTailTest() : path(testing::TempDir() + "/tail_" + std::to_string(::getpid()) + ".log"), tail(path) {
    std::filesystem::remove(path);
  }
  ~LogTailTest() override {
    std::filesystem::remove(path);
    std::filesystem::remove(path + ".1");
  }
  void write(const std::string& text) { std::ofstream(path, std::ios::app) << text; }
  std::vector<std::string> poll() {
    std::vector<std::string> lines;
    const Status status = tail.poll([&](std::string_view line) { lines.emplace_back(line); });
    EXPECT_TRUE(status) << status.error().message();
    return lines;
  }
  using Lines = std::vector<std::string>;
  std::string path;
  LogTail tail;
};

TEST_F(LogTailTest, only_whole_new_lines_are_given) {
  write("old\n");
  EXPECT_EQ(poll(), Lines{});
  write("a\nb");
  EXPECT_EQ(poll(), Lines{"a"});
  write("c\n");
  EXPECT_EQ(poll(), Lines{"bc"});
}

TEST_F(LogTailTest, rotation_loses_no_line) {
  write("old\n");
  poll();
  write("last of the first\n");
  std::filesystem::rename(path, path + ".1");
  EXPECT_EQ(poll(), Lines{"last of the first"});
  write("first of the second\n");
  EXPECT_EQ(poll(), Lines{"first of the second"});
}

TEST_F(LogTailTest, a_cut_file_is_read_from_its_start) {
  write("one line that is long\n");
  poll();
  std::ofstream(path, std::ios::trunc) << "new\n";
  EXPECT_EQ(poll(), Lines{"new"});
}

TEST_F(LogTailTest, a_line_is_cut_at_its_bound) {
  write("\n");
  poll();
  write(std::string(3 * LogTail::kLineBytesMax, 'x'));
  EXPECT_EQ(poll(), Lines{});
  write("y\nz\n");
  const auto lines = poll();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].size(), LogTail::kLineBytesMax);
  EXPECT_EQ(lines[1], "z");
}

TEST(LogTail, a_missing_file_is_an_error_that_names_it) {
  LogTail tail("/nowhere/access.log");
  const Status status = tail.poll([](std::string_view) {});
  ASSERT_FALSE(status);
  EXPECT_TRUE(status.error().message().contains("/nowhere/access.log"));
}

}  // namespace
}  // namespace trimtab
