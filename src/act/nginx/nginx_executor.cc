// SPDX-License-Identifier: Apache-2.0
#include "act/nginx/nginx_executor.h"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>

#include "act/config/config_editor.h"
#include "base/process.h"

namespace trimtab::act {

namespace {

constexpr DurationMs kTestTimeoutMs = 30 * kSecondMs;

class Nginx final : public ConfiguredServer {
 public:
  explicit Nginx(NginxPlace place) : place_(std::move(place)) {}

  Status ready() override { return ok(); }

  Status test() override {
    const ProcessResult tested = TRY(run_process(
        {.command = {place_.binary, "-t", "-q", "-c", place_.config}, .timeout_ms = kTestTimeoutMs}));
    if (tested.exit_code == 0) return ok();
    return invalid(fmt::format("nginx -t refuses it: {}", tested.output.substr(0, 500)));
  }

  // A SIGHUP that comes while nginx is loading makes it load once more, so asking is enough.
  Result<std::string> load(const std::atomic<bool>&) override {
    std::ifstream in(place_.pid_file, std::ios::binary);
    if (!in) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("nginx is not running: {}: {}", place_.pid_file, std::strerror(errno)));
    }
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    pid_t master = 0;
    std::from_chars(text.data(), text.data() + text.size(), master);
    if (master <= 1)
      return fail(ErrorCode::kUnavailable, fmt::format("{}: no process number", place_.pid_file));
    if (kill(master, SIGHUP) == 0) return "";
    if (errno == ESRCH) return fail(ErrorCode::kUnavailable, "nginx is not running");
    return fail(errno == EPERM ? ErrorCode::kDenied : ErrorCode::kIo,
                fmt::format("reloading nginx: {}", std::strerror(errno)));
  }

  Result<std::string> running() override { return ""; }

 private:
  const NginxPlace place_;
};

}  // namespace

std::unique_ptr<Executor> create_nginx_editor(NginxAccess access) {
  return create_config_editor({"nginx.edit", "nginx -t"},
                              [access = std::move(access)](const std::string& target) -> Result<ConfigPlace> {
                                NginxPlace place = TRY(access(target));
                                std::string config = place.config;
                                return ConfigPlace{std::move(config),
                                                   std::make_unique<Nginx>(std::move(place))};
                              });
}

}  // namespace trimtab::act
