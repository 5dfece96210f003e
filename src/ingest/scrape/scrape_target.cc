// SPDX-License-Identifier: Apache-2.0
#include "ingest/scrape/scrape_target.h"

#include <fmt/format.h>

#include <algorithm>

namespace trimtab {
namespace {

constexpr std::string_view kAddress = "__address__";
constexpr std::string_view kParamPrefix = "__param_";

void set_default(LabelMap& labels, std::string_view name, std::string_view value) {
  if (get_label(labels, name).empty()) set_label(labels, name, value);
}

bool has_port(std::string_view address) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return false;
  if (address.front() == '[') return colon > 0 && address[colon - 1] == ']';
  return true;
}

// Characters that would end the path or the line.
std::string escape_path(std::string_view path) {
  std::string out = path.starts_with('/') ? "" : "/";
  for (const char c : path) {
    const bool keep =
        c > ' ' && c < 127 && c != '#' && c != '?' && c != '"' && c != '<' && c != '>' && c != '\\';
    out += keep ? std::string(1, c) : url_encode(std::string_view(&c, 1));
  }
  return out;
}

// The job's params with their first values replaced by what the __param_ labels say.
std::string query_of(const ScrapeConfig& config, const LabelMap& labels) {
  std::map<std::string, std::vector<std::string>> params = config.params;
  for (auto it = labels.lower_bound(kParamPrefix); it != labels.end() && it->first.starts_with(kParamPrefix);
       ++it) {
    std::vector<std::string>& values = params[it->first.substr(kParamPrefix.size())];
    if (values.empty()) values.emplace_back();
    values[0] = it->second;
  }
  std::string out;
  for (const auto& [name, values] : params) {
    for (const std::string& value : values) {
      out += fmt::format("{}{}={}", out.empty() ? "?" : "&", url_encode(name), url_encode(value));
    }
  }
  return out;
}

Result<DurationMs> duration_label(const LabelMap& labels, std::string_view name) {
  const std::string_view text = get_label(labels, name);
  const auto value = parse_duration(text);
  if (!value || *value < kScrapeIntervalMinMs) {
    return invalid(fmt::format("{} is \"{}\"; a duration of at least {} is needed", name, text,
                               format_duration(kScrapeIntervalMinMs)));
  }
  return *value;
}

Status check_address(std::string_view address) {
  if (address.empty()) return invalid("no address is left after relabelling");
  const bool odd = std::ranges::any_of(address, [](char c) {
    return c <= ' ' || c == '/' || c == '?' || c == '#' || c == '@' || c == '\\' || c == 127;
  });
  if (odd) return invalid(fmt::format("\"{}\" is not a host:port", redact_url(address)));
  return ok();
}

}  // namespace

std::string ScrapeTarget::key() const {
  return fmt::format("{}\n{}\n{}\n{}", labels.to_string(), url, interval_ms, timeout_ms);
}

Result<std::optional<ScrapeTarget>> build_target(const ScrapeConfig& config, const LabelMap& group_labels,
                                                 const std::string& target_address) {
  LabelMap labels = group_labels;
  set_label(labels, kAddress, target_address);
  set_default(labels, "job", config.job_name);
  set_default(labels, "__scrape_interval__", format_duration(config.scrape_interval_ms));
  set_default(labels, "__scrape_timeout__", format_duration(config.scrape_timeout_ms));
  set_default(labels, "__metrics_path__", config.metrics_path);
  set_default(labels, "__scheme__", config.scheme);
  for (const auto& [name, values] : config.params) {
    if (!values.empty()) set_label(labels, std::string(kParamPrefix) + name, values[0]);
  }
  ScrapeTarget target;
  target.discovered = labels;
  if (!relabel(config.relabel_configs, labels)) return std::optional<ScrapeTarget>();

  std::string address(get_label(labels, kAddress));
  TRY(check_address(address));
  const std::string scheme(get_label(labels, "__scheme__"));
  if (scheme != "http" && scheme != "https")
    return invalid(fmt::format("__scheme__ is \"{}\"; http or https are allowed", scheme));
  if (!has_port(address)) address += scheme == "https" ? ":443" : ":80";
  target.interval_ms = TRY(duration_label(labels, "__scrape_interval__"));
  target.timeout_ms = TRY(duration_label(labels, "__scrape_timeout__"));
  if (target.timeout_ms > target.interval_ms)
    return invalid("__scrape_timeout__ is longer than __scrape_interval__");
  target.url = fmt::format("{}://{}{}{}", scheme, address, escape_path(get_label(labels, "__metrics_path__")),
                           query_of(config, labels));
  set_default(labels, "instance", address);
  std::vector<Label> kept;
  for (const auto& [name, value] : labels) {
    if (!name.starts_with("__")) kept.push_back({name, value});
  }
  target.labels = TRY(Labels::create(std::move(kept)));
  return std::optional<ScrapeTarget>(std::move(target));
}

}  // namespace trimtab
