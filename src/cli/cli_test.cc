// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
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
  for (const auto& words : std::vector<std::vector<const char*>>{{},
                                                                 {"bogus"},
                                                                 {"brief", "--bogus"},
                                                                 {"brief", "--format", "pdf"},
                                                                 {"inspect"},
                                                                 {"annotate"},
                                                                 {"catalog"},
                                                                 {"inspect", "a", "b"},
                                                                 {"completion", "tcsh"},
                                                                 {"help", "me"},
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
  const std::string path = testing::TempDir() + "trimtab_cli_check.yaml";
  std::ofstream(path) << "listen: x\nhost: {interval: 0s}\n";
  const Said said = run({"check", path.c_str()});
  EXPECT_EQ(said.code, kUsage);
  EXPECT_THAT(said.err, HasSubstr(":1: listen: "));
  EXPECT_THAT(said.err, HasSubstr(":2: host.interval: 0s is below the minimum of 1s"));
  std::ofstream(path) << "host: {interval: 5s}\n";
  EXPECT_EQ(run({"check", path.c_str()}).code, kOk);
  EXPECT_EQ(run({"check", path.c_str(), "--host.interval", "0s"}).code, kUsage);
}

TEST(CommandLine, beyond_loopback_without_a_token_file_does_not_start) {
  const Said said = run({"serve", "--listen", "0.0.0.0:0", "--data-dir", "/nowhere"});
  EXPECT_EQ(said.code, kFailed);
  EXPECT_THAT(said.err, HasSubstr("needs a token file"));
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

TEST(CommandLine, the_document_in_the_tree_is_current) {
  if (std::getenv("TRIMTAB_UPDATE_DOCS") != nullptr) {
    std::ofstream(std::string(TRIMTAB_SOURCE_DIR) + "/docs/cli.md") << cli_markdown();
  }
  EXPECT_EQ(tree_file("docs/cli.md"), cli_markdown()) << "run: TRIMTAB_UPDATE_DOCS=1 cli_test";
}

}  // namespace
}  // namespace trimtab::cli
