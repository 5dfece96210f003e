// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "store/embedded_store.h"

namespace trimtab::cli {

// A data directory opened by a verb itself, without a server. Reading only, unless `write`.
struct Offline {
  SystemClock clock;
  Metrics metrics;
  std::unique_ptr<Logger> logger = create_stderr_logger(LogLevel::kWarn, LogFormat::kLogfmt);
  std::unique_ptr<EmbeddedStore> store;

  enum class Mode { kRead, kWrite };
  // Errors: kNotFound when there is no store in the directory, kConflict when a server holds it.
  static Result<std::unique_ptr<Offline>> open(const std::string& data_directory, Mode mode);
};

}  // namespace trimtab::cli
