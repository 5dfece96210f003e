// SPDX-License-Identifier: Apache-2.0
#include "server/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "base/format.h"
#include "server/setting_groups.h"

namespace trimtab {
namespace {

using C = Configuration;
using V = SettingValue;
using enum SettingType;

std::size_t size_of(const V& v) { return static_cast<std::size_t>(v.integer); }

std::vector<Setting> connection_settings() {
  return {
      {"listen",
       "Address to listen on; beyond loopback a token_file is required. Port 0: the system chooses.",
       kAddress,
       "127.0.0.1:7600",
       "",
       "",
       {},
       false,
       [](C& c, const V& v) { c.http.listen = ListenAddress::parse(v.text).value_or(ListenAddress{}); }},
      {"allowed_hosts",
       "Host names, beside loopback, by which we may be called while no token is required (a proxy in "
       "front).",
       kTexts,
       "",
       "",
       "",
       {},
       false,
       [](C& c, const V& v) { c.allowed_hosts = v.texts; }},
      {"token_file",
       "File of bearer tokens, one per line: TOKEN [read|write|admin]. Every request but health needs one.",
       kPath,
       "",
       "",
       "",
       {},
       true,
       [](C& c, const V& v) { c.token_file = v.text; }},
      {"tls.cert_file",
       "PEM certificate chain; with tls.key_file, HTTPS is spoken.",
       kPath,
       "",
       "",
       "",
       {},
       false,
       [](C& c, const V& v) { c.http.tls_cert_file = v.text; }},
      {"tls.key_file",
       "PEM private key of the certificate.",
       kPath,
       "",
       "",
       "",
       {},
       false,
       [](C& c, const V& v) { c.http.tls_key_file = v.text; }},
      {"server.io_threads",
       "Threads that run connections; 0: one per core.",
       kInteger,
       "0",
       "0",
       "256",
       {},
       false,
       [](C& c, const V& v) { c.http.io_threads = static_cast<int>(v.integer); }},
      {"server.worker_threads",
       "Threads for briefs, exports and imports; 0: one per core, at least 2.",
       kInteger,
       "0",
       "0",
       "256",
       {},
       false,
       [](C& c, const V& v) { c.http.worker_threads = static_cast<int>(v.integer); }},
      {"server.worker_queue_max",
       "Requests that may wait for a worker; more are answered 503.",
       kInteger,
       "64",
       "1",
       "100000",
       {},
       false,
       [](C& c, const V& v) { c.http.worker_queue_max = size_of(v); }},
      {"server.connections_max",
       "Open connections; more are answered 503 and closed.",
       kInteger,
       "1024",
       "1",
       "1000000",
       {},
       false,
       [](C& c, const V& v) { c.http.connections_max = size_of(v); }},
      {"server.header_bytes_max",
       "Request line and headers of one request; more is answered 431.",
       kBytes,
       "16KiB",
       "1KiB",
       "1MiB",
       {},
       false,
       [](C& c, const V& v) { c.http.header_bytes_max = size_of(v); }},
      {"server.body_memory_bytes_max",
       "All request bodies under way together; more are answered 503.",
       kBytes,
       "1GiB",
       "1MiB",
       "1TiB",
       {},
       false,
       [](C& c, const V& v) { c.http.body_memory_bytes_max = size_of(v); }},
      {"server.idle_timeout",
       "A connection without a request is closed after this.",
       kDuration,
       "2m",
       "1s",
       "1d",
       {},
       false,
       [](C& c, const V& v) { c.http.idle_timeout_ms = v.integer; }},
      {"server.header_timeout",
       "From the first byte of a request to the end of its headers; slower clients are cut off.",
       kDuration,
       "10s",
       "100ms",
       "10m",
       {},
       false,
       [](C& c, const V& v) { c.http.header_timeout_ms = v.integer; }},
      {"server.body_timeout",
       "For a request's body, plus its size at 64 KiB/s; slower clients are cut off.",
       kDuration,
       "30s",
       "100ms",
       "1h",
       {},
       false,
       [](C& c, const V& v) { c.http.body_timeout_ms = v.integer; }},
      {"server.write_timeout",
       "For each 256 KiB of an answer, plus its size at 64 KiB/s; slower clients are cut off.",
       kDuration,
       "30s",
       "100ms",
       "1h",
       {},
       false,
       [](C& c, const V& v) { c.http.write_timeout_ms = v.integer; }},
      {"server.drain_timeout",
       "On stop, requests under way get this long.",
       kDuration,
       "10s",
       "0s",
       "10m",
       {},
       false,
       [](C& c, const V& v) { c.http.drain_timeout_ms = v.integer; }},
  };
}

std::vector<Setting> store_settings() {
  return {
      {"data_dir",
       "Directory of samples (store/) and of the ledger (ledger.sqlite); one process may use it.",
       kPath,
       "trimtab-data",
       "",
       "",
       {},
       false,
       [](C& c, const V& v) { c.data_directory = v.text; }},
      {"store.durability",
       "When a write is acknowledged: in the kernel's page cache (commit) or on the disk (sync).",
       kChoice,
       "commit",
       "",
       "",
       {"commit", "sync"},
       false,
       [](C& c, const V& v) {
         c.store.durability = v.integer == 0 ? Durability::kCommit : Durability::kSync;
       }},
      {"store.sync_interval",
       "With durability commit: at most this long until the disk has it too.",
       kDuration,
       "200ms",
       "10ms",
       "10s",
       {},
       false,
       [](C& c, const V& v) { c.store.sync_interval_ms = v.integer; }},
      {"store.retention_age",
       "Samples older than this are dropped; 0: kept for ever.",
       kDuration,
       "0",
       "0s",
       "100y",
       {},
       false,
       [](C& c, const V& v) { c.store.retention_age_ms = v.integer; }},
      {"store.retention_bytes",
       "The oldest samples are dropped when the store grows beyond this; 0: no bound.",
       kBytes,
       "0",
       "0",
       "1000TiB",
       {},
       false,
       [](C& c, const V& v) { c.store.retention_bytes = static_cast<std::uint64_t>(v.integer); }},
      {"store.free_bytes_min",
       "Free disk space below which writes are refused; reads go on.",
       kBytes,
       "256MiB",
       "1MiB",
       "1TiB",
       {},
       false,
       [](C& c, const V& v) { c.store.free_bytes_min = static_cast<std::uint64_t>(v.integer); }},
      {"store.out_of_order_window",
       "Samples older than the newest of their series by more than this are refused; 0: any age is welcome.",
       kDuration,
       "0",
       "0s",
       "100y",
       {},
       false,
       [](C& c, const V& v) { c.store.out_of_order_window_ms = v.integer; }},
      {"store.cache_bytes",
       "Memory for blocks read from the disk.",
       kBytes,
       "256MiB",
       "8MiB",
       "1TiB",
       {},
       false,
       [](C& c, const V& v) { c.store.cache_bytes = static_cast<std::uint64_t>(v.integer); }},
      {"store.series_max",
       "Series; more new ones are refused, old ones keep working.",
       kInteger,
       "10000000",
       "1",
       "1000000000",
       {},
       false,
       [](C& c, const V& v) { c.store.limits.series_count_max = static_cast<std::uint64_t>(v.integer); }},
      {"store.labels_max",
       "Labels of one series.",
       kInteger,
       "64",
       "1",
       "1000",
       {},
       false,
       [](C& c, const V& v) { c.store.limits.labels.labels_count_max = size_of(v); }},
      {"store.label_name_bytes_max",
       "Bytes of one label name.",
       kBytes,
       "256",
       "16",
       "64KiB",
       {},
       false,
       [](C& c, const V& v) { c.store.limits.labels.name_bytes_max = size_of(v); }},
      {"store.label_value_bytes_max",
       "Bytes of one label value.",
       kBytes,
       "4KiB",
       "16",
       "1MiB",
       {},
       false,
       [](C& c, const V& v) { c.store.limits.labels.value_bytes_max = size_of(v); }},
      {"store.future_max",
       "Samples further ahead of our clock than this are refused.",
       kDuration,
       "10m",
       "0s",
       "10y",
       {},
       false,
       [](C& c, const V& v) { c.store.limits.future_max_ms = v.integer; }},
      {"store.query_samples_max",
       "Samples one read may decode.",
       kInteger,
       "200000000",
       "1000",
       "100000000000",
       {},
       false,
       [](C& c, const V& v) { c.store.limits.query_samples_max = static_cast<std::uint64_t>(v.integer); }},
      {"store.query_series_max",
       "Series one read may touch.",
       kInteger,
       "1000000",
       "1",
       "1000000000",
       {},
       false,
       [](C& c, const V& v) { c.store.limits.query_series_max = static_cast<std::uint64_t>(v.integer); }},
      {"receive.body_bytes_max",
       "Body of one write or import as received; more is answered 413.",
       kBytes,
       "64MiB",
       "64KiB",
       "4GiB",
       {},
       false,
       [](C& c, const V& v) { c.receive.body_bytes_max = size_of(v); }},
      {"receive.decoded_bytes_max",
       "The same after decompression.",
       kBytes,
       "256MiB",
       "64KiB",
       "16GiB",
       {},
       false,
       [](C& c, const V& v) { c.receive.decoded_bytes_max = size_of(v); }},
      {"receive.samples_max",
       "Samples of one request.",
       kInteger,
       "1000000",
       "1000",
       "100000000",
       {},
       false,
       [](C& c, const V& v) {
         c.receive.samples_max = size_of(v);
         c.store.limits.batch_samples_max = std::max(c.store.limits.batch_samples_max, size_of(v));
       }},
  };
}

std::vector<Setting> work_settings() {
  return {
      {"host.enabled",
       "Collect this machine's own metrics (CPU, memory, disks, network, cgroups, top processes).",
       kBoolean,
       "true",
       "",
       "",
       {},
       false,
       [](C& c, const V& v) { c.host_enabled = v.flag; }},
      {"host.interval",
       "Time between two collections of the machine's metrics.",
       kDuration,
       "5s",
       "1s",
       "1h",
       {},
       false,
       [](C& c, const V& v) { c.host_interval_ms = v.integer; }},
      {"host.act",
       "Changes to this machine's control groups (version 2) may be made, with consent or by policy.",
       kBoolean,
       "false",
       "",
       "",
       {},
       false,
       [](C& c, const V& v) { c.host_act = v.flag; }},
      {"self_scrape.interval",
       "How often our own metrics are stored (job=\"trimtab\"); 0: never.",
       kDuration,
       "15s",
       "0s",
       "1h",
       {},
       false,
       [](C& c, const V& v) { c.self_scrape_interval_ms = v.integer; }},
      {"advice.interval",
       "Time between two rounds of the advisors, which ask the targets of `collectors:` and look at this "
       "machine. 0: only on demand.",
       kDuration,
       "1m",
       "0s",
       "1d",
       {},
       false,
       [](C& c, const V& v) { c.advice_interval_ms = v.integer; }},
      {"analysis.interval",
       "Time between two analysis passes; a pass that still runs is not overtaken. 0: only on demand.",
       kDuration,
       "1m",
       "0s",
       "1d",
       {},
       false,
       [](C& c, const V& v) { c.analysis_interval_ms = v.integer; }},
      {"analysis.history",
       "How far back the usual is learnt. From 23 days on workdays are told from weekends.",
       kDuration,
       "14d",
       "1h",
       "1y",
       {},
       false,
       [](C& c, const V& v) { c.analysis.history_ms = v.integer; }},
      {"analysis.window",
       "What counts as now; 0: chosen from each series' interval and history.",
       kDuration,
       "0",
       "0s",
       "7d",
       {},
       false,
       [](C& c, const V& v) { c.analysis.window_ms = v.integer; }},
      {"analysis.threads",
       "Threads of a pass; 0: one per core.",
       kInteger,
       "0",
       "0",
       "256",
       {},
       false,
       [](C& c, const V& v) { c.analysis.threads = static_cast<int>(v.integer); }},
      {"analysis.exhaustion_horizon",
       "How far ahead it is asked when a limit will be reached.",
       kDuration,
       "30d",
       "1h",
       "5y",
       {},
       false,
       [](C& c, const V& v) { c.analysis.exhaustion_horizon_ms = v.integer; }},
      {"analysis.false_alarms_per_day",
       "False alarms accepted per day, over all series together.",
       kNumber,
       "1",
       "0.001",
       "1000",
       {},
       false,
       [](C& c, const V& v) { c.analysis.false_alarms_per_day = v.number; }},
      {"analysis.resolve_after",
       "A finding not seen for this long is resolved.",
       kDuration,
       "10m",
       "0s",
       "7d",
       {},
       false,
       [](C& c, const V& v) { c.analysis_resolve_after_ms = v.integer; }},
      {"estate_file",
       "estate.yaml: owners, tiers, objectives, maintenance windows, calendar, growth drivers, who calls "
       "whom.",
       kPath,
       "",
       "",
       "",
       {},
       true,
       [](C& c, const V& v) { c.estate_file = v.text; }},
      {"catalog_directories",
       "Directories with signal catalogue entries of your own; later ones win.",
       kTexts,
       "",
       "",
       "",
       {},
       true,
       [](C& c, const V& v) { c.catalog_directories = v.texts; }},
      {"log.level",
       "Least important lines to log.",
       kChoice,
       "info",
       "",
       "",
       {"debug", "info", "warn", "error"},
       false,
       [](C& c, const V& v) { c.log_level = static_cast<LogLevel>(v.integer); }},
      {"log.format",
       "How a log line is written.",
       kChoice,
       "logfmt",
       "",
       "",
       {"logfmt", "json"},
       false,
       [](C& c, const V& v) { c.log_format = v.integer == 0 ? LogFormat::kLogfmt : LogFormat::kJson; }},
  };
}

// One scale for the three types that are compared as whole numbers.
Result<std::int64_t> whole(SettingType type, std::string_view text) {
  if (type == kDuration) return parse_duration(text);
  if (type == kBytes) {
    const std::uint64_t bytes = TRY(parse_bytes(text));
    return static_cast<std::int64_t>(
        std::min<std::uint64_t>(bytes, std::numeric_limits<std::int64_t>::max()));
  }
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
    return invalid(fmt::format("\"{:.100}\" is not a whole number", text));
  }
  return value;
}

template <typename T>
Status check_bounds(const Setting& setting, std::string_view text, const T& value, const T* min,
                    const T* max) {
  if (min != nullptr && value < *min)
    return invalid(fmt::format("{} is below the minimum of {}", text, setting.min));
  if (max != nullptr && value > *max)
    return invalid(fmt::format("{} is above the maximum of {}", text, setting.max));
  return ok();
}

Result<SettingValue> parse_whole(const Setting& setting, std::string_view text) {
  SettingValue value;
  value.text = text;
  value.integer = TRY(whole(setting.type, text));
  if (setting.min.empty()) return value;
  const std::int64_t min = TRY(whole(setting.type, setting.min));
  const std::int64_t max = TRY(whole(setting.type, setting.max));
  TRY(check_bounds(setting, text, value.integer, &min, &max));
  return value;
}

Result<double> real(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || !(value - value == 0)) {
    return invalid(fmt::format("\"{:.100}\" is not a number", text));
  }
  return value;
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

}  // namespace

std::span<const Setting> settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> out = connection_settings();
    for (auto& setting : store_settings()) out.push_back(std::move(setting));
    for (auto& setting : query_settings()) out.push_back(std::move(setting));
    for (auto& setting : work_settings()) out.push_back(std::move(setting));
    return out;
  }();
  return all;
}

const Setting* find_setting(std::string_view name) {
  for (const Setting& setting : settings()) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::string environment_name(const Setting& setting) {
  std::string out = "TRIMTAB_";
  for (const char c : setting.name)
    out += c == '.' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

std::string flag_name(const Setting& setting) {
  std::string out(setting.name);
  std::replace(out.begin(), out.end(), '_', '-');
  return out;
}

std::string_view type_word(SettingType type) {
  switch (type) {
    case kText: return "text";
    case kPath: return "path";
    case kAddress: return "host:port";
    case kDuration: return "duration";
    case kBytes: return "bytes";
    case kInteger: return "whole number";
    case kNumber: return "number";
    case kBoolean: return "true or false";
    case kChoice: return "choice";
    case kTexts: return "list";
  }
  return "?";
}

std::string range_words(const Setting& setting) {
  if (!setting.choices.empty()) return fmt::format("{}", fmt::join(setting.choices, ", "));
  return setting.min.empty() ? std::string() : fmt::format("{} to {}", setting.min, setting.max);
}

Result<SettingValue> parse_setting(const Setting& setting, std::string_view text) {
  SettingValue value;
  value.text = text;
  switch (setting.type) {
    case kText:
    case kPath: return value;
    case kAddress: {
      const auto address = ListenAddress::parse(text);
      if (!address) return std::unexpected(address.error());
      return value;
    }
    case kTexts: value.texts = split_commas(text); return value;
    case kDuration:
    case kBytes:
    case kInteger: return parse_whole(setting, text);
    case kNumber: {
      value.number = TRY(real(text));
      const double min = TRY(real(setting.min));
      const double max = TRY(real(setting.max));
      TRY(check_bounds(setting, text, value.number, &min, &max));
      return value;
    }
    case kBoolean:
      value.flag = text == "true" || text == "yes" || text == "on";
      if (!value.flag && text != "false" && text != "no" && text != "off") {
        return invalid(fmt::format("\"{:.100}\" is neither true nor false", text));
      }
      return value;
    case kChoice: {
      const auto it = std::find(setting.choices.begin(), setting.choices.end(), text);
      if (it == setting.choices.end()) {
        return invalid(fmt::format("\"{:.100}\" is not one of {}", text, range_words(setting)));
      }
      value.integer = it - setting.choices.begin();
      return value;
    }
  }
  return value;
}

}  // namespace trimtab
