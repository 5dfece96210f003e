// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/metrics.h"
#include "ingest/receiver.h"

namespace trimtab {

struct Receiver::Otlp {
  Otlp(Metrics&, const ReceiveLimits&) {}
};

}  // namespace trimtab
