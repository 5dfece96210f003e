// SPDX-License-Identifier: Apache-2.0
#include "act/haproxy/haproxy_executor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>

#include "act/config/config_editor.h"
#include "act/haproxy/haproxy_master.h"
#include "base/process.h"

namespace trimtab::act {

namespace {

namespace fs = std::filesystem;

constexpr DurationMs kTestTimeoutMs = 30 * kSecondMs;

class Haproxy final : public ConfiguredServer {
 public:
  explicit Haproxy(HaproxyPlace place) : place_(std::move(place)) {}

  Status ready() override {
    TRY(master());
    return ok();
  }

  Status test() override {
    const HaproxyMaster running = TRY(master());
    std::vector<std::string> command{place_.binary, "-c"};
    for (const std::string& file : running.configurations()) command.insert(command.end(), {"-f", file});
    const ProcessResult tested =
        TRY(run_process({.command = std::move(command), .timeout_ms = kTestTimeoutMs}));
    if (tested.exit_code == 0) return ok();
    // Before the alerts it tells its version and where it is.
    const std::size_t alert = tested.output.find("[ALERT]");
    return invalid(fmt::format("haproxy -c refuses it: {}",
                               tested.output.substr(alert == std::string::npos ? 0 : alert, 500)));
  }

  Result<std::string> load(const std::atomic<bool>& cancelled) override {
    const HaproxyMaster running = TRY(master());
    return running.load(cancelled);
  }

  Result<std::string> running() override {
    const HaproxyMaster found = TRY(master());
    return found.running();
  }

 private:
  // One that runs with the configuration file of the target.
  Result<HaproxyMaster> master() {
    HaproxyMaster found =
        TRY(HaproxyMaster::find(place_.pid_file, fs::path(place_.binary).filename().string()));
    std::error_code ignored;
    const fs::path config = fs::canonical(place_.config, ignored);
    for (const std::string& one : found.configurations()) {
      const fs::path used = fs::canonical(one, ignored);
      if (!used.empty() && (used == config || used == config.parent_path())) return found;
    }
    return invalid(fmt::format("HAProxy runs with {}, not with {} (config of the target)",
                               fmt::join(found.configurations(), ", "), place_.config));
  }

  const HaproxyPlace place_;
};

}  // namespace

std::unique_ptr<Executor> create_haproxy_editor(HaproxyAccess access) {
  return create_config_editor({"haproxy.edit", "haproxy -c"},
                              [access = std::move(access)](const std::string& target) -> Result<ConfigPlace> {
                                HaproxyPlace place = TRY(access(target));
                                std::string config = place.config;
                                return ConfigPlace{std::move(config),
                                                   std::make_unique<Haproxy>(std::move(place))};
                              });
}

}  // namespace trimtab::act
