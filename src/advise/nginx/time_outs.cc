// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/time_outs.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "advise/nginx/proxying.h"
#include "advise/recommending.h"
#include "advise/series.h"
#include "base/format.h"

namespace trimtab::advise::nginx {

namespace {

constexpr double kQuantile = 0.999;
constexpr double kSome = 0.5;           // increase() of counts is not whole
constexpr double kMeasurableMin = 0.1;  // less of the mean time is not worth trying to see
constexpr double kHungPerStep = 5;
constexpr DurationMs kStepMax = 5 * kMinuteMs;

// "60", "60s", "1m", "500ms" in seconds (nginx.org/en/docs/syntax.html); NaN for others.
double duration_seconds(const std::string& text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (problem == std::errc() && (unit.empty() || unit == "s")) return value;
  if (problem == std::errc() && unit == "ms") return value / 1e3;
  if (problem == std::errc() && unit == "m") return value * 60;
  return std::nan("");
}

// Rounded up to a number that people would write.
double round_seconds(double value) {
  for (const double nice : {5, 10, 15, 20, 30, 45}) {
    if (value <= nice) return nice;
  }
  return std::ceil(value / 60) * 60;
}

bool has_inside(const Directive& block, std::string_view name, std::string_view first_word) {
  return std::ranges::any_of(block.inside, [&](const Directive& one) {
    return (one.name() == name && one.words.size() > 1 && one.words[1] == first_word) ||
           has_inside(one, name, first_word);
  });
}

// One of the two directives, judged.
class TimeOutRule {
 public:
  struct Kind {
    const char* directive;
    const char* what;  // is measured
    TimesLook TimeOutLook::* times;
    double TimeOutLook::* hung;
    bool hung_have_times;  // all that waited in vain are among the times
  };
  TimeOutRule(const TimeOutLook& look, const AdvisedServer& where, const Kind& kind)
      : look_(look),
        where_(where),
        kind_(kind),
        times_(look.*(kind.times)),
        hung_(look.*(kind.hung)),
        http_(*find(look.configuration.directives, "http")),
        set_(find(http_.inside, kind.directive)) {}

  std::optional<Recommendation> run() {
    now_ = set_ == nullptr ? kTimeOutDefault : set_->words.size() == 2 ? duration_seconds(set_->words[1]) : 0;
    if (!(now_ > 0) || hung_ < kHungMin || count_inside(http_.inside, kind_.directive) > 0)
      return std::nullopt;
    const double served = kind_.hung_have_times ? times_.total - look_.read - look_.connect : times_.total;
    if (served < kTimedMin) return not_enough(served);
    // The bound below which so many of what was served lie: at least the percentile.
    const auto* place =
        std::ranges::find_if(times_.up_to, [&](double count) { return count >= kQuantile * served; });
    if (place == times_.up_to.end()) return std::nullopt;
    percentile_ = kTimeBounds[static_cast<std::size_t>(place - times_.up_to.begin())];
    wanted_ = round_seconds(std::max(kTimeOutMin, kTimeOutFactor * percentile_));
    if (wanted_ > now_ / 2) return std::nullopt;
    // Whoever took longer and was served would be cut off.
    const auto* bound = std::ranges::upper_bound(kTimeBounds, wanted_) - 1;
    const double within = times_.up_to[static_cast<std::size_t>(bound - kTimeBounds.begin())];
    if (served - within > kSome) return std::nullopt;
    return advice(served);
  }

 private:
  std::optional<Recommendation> not_enough(double served) const {
    const double rate = look_.window_seconds > 0 ? served / look_.window_seconds : 0;
    const double hours = std::ceil((kTimedMin - served) / std::max(rate, 1e-9) / 3600);
    return not_enough_data(
        fmt::format("nginx.{}.needs|{}", kind_.directive, where_.target),
        fmt::format("No advice on {} of {} yet", kind_.directive, where_.target),
        rate * static_cast<double>(kTimeOutWindowMs) / kSecondMs >= kTimedMin
            ? fmt::format("{:.0f} more hour{} of requests", hours, hours > 1 ? "s" : "")
            : fmt::format("{:.0f} requests that are passed on within a day; there were {:.0f}", kTimedMin,
                          served));
  }

  Recommendation advice(double served) const {
    const std::string period =
        "access log, " + format_duration_human(static_cast<DurationMs>(look_.window_seconds) * kSecondMs);
    Recommendation out;
    out.fingerprint = fmt::format("nginx.{}|{}", kind_.directive, where_.target);
    out.title = fmt::format("Set {} of {} to {:.0f} s", kind_.directive, where_.target, wanted_);
    out.why = fmt::format(
        "Requests wait {:.0f} s for upstreams that do not answer any more, and hold a connection at both "
        "sides; "
        "what is served at all is served far sooner.",
        now_);
    out.evidence = {
        {fmt::format("99.9 % of {}", kind_.what),
         fmt::format("within {}, of {}", format_with_unit(percentile_, "seconds"), format_number(served)),
         period},
        // 3/n: the upper end of 95 % for a share of which none was seen (Hanley, Lippman-Hand, 1983).
        {fmt::format("served after more than {:.0f} s", wanted_),
         fmt::format("none, so less than {}", format_with_unit(3 / served, "ratio")), period},
        {"waited in vain", format_number(hung_), "status 504, " + period},
        {kind_.directive, fmt::format("{:.0f} s", now_),
         set_ == nullptr ? "the default" : look_.configuration.files[set_->file].path}};
    out.benefit_seconds_per_day =
        hung_ * (now_ - wanted_) / look_.window_seconds * (static_cast<double>(kDayMs) / kSecondMs);
    out.cost = "an answer that would have come later than that is lost";
    out.risk = Risk::kMedium;
    out.risk_reason =
        "work that is seldom slow (a monthly report) is cut off; another upstream may be asked for the same "
        "sooner";
    set_action(out, set_verification(out));
    return out;
  }

  // Whether the effect can be told by measuring.
  bool set_verification(Recommendation& out) const {
    const double saved = hung_ * (now_ - wanted_) / std::max(look_.answers.seconds, 1e-9);
    out.verify.target = {
        .title = "mean time of the upstreams",
        .expression = fmt::format("sum(rate(nginx_http_upstream_time_seconds_sum{0}[{{{{.step}}}}])) / "
                                  "sum(rate(nginx_http_upstream_time_seconds_count{0}[{{{{.step}}}}]))",
                                  where_.labels()),
        .unit = "seconds",
        .worse = WorseDirection::kUp};
    out.expected = {out.verify.target.expression, -std::min(0.99, 1.5 * saved), -std::min(0.9, 0.5 * saved)};
    out.verify.minimum_effect = std::clamp(0.5 * saved, 0.05, 0.5);
    out.verify.guards = {request_guards(where_).back()};
    const double seconds = std::min(1e6, kHungPerStep * look_.window_seconds / hung_);
    out.verify.step_ms =
        std::max(look_step({look_.answers.total, look_.window_seconds}, look_.collector_interval_ms),
                 static_cast<DurationMs>(std::ceil(seconds)) * kSecondMs);
    out.verify.before_ms = std::max(kTrafficWindowMs, 20 * out.verify.step_ms);
    out.verify.settle_ms =
        static_cast<DurationMs>(now_) * kSecondMs;  // requests under way keep what they had
    out.verify.observe_min_ms = out.verify.settle_ms + 6 * out.verify.step_ms;
    return saved >= kMeasurableMin && out.verify.step_ms <= kStepMax;
  }

  void set_action(Recommendation& out, bool is_measurable) const {
    const std::string text = fmt::format("{} {:.0f}s;", kind_.directive, wanted_);
    const Directive& place = set_ != nullptr ? *set_ : http_;
    const ConfigFile& file = look_.configuration.files[place.file];
    const auto edit =
        set_ != nullptr ? edit_of(file, place.begin, place.end, text)
                        : edit_of(file, place.begin, place.body,
                                  file.text.substr(place.begin, place.body - place.begin) + "\n    " + text);
    if (edit && is_measurable) {
      out.action = edit_action(*edit, where_);
      return;
    }
    out.verify = {};
    out.expected = {};
    out.why += fmt::format(" `{}` in the http block ends them sooner.", text);
    if (!is_measurable)
      out.why += " They are too few to prove that by measurement, so it is for people to set.";
  }

  const TimeOutLook& look_;
  const AdvisedServer& where_;
  const Kind& kind_;
  const TimesLook& times_;
  const double hung_;
  const Directive& http_;
  const Directive* set_;
  double now_ = 0;
  double percentile_ = 0;
  double wanted_ = 0;
};

class TimeOutsAdvisor final : public ServerAdvisor {
 public:
  explicit TimeOutsAdvisor(Target target) : ServerAdvisor(std::move(target), "nginx.time_outs") {}

 protected:
  Result<std::vector<Recommendation>> look(const AdvisedServer& where, const Context& context) override {
    if (target().log.empty() || target().config.empty()) return std::vector<Recommendation>{};
    TimeOutLook look;
    look.configuration = TRY(read_configuration(target().config));
    look.collector_interval_ms = target().interval_ms;
    const std::string timeouts = "nginx_http_upstream_timeouts_total";
    look.read = TRY(count(context, timeouts + where.labels(",phase=\"read\"")));
    look.connect = TRY(count(context, timeouts + where.labels(",phase=\"connect\"")));
    look.unknown = TRY(count(context, timeouts + where.labels(",phase=\"unknown\"")));
    // Without these there is no reason, and nothing more to ask.
    if (std::max({look.read, look.connect, look.unknown}) < kHungMin) return std::vector<Recommendation>{};
    look.answers = TRY(read_times(context, where, "nginx_http_upstream_time_seconds"));
    look.connects = TRY(read_times(context, where, "nginx_http_upstream_connect_time_seconds"));
    const double seconds = TRY(value_now(
        context,
        fmt::format(
            "time() - min(min_over_time(timestamp(nginx_http_upstream_time_seconds_count{})[{}s:10s]))",
            where.labels(), kTimeOutWindowMs / kSecondMs)));
    look.window_seconds = std::isfinite(seconds) ? seconds : 0;
    return advise_time_outs(look, where);
  }

 private:
  static Result<double> count(const Context& context, const std::string& series) {
    const double sum =
        TRY(value_now(context, fmt::format("sum(increase({}[{}s]))", series, kTimeOutWindowMs / kSecondMs)));
    return std::isfinite(sum) ? sum : 0;
  }
  static Result<TimesLook> read_times(const Context& context, const AdvisedServer& where,
                                      const std::string& name) {
    TimesLook out;
    out.total = TRY(count(context, name + "_count" + where.labels()));
    out.seconds = TRY(count(context, name + "_sum" + where.labels()));
    for (std::size_t i = 0; i < kTimeBounds.size(); ++i) {
      const std::string bound = fmt::format(",le=\"{}\"", kTimeBounds[i]);
      out.up_to[i] = TRY(count(context, name + "_bucket" + where.labels(bound)));
    }
    return out;
  }
};

}  // namespace

std::vector<Recommendation> advise_time_outs(const TimeOutLook& look, const AdvisedServer& where) {
  std::vector<Recommendation> out;
  const Directive* http = find(look.configuration.directives, "http");
  if (http == nullptr || !http->is_block || proxy_places(look.configuration).empty()) return out;
  if (look.window_seconds < kTrafficSecondsMin) return out;
  for (const char* other : {"fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"}) {
    if (count_inside(http->inside, other) > 0) return out;
  }
  if (has_inside(*http, "proxy_set_header", "Upgrade")) return out;
  if (look.unknown >= kHungMin) {
    out.push_back(not_enough_data(fmt::format("nginx.time_outs.needs|{}", where.target),
                                  "No advice on time-outs of " + where.target,
                                  "the time to connect in the access log: uct=\"$upstream_connect_time\""));
    return out;
  }
  static constexpr TimeOutRule::Kind kKinds[] = {
      {"proxy_read_timeout", "answers", &TimeOutLook::answers, &TimeOutLook::read, true},
      {"proxy_connect_timeout", "connections", &TimeOutLook::connects, &TimeOutLook::connect, false}};
  for (const auto& kind : kKinds) {
    if (auto advice = TimeOutRule(look, where, kind).run()) out.push_back(std::move(*advice));
  }
  return out;
}

std::unique_ptr<Advisor> create_time_outs_advisor(Target target) {
  return std::make_unique<TimeOutsAdvisor>(std::move(target));
}

}  // namespace trimtab::advise::nginx
