// SPDX-License-Identifier: Apache-2.0
// What a metric probably is, from its name, its labels and its metadata. The words are Prometheus' naming
// habits (base units, _total, _bucket, _info) and what people call things; the type in the metadata wins
// over the name.
#include <algorithm>
#include <array>
#include <cctype>
#include <initializer_list>
#include <span>

#include "estate/catalog.h"

namespace trimtab {

namespace {

using Words = std::span<const std::string_view>;
using List = std::initializer_list<std::string_view>;  // for words spelled at the call

// The name's words in lower case: "httpRequests_5xx.total" -> http requests 5xx total.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words;
  bool fresh = true;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    if (std::isalnum(c) == 0 && c < 0x80) {
      fresh = true;
      continue;
    }
    const bool camel =
        std::isupper(c) != 0 && i > 0 && std::islower(static_cast<unsigned char>(name[i - 1])) != 0;
    if (fresh || camel) words.emplace_back();
    fresh = false;
    words.back() += static_cast<char>(std::tolower(c));
  }
  return words;
}

class Name {
 public:
  explicit Name(std::string_view text) : text_(text), words_(words_of(text)) {}
  bool has(Words any) const {
    return std::any_of(words_.begin(), words_.end(), [&](const std::string& word) { return is(word, any); });
  }
  bool has(List any) const { return has(Words(any.begin(), any.size())); }
  bool last_is(Words any) const { return !words_.empty() && is(words_.back(), any); }
  bool last_is(List any) const { return last_is(Words(any.begin(), any.size())); }
  bool before_last_is(Words any) const { return words_.size() > 1 && is(words_[words_.size() - 2], any); }
  bool before_last_is(List any) const { return before_last_is(Words(any.begin(), any.size())); }
  bool ends_with(std::string_view suffix) const { return text_.ends_with(suffix); }
  bool contains(std::string_view part) const { return text_.find(part) != std::string_view::npos; }
  std::string title() const {
    std::string out;
    for (const std::string& word : words_) out += (out.empty() ? "" : " ") + word;
    if (!out.empty()) out[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(out[0])));
    return out;
  }

 private:
  static bool is(std::string_view word, Words any) {
    return std::find(any.begin(), any.end(), word) != any.end();
  }
  std::string_view text_;
  std::vector<std::string> words_;
};

constexpr std::string_view kTimeUnits[] = {
    "seconds",      "second",      "secs",  "sec", "s",      "milliseconds",
    "millisecond",  "millis",      "msec",  "ms",  "us",     "usec",
    "microseconds", "nanoseconds", "nanos", "ns",  "minutes"};
constexpr std::string_view kLatencyWords[] = {
    "latency", "latencies", "duration", "elapsed", "rtt",  "delay", "wait", "responsetime", "p50",
    "p75",     "p90",       "p95",      "p99",     "p999", "ttfb",  "lcp",  "fcp",          "inp"};
constexpr std::string_view kErrorWords[] = {
    "error",     "errors",    "err",        "errs",     "fail",     "fails",   "failed",     "failure",
    "failures",  "exception", "exceptions", "drop",     "drops",    "dropped", "discard",    "discards",
    "discarded", "timeout",   "timeouts",   "reject",   "rejected", "rejects", "rejections", "abort",
    "aborted",   "aborts",    "panic",      "panics",   "oom",      "retry",   "retries",    "retrans",
    "denied",    "5xx",       "crash",      "crashes",  "lost",     "invalid", "corrupt",    "corruptions",
    "deadlocks", "faults",    "unhealthy",  "restarts", "evicted",  "refused", "conflicts"};
constexpr std::string_view kQueueWords[] = {"queue",        "queued",   "backlog", "pending",   "waiting",
                                            "waiters",      "lag",      "blocked", "throttled", "throttling",
                                            "pressure",     "inflight", "load1",   "load5",     "load15",
                                            "backpressure", "depth",    "starved"};
constexpr std::string_view kLeftWords[] = {"available", "avail", "free",    "remaining",
                                           "idle",      "left",  "headroom"};
constexpr std::string_view kLimitWords[] = {"max",   "limit",   "limits", "capacity",
                                            "quota", "maximum", "ceiling"};
constexpr std::string_view kUsedWords[] = {
    "used", "usage",  "utilization", "utilisation", "util",     "busy",        "active",
    "size", "memory", "heap",        "rss",         "threads",  "connections", "goroutines",
    "fds",  "open",   "occupancy",   "full",        "resident", "inuse",       "in_use"};
constexpr std::string_view kShareUsedWords[] = {"used", "usage", "utilization", "utilisation",
                                                "util", "full",  "occupancy"};
constexpr std::string_view kTrafficWords[] = {
    "requests",     "request", "queries", "calls",  "messages",   "events",      "ops",       "operations",
    "transactions", "packets", "hits",    "visits", "sessions",   "received",    "receive",   "transmit",
    "transmitted",  "sent",    "reads",   "writes", "read",       "written",     "rows",      "records",
    "jobs",         "commits", "rps",     "qps",    "throughput", "invocations", "processed", "executions"};
constexpr std::string_view kGoodWords[] = {
    "availability", "success", "successful", "healthy", "ready",   "uptime",     "up",          "apdex",
    "satisfaction", "score",   "revenue",    "orders",  "signups", "conversion", "conversions", "sales"};

bool is_info(const Name& name) {
  return name.last_is({"info", "version", "labels", "metadata"}) || name.ends_with("_build_info");
}
bool is_timestamp(const Name& name) {
  return name.last_is({"created", "timestamp"}) || name.contains("timestamp") ||
         name.ends_with("start_time_seconds") || name.ends_with("boot_time_seconds") ||
         name.ends_with("_last_success_seconds") || name.last_is({"mtime", "ctime"});
}
bool is_state(const Name& name) {
  return name.last_is(
      {"up", "healthy", "ready", "status", "state", "enabled", "leader", "alive", "phase", "condition"});
}
bool is_ratio(const Name& name) {
  return name.has(
      {"ratio", "percent", "percentage", "pct", "utilization", "utilisation", "availability", "fraction"});
}
// A part of a histogram or summary: the word before _sum or _count is a unit or a thing that has a size.
bool is_family_part(const Name& name) {
  return name.last_is({"sum", "count"}) &&
         (name.before_last_is(kTimeUnits) || name.before_last_is(kLatencyWords) ||
          name.before_last_is({"bytes", "size", "time", "ratio"}));
}

SignalKind kind_from_name(const Labels& series, const Name& name) {
  if (name.last_is({"bucket"}) && series.has("le")) return SignalKind::kHistogram;
  if (is_info(name)) return SignalKind::kConstant;
  if (is_timestamp(name)) return SignalKind::kTimestamp;
  if (name.last_is({"total"})) return SignalKind::kCounter;
  if (is_family_part(name)) return SignalKind::kHistogram;
  if (is_ratio(name)) return SignalKind::kRatio;
  if (name.has(kLatencyWords)) return SignalKind::kLatency;
  if (is_state(name)) return SignalKind::kState;
  return SignalKind::kGauge;
}

SignalKind kind_of(const Labels& series, const MetricMetadata* metadata, const Name& name) {
  const SignalKind named = kind_from_name(series, name);
  switch (metadata != nullptr ? metadata->type : MetricType::kUnknown) {
    case MetricType::kCounter: return SignalKind::kCounter;
    case MetricType::kHistogram:
    case MetricType::kGaugeHistogram: return SignalKind::kHistogram;
    case MetricType::kSummary: return SignalKind::kSummary;
    case MetricType::kInfo: return SignalKind::kConstant;
    case MetricType::kStateSet: return SignalKind::kState;
    case MetricType::kGauge:
      // "gauge" tells that it may fall, not what it is: a ratio, a latency or a state stays one.
      return named == SignalKind::kCounter || named == SignalKind::kHistogram ? SignalKind::kGauge : named;
    case MetricType::kUnknown: break;
  }
  return named;
}

// A member of a histogram or summary family by its suffix and labels.
void settle_family(const Labels& series, const Name& name, Signal& signal) {
  if (signal.kind != SignalKind::kHistogram && signal.kind != SignalKind::kSummary) return;
  if (name.last_is({"created"})) {
    signal.kind = SignalKind::kTimestamp;
  } else if (name.last_is({"count"})) {
    signal.kind = SignalKind::kCounter;
    signal.aspect = "traffic";
    signal.worse = WorseDirection::kBoth;
    signal.unit = "1/s";
  } else if (series.has("quantile")) {
    signal.kind = signal.aspect == "latency" ? SignalKind::kLatency : SignalKind::kGauge;
  }
}

std::string unit_of(const MetricMetadata* metadata, const Name& name) {
  if (metadata != nullptr && !metadata->unit.empty()) return metadata->unit;
  if (name.has({"milliseconds", "millisecond", "millis", "msec", "ms"})) return "ms";
  if (name.has({"microseconds", "usec", "us"})) return "us";
  if (name.has({"nanoseconds", "nanos", "ns"})) return "ns";
  if (name.has({"seconds", "second", "secs", "sec"})) return "seconds";
  if (name.has({"minutes"})) return "minutes";
  if (name.has({"percent", "percentage", "pct"})) return "percent";
  if (name.has({"ratio", "fraction"})) return "ratio";
  if (name.has({"bytes", "byte"})) return "bytes";
  for (const std::string_view unit :
       {"bits", "celsius", "volts", "amperes", "joules", "watts", "hertz", "requests", "packets", "messages",
        "connections", "threads", "rows", "queries", "errors"}) {
    if (name.has({unit})) return std::string(unit);
  }
  return "";
}

std::string rate_unit(const std::string& unit) {
  if (unit == "seconds") return "ratio";
  return unit.empty() ? "1/s" : unit + "/s";
}

bool server_error_label(const Labels& series) {
  for (const std::string_view label :
       {"code", "status", "status_code", "http_status", "http_response_status_code"}) {
    const std::string_view value = series.get(label);
    if (value.size() == 3 && value[0] == '5') return true;
    if (value == "error" || value == "failed" || value == "failure") return true;
  }
  return series.get("outcome") == "SERVER_ERROR" || series.get("result") == "error" ||
         series.has("error_type");
}

struct Meaning {
  const char* aspect;
  WorseDirection worse;
};

Meaning meaning_of(const Labels& series, const Name& name, SignalKind kind) {
  using enum WorseDirection;
  if (kind == SignalKind::kConstant || kind == SignalKind::kTimestamp) return {"information", kUnknown};
  if (server_error_label(series) || name.has(kErrorWords)) return {"errors", kUp};
  if (name.has({"apdex", "satisfaction", "csat", "nps"})) return {"satisfaction", kDown};
  if (name.has({"cost", "costs", "price", "spend", "dollars", "euros", "usd", "eur"})) return {"cost", kUp};
  if (name.has(
          {"revenue", "orders", "signups", "conversion", "conversions", "sales", "checkouts", "purchases"})) {
    return {"kpi", kDown};
  }
  if (name.has({"availability", "success", "successful", "uptime", "alive", "healthy", "ready"}) ||
      name.last_is({"up"})) {
    return {"availability", kDown};
  }
  const bool timed = name.has(kLatencyWords) || (name.has({"time"}) && name.has(kTimeUnits));
  if (kind == SignalKind::kLatency || (timed && kind != SignalKind::kCounter)) return {"latency", kUp};
  if (kind == SignalKind::kHistogram || kind == SignalKind::kSummary) {
    return name.has(kTimeUnits) ? Meaning{"latency", kUp} : Meaning{"traffic", kBoth};
  }
  if (name.has(kQueueWords) || name.contains("in_flight") || name.contains("in_progress"))
    return {"saturation", kUp};
  if (name.has(kLeftWords) && kind != SignalKind::kCounter) return {"utilisation", kDown};
  if (name.has({"hit"}) && kind == SignalKind::kRatio) return {"utilisation", kDown};
  if (kind == SignalKind::kGauge && (name.has(kLimitWords) || name.last_is({"total"})))
    return {"capacity", kUnknown};
  if (name.has({"cpu"}) && name.has(kTimeUnits)) return {"utilisation", kUp};
  if (name.has(kTrafficWords)) return {"traffic", kBoth};
  if (name.has(kUsedWords)) return {"utilisation", kUp};
  if (kind == SignalKind::kCounter) return {"traffic", kBoth};
  if (kind == SignalKind::kRatio) return {"utilisation", name.has(kGoodWords) ? kDown : kUnknown};
  return {"", kUnknown};
}

std::string domain_of(const Name& name) {
  struct Rule {
    const char* domain;
    std::vector<std::string_view> words;
  };
  static const std::array<Rule, 9> kRules = {{
      {"database",
       {"db", "sql", "postgres", "postgresql", "pg", "mysql", "mariadb", "mongo", "mongodb", "oracle",
        "mssql", "database", "clickhouse", "cassandra", "dynamodb", "rds"}},
      {"cache", {"redis", "memcached", "cache", "valkey", "varnish"}},
      {"queue",
       {"kafka", "rabbitmq", "nats", "sqs", "amqp", "jms", "activemq", "pulsar", "consumer", "queue",
        "broker"}},
      {"web", {"browser", "lcp", "cls", "fcp", "inp", "ttfb", "pageload", "webvitals"}},
      {"mobile", {"android", "ios", "mobile"}},
      {"data_pipeline", {"pipeline", "batch", "etl", "airflow", "spark", "flink", "dag"}},
      {"service",
       {"http", "grpc", "rpc", "api", "request", "requests", "server", "client", "jvm", "go", "process",
        "nginx", "haproxy", "envoy", "servlet"}},
      {"energy", {"watts", "joules", "power", "energy", "rapl"}},
      {"infrastructure",
       {"node", "host", "cpu", "disk", "filesystem", "memory", "network", "container", "kube", "kubelet",
        "vm", "cgroup", "machine", "hwmon"}},
  }};
  for (const Rule& rule : kRules) {
    if (name.has(rule.words)) return rule.domain;
  }
  return name.has({"revenue", "orders", "signups", "sales", "checkouts"}) ? "business" : "";
}

// Only a share that says "used" has a known end; a CPU share may well pass 100 % on several cores.
void infer_limit(const Name& name, Signal& signal) {
  if (signal.kind != SignalKind::kRatio || signal.worse != WorseDirection::kUp) return;
  if (!name.has(kShareUsedWords) || name.has({"cpu", "load"})) return;
  if (signal.unit == "percent") signal.limit_value = 100;
  if (signal.unit == "ratio") signal.limit_value = 1;
}

}  // namespace

Signal infer_signal(const Labels& series, const MetricMetadata* metadata) {
  const Name name(series.metric_name());
  Signal signal;
  signal.metric = series.metric_name();
  signal.title = name.title();
  signal.inferred = true;
  signal.domain = domain_of(name);
  signal.unit = unit_of(metadata, name);
  signal.kind = kind_of(series, metadata, name);
  const Meaning meaning = meaning_of(series, name, signal.kind);
  signal.aspect = meaning.aspect;
  signal.worse = meaning.worse;
  settle_family(series, name, signal);
  if (signal.kind == SignalKind::kCounter && signal.unit != "1/s") signal.unit = rate_unit(signal.unit);
  infer_limit(name, signal);
  signal.watch = signal.kind != SignalKind::kConstant && signal.kind != SignalKind::kTimestamp;
  return signal;
}

}  // namespace trimtab
