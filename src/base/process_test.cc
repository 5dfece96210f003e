// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

namespace trimtab {
namespace {

ProcessResult run(ProcessOptions options) {
  const auto result = run_process(options);
  EXPECT_TRUE(result) << result.error().message();
  return result.value_or(ProcessResult{});
}

TEST(Process, gives_exit_code_and_output) {
  const ProcessResult result = run({.command = {"sh", "-c", "echo out; echo err >&2; exit 3"}});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(result.output, "out\nerr\n");
}

TEST(Process, arguments_meet_no_shell) {
  EXPECT_EQ(run({.command = {"printf", "%s", "$(id); `id` ; > x"}}).output, "$(id); `id` ; > x");
}

TEST(Process, input_of_any_size_is_given_and_output_is_bounded) {
  ProcessOptions options{.command = {"cat"}};
  options.input.assign(300'000, 'x');
  options.output_bytes_max = 1000;
  const ProcessResult result = run(options);
  EXPECT_EQ(result.output.size(), 1000U);
  EXPECT_TRUE(result.output_cut);
}

TEST(Process, a_child_that_reads_nothing_is_no_trouble) {
  ProcessOptions options{.command = {"true"}};
  options.input.assign(1'000'000, 'x');
  EXPECT_EQ(run(options).exit_code, 0);
}

TEST(Process, the_environment_is_not_inherited) {
  setenv("TRIMTAB_PROCESS_TEST_SECRET", "hunter2", 1);
  EXPECT_EQ(run({.command = {"env"}}).output.find("hunter2"), std::string::npos);
}

TEST(Process, errors_say_why_nothing_ran) {
  EXPECT_EQ(run_process({.command = {"/no/such/program"}}).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(run_process({.command = {TRIMTAB_SOURCE_DIR "/README.md"}}).error().code(), ErrorCode::kDenied);
  EXPECT_EQ(run_process({.command = {}}).error().code(), ErrorCode::kInvalid);
}

TEST(Process, time_out_kills_children_of_the_child_too) {
  const auto result = run_process({.command = {"sh", "-c", "sleep 1000 & sleep 1000"}, .timeout_ms = 100});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kTimeout);
}

TEST(Process, a_child_that_closed_its_output_is_timed_too) {
  const auto result = run_process({.command = {"sh", "-c", "exec sleep 1000 >&- 2>&-"}, .timeout_ms = 100});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kTimeout);
}

TEST(Process, errors_can_be_kept_apart) {
  const ProcessResult result = run({.command = {"sh", "-c", "echo out; echo err >&2"}, .errors_apart = true});
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.errors, "err\n");
}

TEST(Process, one_descriptor_can_be_given_and_no_other_is) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);  // without O_CLOEXEC
  const std::string names = "ls /proc/self/fd | wc -l";
  const int usual = std::stoi(run({.command = {"sh", "-c", names}}).output);
  EXPECT_EQ(std::stoi(run({.command = {"sh", "-c", names}, .descriptor = ends[1]}).output), usual + 1);
  EXPECT_EQ(run({.command = {"sh", "-c", "echo there >&3"}, .descriptor = ends[1]}).exit_code, 0);
  std::array<char, 8> got{};
  EXPECT_EQ(read(ends[0], got.data(), got.size()), 6);
  EXPECT_NE(run({.command = {"sh", "-c", "echo there >&3"}}).exit_code, 0);
  EXPECT_NE(run({.command = {"sh", "-c", fmt::format("echo there >&{}", ends[1])}}).exit_code, 0);
  close(ends[0]);
  close(ends[1]);
}

TEST(Process, a_flag_ends_it) {
  const std::atomic<bool> cancelled{true};
  const auto result = run_process({.command = {"sleep", "1000"}, .cancelled = &cancelled});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::kCancelled);
}

TEST(Process, a_signal_is_told_as_shells_do) {
  EXPECT_EQ(run({.command = {"sh", "-c", "kill -9 $$"}}).exit_code, 137);
}

}  // namespace
}  // namespace trimtab
