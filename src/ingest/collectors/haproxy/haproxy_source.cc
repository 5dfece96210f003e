// SPDX-License-Identifier: Apache-2.0
#include "ingest/collectors/haproxy/haproxy_source.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "base/http_client.h"
#include "targets/stream_socket.h"

namespace trimtab {
namespace {

constexpr std::size_t kCitedBytesMax = 100;

class HaproxySource final : public CollectorSource {
 public:
  HaproxySource(const Target& target, const CollectorContext& context)
      : target_(target), context_(context), client_(target.auth) {}

  std::string_view up_metric() const override { return "haproxy_up"; }

  Status collect(SeriesSink& sink) override {
    const Answer answer = TRY(ask());
    put_haproxy_info(answer.info, sink);
    auto tally = put_haproxy_stat(answer.stat, sink);
    if (!tally) return detail::error_of(tally.error().within(target_.name()));
    if (tally->malformed == 0) {
      clear_problem("rows");
    } else {
      set_problem("rows", target_.name() + ": rows of the statistics could not be read and are left out");
    }
    return ok();
  }

  std::vector<std::string> check() override {
    const auto answer = ask();
    if (!answer) return {answer.error().message()};
    const auto tally = read_haproxy_csv(answer->stat, [](const HaproxyRow&) {});
    if (!tally) return {tally.error().within(target_.name()).message()};
    return {};
  }

 private:
  // Views into text_.
  struct Answer {
    std::string_view info = {};  // "" from a page
    std::string_view stat = {};
  };

  Result<Answer> ask() { return target_.url.starts_with("http") ? ask_page() : ask_socket(); }

  // The socket answers one line of commands and closes (management guide, "9.3. Unix Socket commands").
  Result<Answer> ask_socket() {
    auto connected = StreamSocket::connect(
        socket_address(target_.url),
        {.name = target_.name(), .timeout_ms = kCollectorTimeoutMs, .cancelled = context_.cancelled});
    if (!connected) return detail::error_of(with_repair(connected.error()));
    TRY(connected->send("show info;show stat\n"));
    text_.clear();
    while (TRY(connected->receive_or_end(text_))) {
      if (text_.size() <= kHaproxyBytesMax) continue;
      return fail(ErrorCode::kLimit,
                  fmt::format("{}: an answer of more than {} bytes", target_.name(), kHaproxyBytesMax));
    }
    const std::string_view text = text_;
    const std::size_t at = text.find(kHaproxyCsvHeader);
    if (at == std::string_view::npos || !text.starts_with("Name: ")) {
      const std::string_view line = text.substr(0, std::min(text.find('\n'), kCitedBytesMax));
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{}: expected the answer of show info and show stat, found \"{}\"",
                              target_.name(), line));
    }
    return Answer{.info = text.substr(0, at), .stat = text.substr(at)};
  }

  Result<Answer> ask_page() {
    HttpRequest request;
    request.url = target_.url;
    if (!request.url.ends_with(";csv")) request.url += ";csv";
    request.timeout_ms = kCollectorTimeoutMs;
    request.response_bytes_max = kHaproxyBytesMax;
    request.cancelled = context_.cancelled;
    HttpResponse answer = TRY(client_.send(request));
    const bool denied = answer.status == 401 || answer.status == 403;
    if (answer.status != 200 || !answer.body.starts_with(kHaproxyCsvHeader)) {
      return fail(
          denied ? ErrorCode::kDenied : ErrorCode::kUnavailable,
          fmt::format("{}: {} answered with status {}; expected 200 and the statistics as CSV{}",
                      target_.name(), redact_url(request.url), answer.status,
                      denied ? "; repair: give the target basic_auth as `stats auth` has it"
                             : "; repair: `stats enable` and `stats uri` in a frontend. A Prometheus page "
                               "belongs under scrape_configs"));
    }
    text_ = std::move(answer.body);
    return Answer{.stat = text_};
  }

  // A socket that is there and may not be used: its rights are HAProxy's to give.
  Error with_repair(const Error& error) const {
    const std::string path = socket_address(target_.url);
    if (!path.starts_with('/') || ::access(path.c_str(), F_OK) != 0 ||
        ::access(path.c_str(), R_OK | W_OK) == 0)
      return error;
    return Error(
        ErrorCode::kDenied,
        fmt::format("{}; repair: `stats socket {} mode 660 group GROUP level user` in the section global, "
                    "with a group that Trimtab is in",
                    error.message(), path));
  }

  const Target target_;
  const CollectorContext context_;
  HttpClient client_;
  std::string text_;
};

}  // namespace

std::unique_ptr<CollectorSource> create_haproxy_source(const Target& target,
                                                       const CollectorContext& context) {
  return std::make_unique<HaproxySource>(target, context);
}

}  // namespace trimtab
