// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/lifetimes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/format.h"

namespace trimtab::advise::nginx {

namespace {

constexpr DurationMs kAskedAgainMs = 10 * kMinuteMs;

double unchanged_of(const Served& served) {
  double sum = 0;
  for (const ServedPath& path : served.unchanged) sum += path.requests;
  return sum;
}

bool are_many(const Served& served) {
  const double unchanged = unchanged_of(served);
  return unchanged >= kUnchangedMin && unchanged >= kUnchangedShareMin * served.requests;
}

class LifetimesAdvisor final : public ServerAdvisor {
 public:
  explicit LifetimesAdvisor(Target target) : ServerAdvisor(std::move(target), "nginx.lifetimes") {}

 protected:
  Result<std::vector<Recommendation>> look(const AdvisedServer& where, const Context& context) override {
    std::vector<Recommendation> out;
    if (target().log.empty() || !target().url.starts_with("http")) return out;
    // What is in the log may be old when there is little traffic.
    if (!lacks(TRY(read_traffic(context, where))).empty()) return out;
    const Served served = TRY(read_served(target().log));
    if (!are_many(served)) return out;
    if (samples_.empty() || context.now_ms - asked_ms_ >= kAskedAgainMs) {
      const auto& paths = served.unchanged;
      samples_ =
          TRY(ask_for(target(), {paths.data(), std::min(paths.size(), kSamplesMax)}, context.cancelled));
      asked_ms_ = context.now_ms;
    }
    if (auto advice = advise_lifetimes(served, samples_, where)) out.push_back(std::move(*advice));
    return out;
  }

 private:
  std::vector<Sample> samples_;
  TimestampMs asked_ms_ = 0;
};

}  // namespace

std::optional<Recommendation> advise_lifetimes(const Served& served, std::span<const Sample> samples,
                                               const AdvisedServer& where) {
  if (!are_many(served)) return std::nullopt;
  const double unchanged = unchanged_of(served);
  double unsaid = 0;
  std::vector<Fact> files;
  for (const ServedPath& path : served.unchanged) {
    const auto sample = std::ranges::find(samples, path.path, &Sample::path);
    if (sample == samples.end() || sample->has_lifetime) continue;
    constexpr std::size_t kShownMax = 4;
    unsaid += path.requests;
    if (files.size() < kShownMax) {
      files.push_back(
          {path.path,
           fmt::format("{} requests; neither Cache-Control nor Expires", format_number(path.requests)),
           "access log, and its answer"});
    }
  }
  if (unsaid < kUnsaidShareMin * unchanged) return std::nullopt;
  Recommendation out;
  out.fingerprint = fmt::format("nginx.lifetimes|{}", where.target);
  out.title = fmt::format("Say how long clients of {} may keep its files", where.target);
  out.why =
      "Clients ask again and again whether their copies of scripts, styles, fonts and pictures are still "
      "good, and wait "
      "for the answer that they are. Where the names change with the contents (app.3f2a.css), `expires 1y;` "
      "in their "
      "location ends that; where they do not, a short one (`expires 10m;`), since for so long a change is "
      "not seen.";
  out.evidence = {
      {"asked whether a copy is still good",
       fmt::format("{} of {} requests, {}", format_number(unchanged), format_number(served.requests),
                   format_with_unit(unchanged / served.requests, "ratio")),
       "status 304, the end of the access log"},
      {"of these without a lifetime", format_with_unit(unsaid / unchanged, "ratio") + " at least",
       "the answers of the most asked for"}};
  out.evidence.insert(out.evidence.end(), files.begin(), files.end());
  return out;
}

std::unique_ptr<Advisor> create_lifetimes_advisor(Target target) {
  return std::make_unique<LifetimesAdvisor>(std::move(target));
}

}  // namespace trimtab::advise::nginx
