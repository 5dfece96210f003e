// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "base/clock.h"
#include "cli/exit_code.h"
#include "cli/signals.h"
#include "cli/verb.h"
#include "server/application.h"

namespace trimtab::cli {
namespace {

int serve(const Arguments& arguments) {
  ConfigurationSources sources;
  sources.file = arguments.get("config");
  sources.flags = arguments.settings;
  auto configuration = load_configuration(sources);
  if (!configuration) return report(configuration.error());
  const auto logger = create_stderr_logger(configuration->log_level, configuration->log_format);
  const SystemClock clock;
  Signals signals;  // before any thread: they inherit the mask
  auto application = Application::start(std::move(*configuration), clock, *logger);
  if (!application) return report(application.error());
  int number = signals.wait();
  while (number == SIGHUP) {
    const Status reloaded = (*application)->reload();
    if (reloaded) {
      logger->info("reloaded");
    } else {
      logger->error("reload failed, the old state is kept", {{"error", reloaded.error().message()}});
    }
    number = signals.wait();
  }
  logger->info("stopping", {{"signal", number}});
  (*application)->stop();
  return kOk;
}

}  // namespace

Verb serve_verb() {
  Verb verb;
  verb.name = "serve";
  verb.sentence = "Run the server: take in telemetry, keep it, analyse it, answer.";
  verb.options = {{"config", "FILE", "Configuration file (trimtab.yaml)", "", {}, false}};
  verb.takes_settings = true;
  verb.run = serve;
  return verb;
}

}  // namespace trimtab::cli
