// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

#include "cli/exit_code.h"
#include "cli/verb.h"

namespace trimtab::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class Analyze : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::path(testing::TempDir()) /
                 (std::string("analyze_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  // "time,value" rows: a level with noise, a step at `at`.
  std::string file(const std::string& name, std::size_t count, std::size_t at, double step, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    const std::string path = (directory_ / name).string();
    std::ofstream out(path);
    out << "time,value\n";
    for (std::size_t i = 0; i < count; ++i)
      out << "t" << i << ',' << 100 + normal(random) + (i >= at ? step : 0) << '\n';
    return path;
  }

  int run(std::vector<std::string> words) {
    words.insert(words.begin(), {"trimtab", "analyze"});
    std::vector<const char*> pointers;
    for (const std::string& word : words) pointers.push_back(word.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run_command_line(static_cast<int>(pointers.size()), pointers.data());
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return code;
  }
  std::size_t lines() const { return static_cast<std::size_t>(std::count(out_.begin(), out_.end(), '\n')); }

  std::filesystem::path directory_;
  std::string out_, err_;
};

TEST_F(Analyze, changes_gives_a_row_per_change) {
  const std::string path = file("a.csv", 200, 120, 8, 1);
  ASSERT_EQ(run({"changes", path, "--format", "csv"}), kOk) << err_;
  EXPECT_THAT(out_, StartsWith("index,time,direction,before,after,effect,p_value\n120,t120,up,"));
  EXPECT_EQ(lines(), 2u);
  ASSERT_EQ(run({"changes", path, path, "--format", "csv"}), kOk);
  EXPECT_THAT(out_, StartsWith("file,index,time,"));
  EXPECT_THAT(out_, HasSubstr(path + ",120,t120,up,"));
  ASSERT_EQ(run({"changes", path, "--format", "json"}), kOk);
  EXPECT_THAT(out_, StartsWith("{\"index\":120,\"time\":\"t120\",\"direction\":\"up\",\"before\":"));
  ASSERT_EQ(run({"changes", path}), kOk);
  EXPECT_THAT(out_, HasSubstr("200 rows, 1 change."));
  EXPECT_THAT(out_, HasSubstr("new level"));
}

TEST_F(Analyze, pages_are_whole_and_escape_names) {
  const std::string path = file("<b>.csv", 100, 50, 9, 1);
  ASSERT_EQ(run({"changes", path, "--html"}), kOk);
  EXPECT_THAT(out_, StartsWith("<!doctype html>"));
  EXPECT_THAT(out_, testing::EndsWith("</html>\n"));
  EXPECT_THAT(out_, HasSubstr("<svg"));
  EXPECT_THAT(out_, testing::Not(HasSubstr("<b>")));
  ASSERT_EQ(run({"forecast", path, "--horizon", "5", "--html"}), kOk);
  EXPECT_THAT(out_, HasSubstr("class=\"band\""));
}

TEST_F(Analyze, forecast_gives_a_row_per_step_and_the_levels_asked_for) {
  const std::string path = file("a.csv", 200, 999, 0, 2);
  ASSERT_EQ(run({"forecast", path, "--horizon", "12", "--format", "csv"}), kOk) << err_;
  EXPECT_THAT(out_, StartsWith("step,mean,lo80,hi80,lo95,hi95\n1,"));
  EXPECT_EQ(lines(), 13u);
  ASSERT_EQ(
      run({"forecast", path, "--horizon", "2", "--levels", "50,99.5", "--season", "24", "--format", "csv"}),
      kOk);
  EXPECT_THAT(out_, StartsWith("step,mean,lo50,hi50,lo99.5,hi99.5\n"));
  EXPECT_EQ(run({"forecast", path, "--horizon", "0"}), kUsage);
  EXPECT_EQ(run({"forecast", path, "--levels", "80,x"}), kUsage);
  EXPECT_THAT(err_, HasSubstr("\"x\" is no percentage"));
}

TEST_F(Analyze, a_driver_with_a_stated_future_leads_the_forecast) {
  std::mt19937 random(7);
  std::normal_distribution<double> normal;
  const auto write = [&](const char* name, std::size_t future, double missing_at) {
    const std::string path = (directory_ / name).string();
    std::ofstream out(path);
    out << "time,cpu,users\n";
    double users = 100;
    for (int i = 0; i < 300; ++i) {
      users += 5 * normal(random);
      out << 't' << i << ',' << 20 + 2 * users + normal(random) << ',' << users << '\n';
    }
    for (std::size_t h = 0; h < future; ++h) {
      out << 't' << 300 + h << ",,";
      if (static_cast<double>(h) != missing_at) out << 500;
      out << '\n';
    }
    return path;
  };
  const std::string path = write("driven.csv", 6, -1);
  ASSERT_EQ(run({"forecast", path, "--driver", "users", "--horizon", "6", "--format", "csv"}), kOk) << err_;
  EXPECT_THAT(err_, HasSubstr("Driver users: 2"));
  const std::string first = out_.substr(out_.find("\n1,") + 3);
  EXPECT_NEAR(std::stod(first), 1020, 20);
  ASSERT_EQ(run({"forecast", path, "--driver", "users", "--horizon", "6"}), kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("300 rows, "));
  EXPECT_THAT(out_, HasSubstr("Driver users: 2"));

  EXPECT_EQ(run({"forecast", path, "--driver", "users", "--horizon", "7"}), kUsage);
  EXPECT_THAT(err_, HasSubstr("has 6 rows after the last value of cpu, --horizon 7 needs as many"));
  EXPECT_EQ(run({"forecast", path, "--driver", "none", "--horizon", "6"}), kUsage);
  EXPECT_EQ(run({"forecast", path, "--driver", "users", "--column", "users", "--horizon", "6"}), kUsage);
  EXPECT_THAT(err_, HasSubstr("another column than its driver"));
  EXPECT_EQ(run({"forecast", write("gap.csv", 6, 2), "--driver", "users", "--horizon", "6"}), kUsage);
  EXPECT_THAT(err_, HasSubstr("at t302 (step 3 of 6)"));
}

TEST_F(Analyze, compare_tells_a_shift_from_none) {
  const std::string before = file("b.csv", 150, 999, 0, 3), same = file("s.csv", 150, 999, 0, 4),
                    higher = file("h.csv", 150, 0, 2, 5);
  ASSERT_EQ(run({"compare", before, higher, "--format", "csv"}), kOk) << err_;
  EXPECT_THAT(
      out_, StartsWith(
                "metric,verdict,effect,low,high,p_value,detectable,before,after,superiority\nvalue,higher,"));
  ASSERT_EQ(run({"compare", before, same, "--format", "csv"}), kOk);
  EXPECT_THAT(out_, HasSubstr("value,no difference shown,"));
  ASSERT_EQ(run({"compare", before, higher}), kOk);
  EXPECT_THAT(out_, HasSubstr("minimum detectable effect"));
  EXPECT_EQ(run({"compare", before}), kUsage);
  EXPECT_EQ(run({"compare", before, (directory_ / "none.csv").string()}), kFailed);
}

TEST_F(Analyze, a_level_that_moved_from_one_file_to_another_is_told) {
  const std::string fell = file("fell.csv", 200, 120, -9, 1), rose = file("rose.csv", 200, 120, 9, 2);
  ASSERT_EQ(run({"changes", fell, rose}), kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("moved to " + rose));
  EXPECT_THAT(out_, HasSubstr("moved from " + fell));
  EXPECT_THAT(out_, HasSubstr("E-divisive agrees"));
  EXPECT_EQ(run({"changes", fell, "--false-discovery", "1"}), kUsage);
}

TEST_F(Analyze, compare_tells_quantiles_and_what_controls_say) {
  const auto pair_file = [&](const char* name, double effect, unsigned seed) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal;
    const std::string path = (directory_ / name).string();
    std::ofstream out(path);
    out << "treated,other\n";
    double level = 0;
    for (int i = 0; i < 200; ++i) {
      level = 0.9 * level + normal(random);
      out << 50 + level + 0.2 * normal(random) + effect << ',' << 10 + level << '\n';
    }
    return path;
  };
  const std::string before = pair_file("b.csv", 0, 1), after = pair_file("a.csv", 3, 2);
  ASSERT_EQ(run({"compare", before, after, "--controls", "other"}), kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("Against its controls (100 % other): effect "));
  EXPECT_THAT(out_, HasSubstr("p99"));
  EXPECT_EQ(run({"compare", before, after, "--controls", "none"}), kUsage);
}

TEST_F(Analyze, files_without_anything_to_find_are_no_error) {
  const std::string one = (directory_ / "one.csv").string();
  std::ofstream(one) << "value\n5\n";
  EXPECT_EQ(run({"changes", one}), kOk) << err_;
  EXPECT_EQ(run({"forecast", one}), kOk) << err_;
  EXPECT_EQ(run({"compare", one, one}), kOk) << err_;
  EXPECT_THAT(out_, HasSubstr("too few values"));
  std::ofstream(one) << "value\n\nnan\n\n";
  EXPECT_EQ(run({"changes", one}), kOk) << err_;
  EXPECT_EQ(run({"forecast", one}), kOk) << err_;
}

}  // namespace
}  // namespace trimtab::cli
