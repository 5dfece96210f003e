// SPDX-License-Identifier: Apache-2.0
#include "ingest/scrape/scrape_config.h"

#include <gtest/gtest.h>

#include "ingest/scrape/scrape_target.h"

namespace trimtab {
namespace {

Result<ScrapeSettings> read(std::string_view text) {
  return ScrapeSettings::from_yaml(Yaml::parse(text, "/etc/p/prometheus.yml").value());
}

TEST(ScrapeConfig, a_prometheus_file_reads_with_its_defaults) {
  const auto settings = read(R"(
global:
  scrape_interval: 15s
  evaluation_interval: 30s
  external_labels: {region: eu}
rule_files: [not ours]
scrape_configs:
- job_name: node
  static_configs:
  - targets: ['a:9100', 'b:9100']
    labels: {zone: z1}
- job_name: other
  scrape_interval: 5s
  honor_labels: true
  scheme: https
  metrics_path: /m
  params: {module: [x, y]}
  basic_auth: {username: u, password_file: p}
  tls_config: {insecure_skip_verify: true}
  sample_limit: 10
  body_size_limit: 1MB
  file_sd_configs: [{files: ['t/*.json', '/abs/x.yml'], refresh_interval: 1m}]
)");
  ASSERT_TRUE(settings) << settings.error().message();
  ASSERT_EQ(settings->jobs.size(), 2u);
  EXPECT_EQ(settings->external_labels.at("region"), "eu");
  const ScrapeConfig& node = settings->jobs[0];
  EXPECT_EQ(node.scrape_interval_ms, 15000);
  EXPECT_EQ(node.scrape_timeout_ms, 10000);
  EXPECT_EQ(node.metrics_path, "/metrics");
  EXPECT_TRUE(node.honor_timestamps);
  EXPECT_EQ(node.static_configs[0].targets.size(), 2u);
  const ScrapeConfig& other = settings->jobs[1];
  EXPECT_EQ(other.scrape_timeout_ms, 5000);  // the default, cut to the interval
  EXPECT_EQ(other.auth.basic_password_file, "/etc/p/p");
  EXPECT_EQ(other.file_sd_configs[0].files, (std::vector<std::string>{"/etc/p/t/*.json", "/abs/x.yml"}));
  EXPECT_EQ(other.sample_limit, 10u);
}

TEST(ScrapeConfig, wrong_words_and_values_are_named_with_their_line) {
  const std::vector<std::pair<const char*, const char*>> cases{
      {"scrape_configs: [{scrape_interval: 5s}]", "job_name is missing"},
      {"scrape_configs: [{job_name: a}, {job_name: a}]", "another job named"},
      {"scrape_configs: [{job_name: a, scrape_intervall: 5s}]", "scrape_interval"},
      {"scrape_configs: [{job_name: a, scrape_interval: 5x}]", "5x"},
      {"scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]", "longer"},
      {"scrape_configs: [{job_name: a, scheme: ftp}]", "http or https"},
      {"scrape_configs: [{job_name: a, kubernetes_sd_configs: []}]", "file_sd"},
      {"scrape_configs: [{job_name: a, static_configs: [{targets: ['http://x/y']}]}]", "host:port"},
      {"scrape_configs: [{job_name: a, static_configs: [{targets: [x], labels: {a-b: c}}]}]", "a-b"},
      {"scrape_configs: [{job_name: a, file_sd_configs: [{files: [x.txt]}]}]", ".json"},
      {"scrape_configs: [{job_name: a, file_sd_configs: [{files: ['*/x.json']}]}]", "last part"},
      {"scrape_configs: [{job_name: a, sample_limit: -1}]", "-1"},
      {"scrape_configs: [{job_name: a, scrape_protocols: [PrometheusProto]}]", "text formats"},
      {"scrape_configs: {job_name: a}", "list"},
      {"global: {scrape_interval: 0s}", "0s"},
      {"global: {nothing: 1}", "nothing"},
  };
  for (const auto& [text, expected] : cases) {
    const auto settings = read(text);
    ASSERT_FALSE(settings) << text;
    EXPECT_NE(settings.error().message().find(expected), std::string::npos) << settings.error().message();
    EXPECT_TRUE(settings.error().message().starts_with("/etc/p/prometheus.yml:1"))
        << settings.error().message();
  }
}

Result<std::optional<ScrapeTarget>> target_of(std::string_view job, const std::string& address,
                                              LabelMap labels = {}) {
  const auto settings = read("scrape_configs: [{job_name: j, " + std::string(job) + "}]");
  EXPECT_TRUE(settings) << settings.error().message();
  return build_target(settings->jobs[0], labels, address);
}

TEST(ScrapeTarget, gets_its_labels_and_url_from_job_and_group) {
  const auto target = target_of("params: {a: [1, 2]}", "h", {{"zone", "z"}, {"__meta_x", "y"}});
  ASSERT_TRUE(target && *target);
  EXPECT_EQ((*target)->url, "http://h:80/metrics?a=1&a=2");
  EXPECT_EQ((*target)->labels.to_string(), R"({instance="h:80", job="j", zone="z"})");
  EXPECT_EQ(target_of("scheme: https", "h")->value().url, "https://h:443/metrics");
  EXPECT_EQ(target_of("scheme: https", "[::1]:9")->value().url, "https://[::1]:9/metrics");
}

TEST(ScrapeTarget, relabelling_moves_address_path_scheme_and_parameters) {
  const auto target = target_of(R"(params: {module: [http]}, relabel_configs: [
    {source_labels: [__address__], target_label: __param_target}, {source_labels: [__param_target], target_label: instance},
    {target_label: __address__, replacement: 'probe:9115'}, {target_label: __metrics_path__, replacement: '/probe'},
    {target_label: __scrape_interval__, replacement: 30s}, {target_label: job, replacement: b}])",
                                "http://x.y/z?q");
  ASSERT_TRUE(target && *target) << target.error().message();
  EXPECT_EQ((*target)->url, "http://probe:9115/probe?module=http&target=http%3A%2F%2Fx.y%2Fz%3Fq");
  EXPECT_EQ((*target)->labels.to_string(), R"({instance="http://x.y/z?q", job="b"})");
  EXPECT_EQ((*target)->interval_ms, 30000);
  EXPECT_EQ((*target)->discovered.at("__address__"), "http://x.y/z?q");
}

TEST(ScrapeTarget, may_be_dropped_or_invalid) {
  EXPECT_EQ(target_of("relabel_configs: [{action: drop, source_labels: [job], regex: j}]", "h").value(),
            std::nullopt);
  EXPECT_FALSE(target_of("relabel_configs: [{target_label: __address__, replacement: ''}]", "h"));
  EXPECT_FALSE(target_of("relabel_configs: [{target_label: __scheme__, replacement: file}]", "h"));
  EXPECT_FALSE(target_of("relabel_configs: [{target_label: __scrape_interval__, replacement: 0}]", "h"));
  EXPECT_FALSE(target_of("relabel_configs: [{target_label: __scrape_timeout__, replacement: 2h}]", "h"));
  for (const char* address : {"a/b", "a b", "user@h", "h#x"}) {
    EXPECT_FALSE(target_of("relabel_configs: [{target_label: x, replacement: y}]", address)) << address;
  }
}

}  // namespace
}  // namespace trimtab
