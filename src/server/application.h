// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "server/configuration.h"

namespace trimtab {

// The whole server of one process: opens what the configuration names, starts what runs by itself and
// answers over HTTP. Owns everything it starts; stop() (and the destructor) ends it in reverse order.
class Application {
 public:
  // Serving when it returns. Errors: those of the configuration, the data directory, the address.
  static Result<std::unique_ptr<Application>> start(Configuration configuration, const Clock& clock,
                                                    Logger& logger);
  virtual ~Application() = default;

  virtual std::uint16_t port() const = 0;
  virtual std::string url() const = 0;  // "http://127.0.0.1:7600/"
  virtual void stop() = 0;
};

}  // namespace trimtab
