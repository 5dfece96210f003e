// SPDX-License-Identifier: Apache-2.0
#include "ingest/scrape/scrape_config.h"

#include <fmt/format.h>

#include <limits>
#include <set>

namespace trimtab {
namespace {

constexpr std::int64_t kIntegerMax = std::numeric_limits<std::int64_t>::max();

Result<LabelMap> read_labels(const Yaml& yaml) {
  LabelMap labels;
  if (!yaml.exists()) return labels;
  if (!yaml.is_map()) return yaml.error("must be a map of label names and values");
  for (const auto& [name, value] : yaml.map()) {
    if (!is_plain_label_name(name))
      return yaml.error(fmt::format("\"{}\" is not a label name ([a-zA-Z_][a-zA-Z0-9_]*)", name));
    const std::string text = TRY(value.string_or(""));
    if (!is_valid_utf8(text)) return value.error("the value is not UTF-8");
    set_label(labels, name, text);
  }
  return labels;
}

Result<FileSdConfig> read_file_sd(const Yaml& yaml) {
  if (!yaml.is_map()) return yaml.error("must be a map with files");
  TRY(yaml.only_keys({"files", "refresh_interval"}));
  FileSdConfig config;
  config.refresh_interval_ms = TRY(yaml["refresh_interval"].duration_or(5 * kMinuteMs, kSecondMs, kYearMs));
  if (yaml["files"].exists()) config.files = TRY(yaml["files"].strings());
  if (config.files.empty()) return yaml.error("files is missing");
  for (std::string& file : config.files) {
    const bool known = file.ends_with(".json") || file.ends_with(".yml") || file.ends_with(".yaml");
    const std::size_t glob = file.find_first_of("*?[");
    if (!known || (glob != std::string::npos && file.find('/', glob) != std::string::npos)) {
      return yaml["files"].error(fmt::format(
          "\"{}\" must end in .json, .yml or .yaml and may hold a pattern in its last part only", file));
    }
    file = yaml.resolve_file(file);
  }
  return config;
}

Result<std::map<std::string, std::vector<std::string>>> read_params(const Yaml& yaml) {
  std::map<std::string, std::vector<std::string>> params;
  if (!yaml.exists()) return params;
  if (!yaml.is_map()) return yaml.error("must be a map of parameter names and lists of values");
  for (const auto& [name, value] : yaml.map()) {
    if (name.empty()) return yaml.error("a parameter has no name");
    if (value.exists()) params[name] = TRY(value.strings());
  }
  return params;
}

Status check_protocols(const Yaml& yaml) {
  if (!yaml.exists()) return ok();
  const std::vector<std::string> words = TRY(yaml.strings());
  bool usable = false;
  for (const std::string& word : words) {
    const bool text = word == "OpenMetricsText1.0.0" || word == "OpenMetricsText0.0.1" ||
                      word == "PrometheusText0.0.4" || word == "PrometheusText1.0.0";
    if (!text && word != "PrometheusProto")
      return yaml.error(fmt::format("\"{}\" is not a scrape protocol", word));
    usable = usable || text;
  }
  if (!usable)
    return yaml.error(
        "none of these can be read; the text formats can (OpenMetricsText1.0.0, PrometheusText0.0.4)");
  return ok();
}

struct Limits {
  std::uint64_t body_size_bytes = 0;
  std::uint64_t samples = 0;
  std::uint64_t targets = 0;
  std::uint64_t labels = 0;
  std::uint64_t label_name_bytes = 0;
  std::uint64_t label_value_bytes = 0;
};

Result<std::uint64_t> read_limit(const Yaml& yaml, std::uint64_t fallback) {
  return static_cast<std::uint64_t>(
      TRY(yaml.integer_or(static_cast<std::int64_t>(fallback), 0, kIntegerMax)));
}

Result<Limits> read_limits(const Yaml& yaml, const Limits& defaults) {
  Limits limits;
  limits.body_size_bytes = TRY(yaml["body_size_limit"].bytes_or(defaults.body_size_bytes, 0, 1ULL << 40));
  limits.samples = TRY(read_limit(yaml["sample_limit"], defaults.samples));
  limits.targets = TRY(read_limit(yaml["target_limit"], defaults.targets));
  limits.labels = TRY(read_limit(yaml["label_limit"], defaults.labels));
  limits.label_name_bytes = TRY(read_limit(yaml["label_name_length_limit"], defaults.label_name_bytes));
  limits.label_value_bytes = TRY(read_limit(yaml["label_value_length_limit"], defaults.label_value_bytes));
  return limits;
}

struct Globals {
  DurationMs interval_ms = kMinuteMs;
  DurationMs timeout_ms = 10 * kSecondMs;
  Limits limits = {};
  LabelMap external_labels = {};
};

Result<Globals> read_globals(const Yaml& yaml) {
  Globals globals;
  if (!yaml.exists()) return globals;
  if (!yaml.is_map()) return yaml.error("must be a map");
  // evaluation_interval and query_log_file belong to other parts of Prometheus: known, without effect.
  TRY(yaml.only_keys({"scrape_interval", "scrape_timeout", "scrape_protocols", "external_labels",
                      "evaluation_interval", "query_log_file", "body_size_limit", "sample_limit",
                      "target_limit", "label_limit", "label_name_length_limit", "label_value_length_limit"}));
  globals.interval_ms = TRY(yaml["scrape_interval"].duration_or(kMinuteMs, kScrapeIntervalMinMs, kYearMs));
  globals.timeout_ms = TRY(yaml["scrape_timeout"].duration_or(std::min(globals.interval_ms, 10 * kSecondMs),
                                                              kScrapeIntervalMinMs, kYearMs));
  if (globals.timeout_ms > globals.interval_ms)
    return yaml["scrape_timeout"].error("is longer than scrape_interval");
  TRY(check_protocols(yaml["scrape_protocols"]));
  globals.external_labels = TRY(read_labels(yaml["external_labels"]));
  globals.limits = TRY(read_limits(yaml, {}));
  return globals;
}

Status check_job_keys(const Yaml& yaml) {
  if (!yaml.is_map()) return yaml.error("must be a map");
  for (const auto& [key, value] : yaml.map()) {
    if (key.ends_with("_sd_configs") && key != "file_sd_configs") {
      return yaml.error(
          fmt::format("{}: only file_sd_configs and static_configs are supported; let the discovery "
                      "write a file_sd file",
                      key));
    }
  }
  return yaml.only_keys({"job_name",
                         "scrape_interval",
                         "scrape_timeout",
                         "scrape_protocols",
                         "fallback_scrape_protocol",
                         "metrics_path",
                         "scheme",
                         "params",
                         "honor_labels",
                         "honor_timestamps",
                         "track_timestamps_staleness",
                         "follow_redirects",
                         "enable_http2",
                         "enable_compression",
                         "body_size_limit",
                         "sample_limit",
                         "target_limit",
                         "label_limit",
                         "label_name_length_limit",
                         "label_value_length_limit",
                         "static_configs",
                         "file_sd_configs",
                         "relabel_configs",
                         "metric_relabel_configs",
                         TRIMTAB_HTTP_AUTH_KEYS});
}

Status read_timing(const Yaml& yaml, const Globals& globals, ScrapeConfig& config) {
  config.scrape_interval_ms =
      TRY(yaml["scrape_interval"].duration_or(globals.interval_ms, kScrapeIntervalMinMs, kYearMs));
  config.scrape_timeout_ms = TRY(yaml["scrape_timeout"].duration_or(
      std::min(globals.timeout_ms, config.scrape_interval_ms), kScrapeIntervalMinMs, kYearMs));
  if (config.scrape_timeout_ms > config.scrape_interval_ms) {
    return yaml["scrape_timeout"].error(fmt::format("{} is longer than the scrape interval of {}",
                                                    format_duration(config.scrape_timeout_ms),
                                                    format_duration(config.scrape_interval_ms)));
  }
  return ok();
}

Status read_request_words(const Yaml& yaml, ScrapeConfig& config) {
  config.metrics_path = TRY(yaml["metrics_path"].string_or("/metrics"));
  config.scheme = TRY(yaml["scheme"].string_or("http"));
  if (config.scheme != "http" && config.scheme != "https")
    return yaml["scheme"].error("must be http or https");
  config.params = TRY(read_params(yaml["params"]));
  config.honor_labels = TRY(yaml["honor_labels"].boolean_or(false));
  config.honor_timestamps = TRY(yaml["honor_timestamps"].boolean_or(true));
  config.track_timestamps_staleness = TRY(yaml["track_timestamps_staleness"].boolean_or(false));
  config.follow_redirects = TRY(yaml["follow_redirects"].boolean_or(true));
  // libcurl settles both with the server; the words are known so that a file can be taken over.
  TRY(yaml["enable_http2"].boolean_or(true));
  TRY(yaml["enable_compression"].boolean_or(true));
  TRY(check_protocols(yaml["scrape_protocols"]));
  TRY(check_protocols(yaml["fallback_scrape_protocol"]));
  config.auth = TRY(HttpAuth::from_yaml(yaml));
  return ok();
}

void take_limits(const Limits& limits, ScrapeConfig& config) {
  config.body_size_limit_bytes = limits.body_size_bytes;
  config.sample_limit = limits.samples;
  config.target_limit = limits.targets;
  config.label_limit = limits.labels;
  config.label_name_length_limit_bytes = limits.label_name_bytes;
  config.label_value_length_limit_bytes = limits.label_value_bytes;
}

// Without relabelling a target is an address as it stands; with it, it may be anything (a URL to probe).
Status check_addresses(const Yaml& yaml, const ScrapeConfig& config) {
  if (!config.relabel_configs.empty()) return ok();
  for (const TargetGroup& group : config.static_configs) {
    for (const std::string& target : group.targets) {
      if (target.find('/') != std::string::npos) {
        return yaml["static_configs"].error(
            fmt::format("\"{}\" is not a host:port (no scheme, no path)", redact_url(target)));
      }
    }
  }
  return ok();
}

Result<ScrapeConfig> read_job(const Yaml& yaml, const Globals& globals) {
  TRY(check_job_keys(yaml));
  ScrapeConfig config;
  config.job_name = TRY(yaml["job_name"].string_or(""));
  if (config.job_name.empty()) return yaml.error("job_name is missing");
  if (!is_valid_utf8(config.job_name)) return yaml["job_name"].error("is not UTF-8");
  TRY(read_timing(yaml, globals, config));
  TRY(read_request_words(yaml, config));
  take_limits(TRY(read_limits(yaml, globals.limits)), config);
  for (const Yaml& entry : yaml["static_configs"].list())
    config.static_configs.push_back(TRY(TargetGroup::from_yaml(entry)));
  for (const Yaml& entry : yaml["file_sd_configs"].list())
    config.file_sd_configs.push_back(TRY(read_file_sd(entry)));
  config.relabel_configs = TRY(read_relabel_rules(yaml["relabel_configs"]));
  config.metric_relabel_configs = TRY(read_relabel_rules(yaml["metric_relabel_configs"]));
  TRY(check_addresses(yaml, config));
  return config;
}

}  // namespace

Result<TargetGroup> TargetGroup::from_yaml(const Yaml& yaml) {
  if (!yaml.is_map()) return yaml.error("must be a map with targets and labels");
  TRY(yaml.only_keys({"targets", "labels"}));
  TargetGroup group;
  if (yaml["targets"].exists()) group.targets = TRY(yaml["targets"].strings());
  for (const std::string& target : group.targets) {
    if (target.empty() || !is_valid_utf8(target))
      return yaml["targets"].error("a target is empty or not UTF-8");
  }
  group.labels = TRY(read_labels(yaml["labels"]));
  return group;
}

Result<ScrapeSettings> ScrapeSettings::from_yaml(const Yaml& yaml) {
  ScrapeSettings settings;
  const Globals globals = TRY(read_globals(yaml["global"]));
  settings.external_labels = globals.external_labels;
  const Yaml jobs = yaml["scrape_configs"];
  if (!jobs.exists()) return settings;
  if (!jobs.is_list()) return jobs.error("must be a list");
  std::set<std::string> names;
  for (const Yaml& entry : jobs.list()) {
    if (settings.jobs.size() == kScrapeJobsMax)
      return jobs.error(fmt::format("more than {} jobs", kScrapeJobsMax));
    settings.jobs.push_back(TRY(read_job(entry, globals)));
    if (!names.insert(settings.jobs.back().job_name).second) {
      return entry.error(fmt::format("there is another job named \"{}\"", settings.jobs.back().job_name));
    }
  }
  return settings;
}

}  // namespace trimtab
