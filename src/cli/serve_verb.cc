// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <filesystem>

#include "base/clock.h"
#include "cli/exit_code.h"
#include "cli/sample_run.h"
#include "cli/signals.h"
#include "cli/verb.h"
#include "server/application.h"

namespace trimtab::cli {
namespace {

// Serves until SIGINT or SIGTERM; SIGHUP reloads.
void serve_until_told(Application& application, Signals& signals, Logger& logger) {
  while (true) {
    const int number = signals.wait();
    if (number != SIGHUP) {
      logger.info("stopping", {{"signal", number}});
      application.stop();
      return;
    }
    const Status reloaded = application.reload();
    if (reloaded) {
      logger.info("reloaded");
    } else {
      logger.error("reload failed, the old state is kept", {{"error", reloaded.error().message()}});
    }
  }
}

int serve(const Arguments& arguments) {
  ConfigurationSources sources;
  sources.file = arguments.get("config");
  sources.flags = arguments.settings;
  if (arguments.has("no-host")) sources.flags["host.enabled"] = "false";
  std::optional<SampleRun> sample;
  if (arguments.has("sample")) {
    auto prepared = SampleRun::prepare(sources);
    if (!prepared) return report(prepared.error());
    sample.emplace(std::move(*prepared));
  }
  auto configuration = load_configuration(sources);
  if (!configuration) return report(configuration.error());
  const auto logger = create_stderr_logger(configuration->log_level, configuration->log_format);
  const SystemClock clock;
  Signals signals;  // before any thread: they inherit the mask
  auto application = Application::start(std::move(*configuration), clock, *logger,
                                        sample ? sample->loader(clock) : Application::Prepare());
  if (!application) return report(application.error());
  if (sample) {
    const Status told = sample->tell(**application);
    if (!told) return report(told.error());
  }
  serve_until_told(**application, signals, *logger);
  return kOk;
}

}  // namespace

Verb serve_verb() {
  Verb verb;
  verb.name = "serve";
  verb.sentence = "Run the server: take in telemetry, keep it, analyse it, answer.";
  verb.details =
      "SIGHUP reads tokens, estate, catalogue and scrape jobs again; SIGINT and SIGTERM stop gracefully.\n"
      "Start with: trimtab serve --sample";
  verb.options = {{"config", "FILE", "Configuration file (trimtab.yaml)", "", {}, false},
                  {"sample",
                   "",
                   "Load the packaged sample as if it ended now, into a fresh temporary directory unless "
                   "--data-dir is given, and print its brief",
                   "",
                   {},
                   false},
                  {"no-host", "", "Do not collect this machine's own metrics", "", {}, false}};
  verb.takes_settings = true;
  verb.run = serve;
  return verb;
}

}  // namespace trimtab::cli
