// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/nginx/log_tail.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <vector>

namespace trimtab {
namespace {

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
  std::ofstream(path + ".1", std::ios::app) << "by a worker that had not opened the second yet\n";
  EXPECT_EQ(poll(), Lines{"by a worker that had not opened the second yet"});
  write("next\n");
  EXPECT_EQ(poll(), Lines{"next"});
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
