// SPDX-License-Identifier: Apache-2.0
#include "server/configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "server/configuration_check.h"
#include "server/settings.h"

namespace trimtab {
namespace {

using testing::HasSubstr;

std::vector<std::string> problems_of(std::string_view yaml) {
  std::vector<Error> problems;
  load_configuration_text(yaml, "t.yaml", problems);
  std::vector<std::string> out;
  for (const Error& problem : problems) out.push_back(problem.message());
  return out;
}

TEST(Configuration, every_setting_is_shown_as_it_is_in_force) {
  std::vector<Error> problems;
  const Configuration configuration = load_configuration_text(
      "query: {timeout: 20s}\nallowed_hosts: [a, b]\nhost: {enabled: false}\n", "t", problems);
  ASSERT_TRUE(problems.empty());
  EXPECT_EQ(configuration.effective.size(), settings().size());
  EXPECT_EQ(configuration.effective.at("query.timeout"), "20s");
  EXPECT_EQ(configuration.effective.at("query.lookback"), "5m");
  EXPECT_EQ(configuration.effective.at("allowed_hosts"), "a,b");
  EXPECT_EQ(configuration.effective.at("host.enabled"), "false");
}

TEST(Configuration, every_default_is_valid_and_inside_its_bounds) {
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(parse_setting(setting, setting.fallback).has_value()) << setting.name;
    EXPECT_FALSE(setting.sentence.empty()) << setting.name;
    EXPECT_NE(setting.assign, nullptr) << setting.name;
  }
  EXPECT_TRUE(problems_of("").empty());
}

TEST(Configuration, names_environment_and_flags_are_unique) {
  std::set<std::string> names;
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(names.insert(environment_name(setting)).second) << setting.name;
    EXPECT_TRUE(names.insert(flag_name(setting)).second) << setting.name;
  }
}

TEST(Configuration, errors_say_where_what_and_what_is_allowed) {
  const std::pair<const char*, const char*> cases[] = {
      {"listen: here",
       "t.yaml:1: listen: \"here\" is not an address to listen on: the port is missing; write host:port, "
       "such as 127.0.0.1:7600"},
      {"store:\n  sync_interval: 5x", "t.yaml:2: store.sync_interval: "},
      {"store:\n  sync_interval: 5ms", "t.yaml:2: store.sync_interval: 5ms is below the minimum of 10ms"},
      {"store:\n  sync_interval: 1m", "t.yaml:2: store.sync_interval: 1m is above the maximum of 10s"},
      {"store: {durability: maybe}", "t.yaml:1: store.durability: \"maybe\" is not one of commit, sync"},
      {"store: {series_max: many}", "t.yaml:1: store.series_max: \"many\" is not a whole number"},
      {"store: {cache_bytes: 1KiB}", "t.yaml:1: store.cache_bytes: 1KiB is below the minimum of 8MiB"},
      {"host: {enabled: perhaps}", "t.yaml:1: host.enabled: \"perhaps\" is neither true nor false"},
      {"analysis: {false_alarms_per_day: nan}",
       "t.yaml:1: analysis.false_alarms_per_day: \"nan\" is not a number"},
      {"analysis: {false_alarms_per_day: 0}",
       "t.yaml:1: analysis.false_alarms_per_day: 0 is below the minimum of 0.001"},
      {"lisen: x", "t.yaml:1: lisen: unknown setting; did you mean \"listen\"?"},
      {"store: {durabilty: sync}",
       "t.yaml:1: store.durabilty: unknown setting; did you mean \"durability\"?"},
      {"store: 7", "t.yaml:1: store: expected a map of settings"},
      {"listen: [a, b]", "t.yaml:1: listen: expected one value, found a list or map"},
      {"tls: {cert_file: a.pem}", "tls.cert_file and tls.key_file belong together; one is missing"},
      {"- a\n- b", "t.yaml:1: expected a map of settings"},
      {"a: [", "t.yaml:1:1: end of sequence flow not found"},
  };
  for (const auto& [yaml, message] : cases) {
    const auto problems = problems_of(yaml);
    ASSERT_EQ(problems.size(), 1u) << yaml << ": " << testing::PrintToString(problems);
    EXPECT_THAT(problems[0], HasSubstr(message)) << yaml;
  }
}

TEST(Configuration, all_problems_are_told_at_once) {
  EXPECT_EQ(problems_of("listen: x\nstore:\n  durability: y\nfoo: 1\n").size(), 3u);
}

class ConfigurationFile : public testing::Test {
 protected:
  ConfigurationFile()
      : path_(testing::TempDir() + "trimtab_configuration_" + std::to_string(::getpid()) + ".yaml") {}
  ~ConfigurationFile() override { std::filesystem::remove(path_); }
  Result<Configuration> load(std::string_view yaml,
                             std::map<std::string, std::string, std::less<>> flags = {},
                             std::map<std::string, std::string> environment = {}) {
    std::ofstream(path_) << yaml;
    ConfigurationSources sources;
    sources.file = path_;
    sources.flags = std::move(flags);
    sources.environment = [environment](const std::string& name) -> std::optional<std::string> {
      const auto it = environment.find(name);
      return it == environment.end() ? std::nullopt : std::optional<std::string>(it->second);
    };
    return load_configuration(sources);
  }
  std::string path_;
};

TEST_F(ConfigurationFile, flag_wins_over_environment_over_file_over_default) {
  const char* yaml = "host: {interval: 7s}\n";
  EXPECT_EQ(load("")->host_interval_ms, 5000);
  EXPECT_EQ(load(yaml)->host_interval_ms, 7000);
  EXPECT_EQ(load(yaml, {}, {{"TRIMTAB_HOST_INTERVAL", "8s"}})->host_interval_ms, 8000);
  EXPECT_EQ(load(yaml, {{"host.interval", "9s"}}, {{"TRIMTAB_HOST_INTERVAL", "8s"}})->host_interval_ms, 9000);
}

TEST_F(ConfigurationFile, errors_name_the_source_of_the_value) {
  EXPECT_EQ(load("", {{"host.interval", "9"}}).error().message().find("--host.interval: "), 0u);
  EXPECT_EQ(load("", {}, {{"TRIMTAB_HOST_INTERVAL", "9"}}).error().message().find("TRIMTAB_HOST_INTERVAL: "),
            0u);
}

TEST_F(ConfigurationFile, values_reach_their_place) {
  const auto c = load(
      "listen: '[::1]:80'\nstore: {durability: sync, retention_age: 1y, free_bytes_min: 1GiB}\n"
      "allowed_hosts: [a, b]\nanalysis: {false_alarms_per_day: 2.5}\nlog: {level: error, format: json}\n");
  ASSERT_TRUE(c.has_value()) << c.error().message();
  EXPECT_EQ(c->http.listen.to_string(), "[::1]:80");
  EXPECT_EQ(c->store.durability, Durability::kSync);
  EXPECT_EQ(c->store.retention_age_ms, kYearMs);
  EXPECT_EQ(c->store.free_bytes_min, 1u << 30);
  EXPECT_EQ(c->allowed_hosts, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(c->analysis.false_alarms_per_day, 2.5);
  EXPECT_EQ(c->log_level, LogLevel::kError);
  EXPECT_EQ(c->log_format, LogFormat::kJson);
}

TEST_F(ConfigurationFile, check_reads_what_the_file_names) {
  std::ofstream(path_)
      << "listen: 0.0.0.0:1\nestate_file: /nowhere/estate.yaml\ncatalog_directories: [/nowhere/catalog]\n"
         "tls: {cert_file: /nowhere/c, key_file: /nowhere/k}\nscrape_configs:\n  - job_name: ''\n";
  std::string all;
  ConfigurationSources sources;
  sources.file = path_;
  sources.environment = [](const std::string&) { return std::nullopt; };
  for (const Error& problem : check_configuration(sources)) all += problem.message() + "\n";
  for (const char* part :
       {"needs a token file", "/nowhere/estate.yaml", "/nowhere/catalog", "tls: cannot open /nowhere/c",
        "tls: cannot open /nowhere/k", "scrape_configs[0]"}) {
    EXPECT_THAT(all, HasSubstr(part));
  }
}

TEST(Configuration, the_document_in_the_tree_is_current) {
  const std::string path = std::string(TRIMTAB_SOURCE_DIR) + "/docs/configuration.md";
  if (std::getenv("TRIMTAB_UPDATE_DOCS") != nullptr) std::ofstream(path) << configuration_markdown();
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), configuration_markdown()) << "run: TRIMTAB_UPDATE_DOCS=1 server_test";
}

}  // namespace
}  // namespace trimtab
