// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/http_client.h"
#include "base/labels.h"
#include "base/result.h"
#include "base/yaml.h"
#include "ingest/scrape/relabel.h"

namespace trimtab {

// Addresses that share labels: one entry of static_configs, or of a file_sd file.
struct TargetGroup {
  std::vector<std::string> targets = {};
  LabelMap labels = {};

  static Result<TargetGroup> from_yaml(const Yaml& yaml);
};

struct FileSdConfig {
  std::vector<std::string> files = {};  // *.json, *.yml, *.yaml; a glob in the last part of the path
  DurationMs refresh_interval_ms = 5 * kMinuteMs;
};

// One entry of scrape_configs in Prometheus' own words and with its defaults. What is not listed here
// (other service discoveries, native histogram settings) is refused with the key's name.
// Limits of 0 mean "no limit of this name"; the bounds of ScrapeOptions hold always.
struct ScrapeConfig {
  std::string job_name = {};
  DurationMs scrape_interval_ms = kMinuteMs;
  DurationMs scrape_timeout_ms = 10 * kSecondMs;
  std::string metrics_path = "/metrics";
  std::string scheme = "http";
  std::map<std::string, std::vector<std::string>> params = {};
  bool honor_labels = false;
  bool honor_timestamps = true;
  bool track_timestamps_staleness = false;
  bool follow_redirects = true;
  HttpAuth auth = {};
  std::uint64_t body_size_limit_bytes = 0;
  std::uint64_t sample_limit = 0;
  std::uint64_t target_limit = 0;
  std::uint64_t label_limit = 0;
  std::uint64_t label_name_length_limit_bytes = 0;
  std::uint64_t label_value_length_limit_bytes = 0;
  std::vector<TargetGroup> static_configs = {};
  std::vector<FileSdConfig> file_sd_configs = {};
  RelabelRules relabel_configs = {};
  RelabelRules metric_relabel_configs = {};
};

struct ScrapeSettings {
  LabelMap external_labels = {};  // for what leaves this node (remote write); never on stored samples
  std::vector<ScrapeConfig> jobs = {};

  // Reads the keys `global` and `scrape_configs` of a map (a prometheus.yml, or our own file); the other
  // keys of the map are the caller's business. Strict inside. Errors name file, line and path.
  static Result<ScrapeSettings> from_yaml(const Yaml& yaml);
};

inline constexpr DurationMs kScrapeIntervalMinMs = 100;
inline constexpr std::size_t kScrapeJobsMax = 10'000;

}  // namespace trimtab
