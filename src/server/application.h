// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "server/brief_maker.h"
#include "server/configuration.h"

namespace trimtab {

// The whole server of one process: opens what the configuration names, starts what runs by itself and
// answers over HTTP. Owns everything it starts; stop() (and the destructor) ends it in reverse order.
class Application {
 public:
  // Called when the store is open and before anything is judged or listened for: the sample's place.
  using Prepare = std::function<Status(Store&)>;

  // Serving when it returns. Errors: those of the configuration, the data directory, the address.
  static Result<std::unique_ptr<Application>> start(Configuration configuration, const Clock& clock,
                                                    Logger& logger, const Prepare& prepare = {});
  virtual ~Application() = default;

  virtual std::uint16_t port() const = 0;
  virtual std::string url() const = 0;  // "http://127.0.0.1:7600/"
  // A pass now, and a brief from it.
  virtual Result<std::string> brief_now(const BriefQuestion& question) = 0;
  // Reads the token file, the estate, the catalogue, the scrape configuration, the collectors' targets and
  // the rules again. What can not be read keeps its old state; the first error is given.
  virtual Status reload() = 0;
  virtual void stop() = 0;
};

}  // namespace trimtab
