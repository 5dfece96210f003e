// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/version.h"
#include "cli/completion.h"
#include "cli/exit_code.h"
#include "cli/verb.h"

namespace trimtab::cli {
namespace {

using testing::HasSubstr;

struct Said {
  int code = 0;
  std::string out;
  std::string err;
};

Said run(std::vector<const char*> words) {
  words.insert(words.begin(), "trimtab");
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Said said;
  said.code = run_command_line(static_cast<int>(words.size()), words.data());
  said.out = testing::internal::GetCapturedStdout();
  said.err = testing::internal::GetCapturedStderr();
  return said;
}

std::string tree_file(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(std::string(TRIMTAB_SOURCE_DIR) + "/" + path).rdbuf();
  return text.str();
}

TEST(CommandLine, wrong_usage_ends_with_2_and_words_on_standard_error) {
  for (const auto& words :
       std::vector<std::vector<const char*>>{{},
                                             {"bogus"},
                                             {"brief", "--bogus"},
                                             {"brief", "--format", "pdf"},
                                             {"inspect"},
                                             {"annotate"},
                                             {"catalog"},
                                             {"inspect", "a", "b"},
                                             {"completion", "tcsh"},
                                             {"help", "me"},
                                             {"query"},
                                             {"query", "up", "--format", "xml"},
                                             {"query", "up", "--at", "now", "--start", "now-1h"},
                                             {"query", "up", "--end", "now"},
                                             {"query", "up", "--start", "now", "--end", "now-1h"},
                                             {"query", "up", "--start", "now-1h", "--step", "0"},
                                             {"check", "rules"},
                                             {"export"}}) {
    const Said said = run(words);
    EXPECT_EQ(said.code, kUsage) << testing::PrintToString(words);
    EXPECT_EQ(said.out, "");
    EXPECT_THAT(said.err, HasSubstr("trimtab: "));
  }
}

TEST(CommandLine, help_of_every_verb_names_its_options) {
  for (const Verb& verb : verbs()) {
    std::vector<std::string> words;
    std::istringstream stream(verb.name);
    for (std::string word; stream >> word;) words.push_back(word);
    std::vector<const char*> arguments;
    for (const std::string& word : words) arguments.push_back(word.c_str());
    arguments.push_back("--help");
    const Said said = run(arguments);
    EXPECT_EQ(said.code, kOk) << verb.name;
    for (const OptionSpec& option : verb.options)
      EXPECT_THAT(said.out, HasSubstr("--" + option.name)) << verb.name;
  }
  EXPECT_THAT(run({"serve", "--help"}).out, HasSubstr("--store.sync-interval"));
}

TEST(CommandLine, version_is_the_projects) {
  EXPECT_EQ(run({"version"}).out, fmt::format("trimtab {}\n", kTrimtabVersion));
  EXPECT_THAT(tree_file("CMakeLists.txt"),
              HasSubstr(fmt::format("project(trimtab VERSION {} ", kTrimtabVersion)));
}

TEST(CommandLine, no_server_is_3_and_says_how_to_start_one) {
  const Said said = run({"brief", "--server", "http://127.0.0.1:1"});
  EXPECT_EQ(said.code, kUnavailable);
  EXPECT_THAT(said.err, HasSubstr("trimtab serve"));
}

TEST(CommandLine, check_tells_every_problem) {
  const std::string path = testing::TempDir() + fmt::format("trimtab_cli_check_{}.yaml", ::getpid());
  std::ofstream(path) << "listen: x\nhost: {interval: 0s}\n";
  const Said said = run({"check", path.c_str()});
  EXPECT_EQ(said.code, kUsage);
  EXPECT_THAT(said.err, HasSubstr(":1: listen: "));
  EXPECT_THAT(said.err, HasSubstr(":2: host.interval: 0s is below the minimum of 1s"));
  std::ofstream(path) << "host: {interval: 5s}\n";
  EXPECT_EQ(run({"check", path.c_str()}).code, kOk);
  EXPECT_EQ(run({"check", path.c_str(), "--host.interval", "0s"}).code, kUsage);
  std::filesystem::remove(path);
}

TEST(CommandLine, beyond_loopback_without_a_token_file_does_not_start) {
  const Said said = run({"serve", "--listen", "0.0.0.0:0", "--data-dir", "/nowhere"});
  EXPECT_EQ(said.code, kFailed);
  EXPECT_THAT(said.err, HasSubstr("needs a token file"));
}

TEST(CommandLine, check_rules_tells_file_and_line) {
  const std::string path = testing::TempDir() + fmt::format("trimtab_cli_rules_{}.yml", ::getpid());
  std::ofstream(path) << "groups:\n- name: a\n  rules:\n  - record: x\n    expr: sum(\n";
  const Said bad = run({"check", "rules", path.c_str()});
  EXPECT_EQ(bad.code, kUsage);
  EXPECT_THAT(bad.err, HasSubstr(path + ":5: groups[0].rules[0].expr: 1:5: parse error"));
  EXPECT_THAT(bad.err, HasSubstr("1 problem\n"));
  std::ofstream(path) << "groups:\n- name: a\n  rules:\n  - record: x\n    expr: sum(up)\n";
  const Said good = run({"check", "rules", path.c_str()});
  EXPECT_EQ(good.code, kOk) << good.err;
  EXPECT_EQ(good.out, path + ": 1 group, 1 rule: all is well\n");
  EXPECT_EQ(run({"check", "rules", "/nowhere/rules.yml"}).code, kFailed);
  std::filesystem::remove(path);
}

class QueryVerb : public testing::Test {
 protected:
  QueryVerb() {
    const std::string lines = directory_ + ".json";
    std::ofstream(lines)
        << R"({"metric":{"__name__":"up","job":"a,b"},"values":[1,2,3],"timestamps":[1700000000000,1700000060000,1700000120000]})"
        << "\n"
        << R"({"metric":{"__name__":"up","job":"\u001b[31mred"},"values":[9],"timestamps":[1700000120000]})"
        << "\n";
    EXPECT_EQ(run({"import", lines.c_str(), "--data-dir", directory_.c_str()}).code, kOk);
  }
  ~QueryVerb() override { std::filesystem::remove_all(directory_); }
  Said ask(std::vector<const char*> words) {
    words.insert(words.begin(), "query");
    words.insert(words.end(), {"--data-dir", directory_.c_str()});
    return run(words);
  }
  const std::string directory_ = testing::TempDir() + "trimtab_cli_query_" + std::to_string(::getpid());
};

TEST_F(QueryVerb, prints_a_data_directory_in_every_format) {
  EXPECT_EQ(ask({"up", "--at", "1700000120"}).out,
            "up{job=\"\uFFFD[31mred\"}  9\n"
            "up{job=\"a,b\"}       3\n");
  EXPECT_EQ(ask({"up{job=~\"a.*\"}", "--start", "1700000000", "--end", "1700000060", "--step", "1m",
                 "--format", "csv"})
                .out,
            "time,value,__name__,job\r\n"
            "2023-11-14T22:13:20Z,1,up,\"a,b\"\r\n"
            "2023-11-14T22:14:20Z,2,up,\"a,b\"\r\n");
  EXPECT_EQ(ask({"sum(up)", "--at", "1700000120", "--format", "json"}).out,
            "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},"
            "\"value\":[1700000120,"
            "\"12\"]}]}}\n");
  EXPECT_THAT(ask({"sum(up)", "--start", "1700000000", "--end", "1700000120", "--format", "chart"}).out,
              testing::AllOf(HasSubstr("●"), HasSubstr("2023-11-14T22:13:20Z"), HasSubstr("12")));
  EXPECT_THAT(ask({"up", "--at", "1700000120", "--format", "chart"}).out, HasSubstr("█"));
  EXPECT_EQ(ask({"1 + 1"}).out, "2\n");
  EXPECT_EQ(ask({"nothing"}).out, "no series\n");
}

TEST_F(QueryVerb, a_query_that_does_not_parse_ends_with_2_and_its_place) {
  const Said said = ask({"sum("});
  EXPECT_EQ(said.code, kUsage);
  EXPECT_THAT(said.err, HasSubstr("trimtab: 1:5: parse error"));
}

TEST(CommandLine, catalog_explains_a_metric) {
  const Said said = run({"catalog", "explain", "node_load1"});
  EXPECT_EQ(said.code, kOk);
  EXPECT_THAT(said.out, HasSubstr("infrastructure"));
  EXPECT_THAT(run({"catalog", "list"}).out, HasSubstr("node_load1"));
}

TEST(Completion, offers_every_verb_and_choice) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const std::string script = completion_script(shell);
    std::set<std::string> words;
    for (const Verb& verb : verbs()) words.insert(verb.name.substr(0, verb.name.find(' ')));
    for (const std::string& word : words) EXPECT_THAT(script, HasSubstr(word)) << shell;
    EXPECT_THAT(script, HasSubstr("developer lead head")) << shell;
  }
}

TEST(Completion, a_verb_that_is_also_a_group_offers_both) {
  const std::string script = completion_script("bash");
  EXPECT_THAT(script, HasSubstr("    check) words=\"rules --help"));
  EXPECT_THAT(script, HasSubstr("\n        rules) ["));
}

TEST(CommandLine, the_document_in_the_tree_is_current) {
  if (std::getenv("TRIMTAB_UPDATE_DOCS") != nullptr) {
    std::ofstream(std::string(TRIMTAB_SOURCE_DIR) + "/docs/cli.md") << cli_markdown();
  }
  EXPECT_EQ(tree_file("docs/cli.md"), cli_markdown()) << "run: TRIMTAB_UPDATE_DOCS=1 cli_test";
}

}  // namespace
}  // namespace trimtab::cli
