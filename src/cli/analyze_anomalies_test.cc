// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "cli/verb.h"

namespace trimtab::cli {
namespace {

// One metric with a spike at row 900, in a file of its own per test.
std::string spiky_file(const std::string& name, std::size_t metrics) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / name).string();
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  std::ofstream out(path);
  out << "time";
  for (std::size_t j = 0; j < metrics; ++j) out << ",m" << j;
  out << '\n';
  for (int i = 0; i < 1000; ++i) {
    out << 1700000000 + 300 * i;
    const double load = normal(random);
    for (std::size_t j = 0; j < metrics; ++j) {
      out << ',' << 50 + load + 0.3 * normal(random) + (i >= 900 && i < 906 && j == 1 % metrics ? 40 : 0);
    }
    out << '\n';
  }
  return path;
}

struct Ran {
  int code = 0;
  std::vector<std::string> lines;
};

Ran run(const std::vector<std::string>& words) {
  std::vector<const char*> arguments = {"trimtab"};
  for (const std::string& word : words) arguments.push_back(word.c_str());
  testing::internal::CaptureStdout();
  Ran ran;
  ran.code = run_command_line(static_cast<int>(arguments.size()), arguments.data());
  std::fflush(stdout);
  std::string text = testing::internal::GetCapturedStdout();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    ran.lines.push_back(text.substr(at, end - at));
    at = end == std::string::npos ? text.size() : end + 1;
  }
  return ran;
}

TEST(AnalyzeAnomalies, one_row_out_per_row_in_and_the_spike_is_flagged) {
  for (const std::size_t metrics : {std::size_t{1}, std::size_t{3}}) {
    const std::string path = spiky_file("spiky.csv", metrics);
    const Ran ran = run({"analyze", "anomalies", path, "--format", "csv", "--train-rows", "500"});
    EXPECT_EQ(ran.code, 0);
    ASSERT_EQ(ran.lines.size(), 1001U);
    EXPECT_EQ(ran.lines[0], "time,score,is_anomaly");
    EXPECT_TRUE(ran.lines[1].starts_with("1700000000,"));
    EXPECT_TRUE(ran.lines[1 + 903].ends_with(",1")) << ran.lines[904];
    std::size_t flagged = 0;
    for (std::size_t i = 1; i <= 900; ++i) flagged += ran.lines[i].ends_with(",1") ? 1 : 0;
    EXPECT_EQ(flagged, 0U);
  }
}

TEST(AnalyzeAnomalies, is_causal_and_names_files_when_there_are_several) {
  const std::string path = spiky_file("whole.csv", 1);
  const std::string cut = (std::filesystem::path(testing::TempDir()) / "cut.csv").string();
  {
    std::ifstream in(path);
    std::ofstream out(cut);
    std::string line;
    for (int i = 0; i < 700 && std::getline(in, line); ++i) out << line << '\n';
  }
  const Ran whole = run({"analyze", "anomalies", path, "--format", "csv"});
  const Ran part = run({"analyze", "anomalies", cut, "--format", "csv"});
  ASSERT_EQ(part.lines.size(), 700U);
  for (std::size_t i = 0; i < part.lines.size(); ++i) EXPECT_EQ(part.lines[i], whole.lines[i]);
  const Ran both = run({"analyze", "anomalies", path, cut, "--format", "csv"});
  EXPECT_EQ(both.lines[0], "file,time,score,is_anomaly");
  EXPECT_EQ(both.lines.back(), cut + "," + part.lines.back());
}

TEST(AnalyzeAnomalies, training_file_of_other_metrics_is_refused) {
  const std::string one = spiky_file("one.csv", 1);
  const std::string three = spiky_file("three.csv", 3);
  testing::internal::CaptureStderr();
  EXPECT_EQ(run({"analyze", "anomalies", one, "--train", three, "--format", "csv"}).code, 2);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("3 metrics found"), std::string::npos);
}

TEST(AnalyzeSeasons, period_is_printed_in_rows) {
  const std::string path = (std::filesystem::path(testing::TempDir()) / "wave.csv").string();
  {
    std::ofstream out(path);
    for (int i = 0; i < 1200; ++i)
      out << 10 + 3 * std::sin(i * 2 * 3.14159265358979 / 24) + (i * 7919 % 13) * 0.1 << '\n';
  }
  const Ran ran = run({"analyze", "seasons", path, "--format", "csv"});
  ASSERT_GE(ran.lines.size(), 2U);
  EXPECT_EQ(ran.lines[0], "metric,period,strength");
  EXPECT_NE(ran.lines[1].find(",24,"), std::string::npos);
}

}  // namespace
}  // namespace trimtab::cli
