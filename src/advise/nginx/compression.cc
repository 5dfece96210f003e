// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/compression.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include "base/format.h"

namespace trimtab::advise::nginx {

namespace {

constexpr double kSavedShareMin = 0.1;
constexpr double kClientsOfferingMin = 0.5;
// gzip's header and trailer, RFC 1952; compress2() writes zlib's of 6 bytes.
constexpr double kGzipFrameBytes = 12;

bool is_text_type(const std::string& type) {
  static constexpr std::array<std::string_view, 15> kTypes{"text/html",
                                                           "text/css",
                                                           "text/plain",
                                                           "text/xml",
                                                           "text/csv",
                                                           "text/javascript",
                                                           "image/svg+xml",
                                                           "text/markdown",
                                                           "application/javascript",
                                                           "application/json",
                                                           "application/xml",
                                                           "application/x-javascript",
                                                           "application/rss+xml",
                                                           "application/manifest+json",
                                                           "application/ld+json"};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

// The share of a path's bytes that compressing it saves; 0: none, or not sure.
double saved_share(const ServedPath& path, const Sample& sample) {
  const double logged = path.bytes / std::max(1.0, path.requests);
  if (sample.is_encoded || !is_text_type(sample.media_type) || sample.bytes < kCompressBytesMin ||
      logged < sample.bytes / 2 || logged > sample.bytes * 2) {
    return 0;
  }
  const double saved = 1 - (sample.compressed + kGzipFrameBytes) / sample.bytes;
  return saved < kSavedShareMin ? 0 : saved;
}

// Of the share saved as a ratio of two means over requests (Cochran, Sampling Techniques, 1977, 6.4). Within
// a path all requests count as equal.
double standard_error(const Served& served, std::span<const std::pair<ServedPath, double>> gains,
                      double share) {
  double squares = 0, others = served.bytes_squared;
  for (const auto& [path, saved] : gains) {
    const double of_path = path.bytes * path.bytes / std::max(1.0, path.requests);
    squares += of_path * (saved - share) * (saved - share);
    others -= of_path;
  }
  return std::sqrt(squares + std::max(0.0, others) * share * share) / served.bytes;
}

// Whoever answers chooses his media type, and it becomes a word of the configuration: no blanks, quotes,
// braces or comments. RFC 6838 allows a few signs more that no type of text has.
bool is_plain(std::string_view media_type) {
  return !media_type.empty() && std::ranges::all_of(media_type, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/.+-_").contains(c);
  });
}

class CompressionAdvisor final : public ServerAdvisor {
 public:
  explicit CompressionAdvisor(Target target) : ServerAdvisor(std::move(target), "nginx.compression") {}

 protected:
  Result<std::vector<Recommendation>> look(const AdvisedServer& where, const Context& context) override {
    // Without these there is nothing to see, or nobody to ask.
    if (target().log.empty() || target().config.empty() || !target().url.starts_with("http")) {
      return std::vector{not_enough("No advice on compression of " + where.target,
                                    "log, url (http) and config of the target")};
    }
    CompressionLook look;
    look.traffic = TRY(read_traffic(context, where));
    if (const std::string needs = lacks(look.traffic); !needs.empty()) {
      return std::vector{not_enough("No advice on compression of " + where.target + " yet", needs)};
    }
    look.collector_interval_ms = target().interval_ms;
    look.configuration = TRY(read_configuration(target().config));
    look.served = TRY(read_served(target().log));
    look.samples = TRY(ask(look, context));
    std::vector<Recommendation> out;
    if (auto advice = advise_compression(look, where)) out.push_back(std::move(*advice));
    return out;
  }

 private:
  // Not the same again within kSamplesKeptMs, unless the configuration is another.
  Result<std::vector<Sample>> ask(const CompressionLook& look, const Context& context) {
    const auto& texts = look.served.texts;
    const std::span<const ServedPath> wanted(texts.data(), std::min(texts.size(), kSamplesMax));
    std::set<std::string> paths;
    for (const ServedPath& path : wanted) paths.insert(path.path);
    std::string configuration;
    for (const ConfigFile& file : look.configuration.files) configuration += file.text;
    if (paths == asked_ && configuration == asked_configuration_ &&
        context.now_ms - asked_ms_ < kSamplesKeptMs) {
      return samples_;
    }
    samples_ = TRY(ask_for(target(), wanted, context.cancelled));
    asked_ = std::move(paths);
    asked_configuration_ = std::move(configuration);
    asked_ms_ = context.now_ms;
    return samples_;
  }

  std::set<std::string> asked_;
  std::string asked_configuration_;
  TimestampMs asked_ms_ = 0;
  std::vector<Sample> samples_;
};

}  // namespace

CompressionGain compression_gain(const Served& served, std::span<const Sample> samples) {
  CompressionGain out;
  if (served.bytes <= 0) return out;
  std::map<std::string_view, const Sample*> asked;
  for (const Sample& sample : samples) asked[sample.path] = &sample;
  std::set<std::string> types;
  double saved = 0, unknown = 0;
  std::vector<std::pair<ServedPath, double>> gains;
  for (const ServedPath& path : served.texts) {
    const auto sample = asked.find(path.path);
    if (sample == asked.end()) {
      if (path.bytes >= kCompressBytesMin * path.requests) unknown += path.bytes;
      continue;
    }
    const double share = saved_share(path, *sample->second);
    if (share == 0 || !is_plain(sample->second->media_type)) continue;
    types.insert(sample->second->media_type);
    out.bytes += path.bytes;
    saved += share * path.bytes;
    gains.emplace_back(path, share);
  }
  if (out.bytes == 0) return out;
  out.media_types.assign(types.begin(), types.end());
  out.high = -kClientsOfferingMin * saved / served.bytes;
  const double likely = (saved + unknown * saved / out.bytes) / served.bytes;
  out.low = -std::min(1.0, likely + 3 * standard_error(served, gains, saved / served.bytes));
  return out;
}

std::optional<ConfigEdit> compression_edit(const Configuration& configuration,
                                           const std::vector<std::string>& media_types) {
  const Directive* http = find(configuration.directives, "http");
  if (http == nullptr || !http->is_block) return std::nullopt;
  for (const char* name : {"gzip", "gzip_types", "gzip_min_length"}) {
    if (count_inside(http->inside, name) > 0) return std::nullopt;
  }
  const Directive* gzip = find(http->inside, "gzip");
  const Directive* types = find(http->inside, "gzip_types");
  const auto is_listed = [&](const std::string& type) {
    return types != nullptr && std::ranges::find(types->words, type) != types->words.end();
  };
  std::string missing;                           // " text/css text/plain"
  for (const std::string& type : media_types) {  // text/html is always compressed, and warned of
    if (type != "text/html" && !is_listed("*") && !is_listed(type)) missing += " " + type;
  }

  std::string added;
  if (gzip == nullptr || gzip->words.size() != 2 || gzip->words[1] != "on") added += "\n    gzip on;";
  if (find(http->inside, "gzip_vary") == nullptr) added += "\n    gzip_vary on;";
  if (find(http->inside, "gzip_min_length") == nullptr) {
    added += fmt::format("\n    gzip_min_length {:.0f};", kCompressBytesMin);
  }
  if (types == nullptr && !missing.empty()) added += fmt::format("\n    gzip_types{};", missing);
  // Compression is on for these types and yet the answers were not compressed: something else is the matter.
  if (gzip != nullptr && !added.contains("gzip on;") && missing.empty()) return std::nullopt;

  std::vector<Splice> splices;
  const std::size_t file = gzip != nullptr ? gzip->file : http->file;
  if (gzip == nullptr) {
    const std::string_view head =
        std::string_view(configuration.files[file].text).substr(http->begin, http->body - http->begin);
    splices.push_back({http->begin, http->body, std::string(head) + added});
  } else if (added.contains("gzip on;")) {
    splices.push_back({gzip->begin, gzip->end, added.substr(added.find('g'))});
  } else {
    splices.push_back({gzip->begin, gzip->end, "gzip on;" + added});
  }
  if (types != nullptr && !missing.empty()) {
    if (types->file != file || types->is_block) return std::nullopt;
    splices.push_back(
        {types->end - 1, types->end, missing + ";"});  // what stands there stays as it is quoted
  }
  return edit_of_all(configuration.files[file], std::move(splices));
}

namespace {

// Whether what is served may hold secrets beside what a stranger chose: BREACH needs both, and TLS.
bool may_leak(const Configuration& configuration) {
  const std::span<const Directive> all = configuration.directives;
  std::size_t passed = 0;
  for (const char* name : {"proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass"}) {
    passed += count_inside(all, name);
  }
  return passed > 0 && count_inside(all, "ssl_certificate") > 0;
}

std::vector<Fact> evidence_of(const CompressionLook& look, const CompressionGain& gain) {
  std::vector<Fact> out;
  out.push_back({"bytes per request", format_bytes(look.served.bytes / look.served.requests),
                 fmt::format("the last {:.0f} requests of the access log", look.served.requests)});
  out.push_back({"files of text that are not compressed",
                 fmt::format("{} of the bytes: {}", format_with_unit(gain.bytes / look.served.bytes, "ratio"),
                             fmt::join(gain.media_types, ", ")),
                 "access log, and the answers"});
  constexpr std::size_t kShownMax = 4;
  for (const Sample& sample : look.samples) {
    if (sample.is_encoded || out.size() >= 2 + kShownMax) continue;
    out.push_back(
        {sample.path,
         fmt::format("{}, {} compressed", format_bytes(sample.bytes), format_bytes(sample.compressed)),
         "asked for with Accept-Encoding: gzip; zlib at level 1"});
  }
  return out;
}

void set_verification(const CompressionLook& look, const AdvisedServer& where, const CompressionGain& gain,
                      Recommendation& out) {
  out.verify.target = {
      .title = "bytes per request",
      .expression = fmt::format("sum(rate(nginx_http_response_size_bytes_total{0}[{{{{.step}}}}])) / "
                                "sum(rate(nginx_http_response_count_total{0}[{{{{.step}}}}]))",
                                where.labels()),
      .unit = "bytes",
      .worse = WorseDirection::kUp};
  out.expected = {out.verify.target.expression, gain.low, gain.high};
  out.verify.minimum_effect = std::max(kGainMin, -gain.high / 2);
  out.verify.guards = request_guards(where);
  out.verify.step_ms = look_step(look.traffic, look.collector_interval_ms);
  out.verify.before_ms = std::max(kTrafficWindowMs, 12 * out.verify.step_ms);
  out.verify.observe_min_ms = 6 * out.verify.step_ms;
}

}  // namespace

std::optional<Recommendation> advise_compression(const CompressionLook& look, const AdvisedServer& where) {
  const CompressionGain gain = compression_gain(look.served, look.samples);
  if (gain.high > -kGainMin) return std::nullopt;
  const double bytes_per_second = look.served.bytes / look.served.requests * look.traffic.per_second();
  const double saved_per_day = -gain.high * bytes_per_second * (static_cast<double>(kDayMs) / kSecondMs);
  if (saved_per_day < kSavedBytesPerDayMin) return std::nullopt;

  Recommendation out;
  out.fingerprint = fmt::format("nginx.compression|{}", where.target);
  out.title = fmt::format("Compress {} at {}", fmt::join(gain.media_types, ", "), where.target);
  out.why = fmt::format(
      "Files of text are sent as they are to clients that may take them compressed: at "
      "least {} a day too much.",
      format_bytes(saved_per_day));
  out.evidence = evidence_of(look, gain);
  out.cost =
      "CPU time of the workers for each compressed answer; such an answer has no Content-Length and a "
      "weak ETag";
  const bool leak = may_leak(look.configuration);
  out.risk = leak ? Risk::kMedium : Risk::kLow;
  out.risk_reason = leak ? "answers over TLS that hold a secret beside what a request said can be guessed by "
                           "their compressed length (BREACH)"
                         : "workers need more CPU time";
  set_verification(look, where, gain, out);
  if (const auto edit = compression_edit(look.configuration, gain.media_types)) {
    out.action = edit_action(*edit, where);
  } else {
    out.why +=
        " It is set in several places, or beside what reads like a secret: a person must decide where.";
  }
  return out;
}

std::unique_ptr<Advisor> create_compression_advisor(Target target) {
  return std::make_unique<CompressionAdvisor>(std::move(target));
}

}  // namespace trimtab::advise::nginx
