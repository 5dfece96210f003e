// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/connections.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>

#include "advise/series.h"
#include "base/format.h"

namespace trimtab::advise::nginx {

namespace {

double whole_number(std::string_view text, double otherwise) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc() && end == text.data() + text.size() && value > 0 ? value : otherwise;
}

std::string first_line(const std::string& path) {
  std::ifstream in(path);
  std::string line;
  std::getline(in, line);
  return line;
}

// Of the master: workers take its limits over, unless worker_rlimit_nofile says otherwise.
double open_files_of(const Target& target) {
  constexpr std::size_t kBytesMax = 8 << 10;
  const std::string pid = first_line(target.pid_file.empty() ? "/run/nginx.pid" : target.pid_file);
  if (whole_number(pid, 0) <= 1) return 0;
  std::ifstream in(fmt::format("/proc/{}/limits", pid));
  std::string text(kBytesMax, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return open_files_limit(text);
}

class ConnectionsAdvisor final : public ServerAdvisor {
 public:
  explicit ConnectionsAdvisor(Target target) : ServerAdvisor(std::move(target), "nginx.connections") {}

 protected:
  Result<std::vector<Recommendation>> look(const AdvisedServer& where, const Context& context) override {
    // Nobody counts, or nobody can be told: nothing to say.
    if (!target().url.starts_with("http") || target().config.empty()) return std::vector<Recommendation>{};
    ConnectionsLook look;
    look.seconds = TRY(seconds_of(context, where, "nginx_connections_accepted"));
    look.accepted =
        TRY(number_of(context, where, "sum(increase(nginx_connections_accepted{labels}[{window}]))"));
    look.handled =
        TRY(number_of(context, where, "sum(increase(nginx_connections_handled{labels}[{window}]))"));
    look.active_max =
        TRY(number_of(context, where, "max(max_over_time(nginx_connections_active{labels}[{window}]))"));
    look.collector_interval_ms = target().interval_ms;
    look.configuration = TRY(read_configuration(target().config));
    look.open_files_max = open_files_of(target());
    std::vector<Recommendation> out;
    if (auto advice = advise_connections(look, where)) out.push_back(std::move(*advice));
    return out;
  }
};

}  // namespace

double whole_number(const Directive* directive, double otherwise) {
  return directive != nullptr && directive->words.size() == 2 ? whole_number(directive->words[1], otherwise)
                                                              : otherwise;
}

Measure closed_share(const AdvisedServer& where) {
  return {.title = "share of connections closed unserved",
          .expression = fmt::format("1 - sum(rate(nginx_connections_handled{0}[{{{{.step}}}}])) / "
                                    "sum(rate(nginx_connections_accepted{0}[{{{{.step}}}}]))",
                                    where.labels()),
          .unit = "ratio",
          .worse = WorseDirection::kUp};
}

double open_files_limit(std::string_view limits) {
  constexpr std::string_view kName = "Max open files";
  const std::size_t at = limits.find(kName);
  if (at == std::string_view::npos) return 0;
  limits.remove_prefix(at + kName.size());
  limits.remove_prefix(std::min(limits.find_first_not_of(' '), limits.size()));
  return whole_number(limits.substr(0, limits.find(' ')), 0);
}

std::optional<Recommendation> advise_connections(const ConnectionsLook& look, const AdvisedServer& where) {
  const double dropped = look.accepted - look.handled;
  // Also when one is not known.
  if (look.seconds < kTrafficSecondsMin) return std::nullopt;
  if (!(dropped >= kDroppedMin && dropped >= kDroppedShareMin * look.accepted)) return std::nullopt;
  const Directive* events = find(look.configuration.directives, "events");
  if (events == nullptr || !events->is_block) return std::nullopt;
  const Directive* set = find(events->inside, "worker_connections");
  const double now = whole_number(set, kConnectionsDefault);
  const double files =
      whole_number(find(look.configuration.directives, "worker_rlimit_nofile"), look.open_files_max);
  const double wanted = std::exp2(std::floor(std::log2(2 * now)) + 1);
  // A proxied request holds a connection to the client and one to the upstream: two files.
  const bool fits = files == 0 || 2 * wanted <= files;

  const std::string period =
      "the last " + format_duration_human(static_cast<DurationMs>(look.seconds) * kSecondMs);
  Recommendation out;
  out.fingerprint = fmt::format("nginx.worker_connections|{}", where.target);
  out.title =
      fits ? fmt::format("Set worker_connections of {} to {:.0f}", where.target, wanted)
           : fmt::format("Raise the open files of {}'s workers, then worker_connections", where.target);
  out.why = "Connections are closed unserved because no worker has one left; those clients see a reset.";
  out.evidence = {{"connections closed unserved",
                   fmt::format("{} of {}", format_number(dropped), format_number(look.accepted)),
                   "stub_status, accepted less handled, " + period},
                  {"active at once", format_number(look.active_max), "stub_status, highest of " + period},
                  {"worker_connections", fmt::format("{:.0f} a worker", now),
                   set == nullptr ? "the default" : look.configuration.files[set->file].path}};
  if (files > 0) {
    out.evidence.push_back({"open files", fmt::format("{:.0f} a worker", files), "limit of the process"});
  }
  out.cost = fmt::format("about {} of memory a worker", format_bytes((wanted - now) * 512));
  out.risk_reason = "more requests at once reach what stands behind";
  out.verify.target = closed_share(where);
  out.expected = {out.verify.target.expression, -1, -0.5};
  out.verify.minimum_effect = 0.25;
  if (where.has_log) out.verify.guards = request_guards(where);
  out.verify.step_ms = look_step({look.accepted, look.seconds}, look.collector_interval_ms);
  out.verify.before_ms = std::max<DurationMs>(30 * kMinuteMs, 12 * out.verify.step_ms);
  out.verify.observe_min_ms = 6 * out.verify.step_ms;
  if (!fits) return out;
  const std::string text = fmt::format("worker_connections {:.0f};", wanted);
  const Directive& place = set != nullptr ? *set : *events;
  const ConfigFile& file = look.configuration.files[place.file];
  const auto edit =
      set != nullptr
          ? edit_of(file, set->begin, set->end, text)
          : edit_of(file, events->begin, events->body,
                    file.text.substr(events->begin, events->body - events->begin) + "\n    " + text);
  if (edit) {
    out.action = edit_action(*edit, where);
  }
  return out;
}

std::unique_ptr<Advisor> create_connections_advisor(Target target) {
  return std::make_unique<ConnectionsAdvisor>(std::move(target));
}

}  // namespace trimtab::advise::nginx
