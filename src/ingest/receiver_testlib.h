// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "ingest/fake_store_testlib.h"
#include "ingest/receiver.h"

namespace trimtab::wire_test {

inline constexpr std::string_view kV1 = "application/x-protobuf";
inline constexpr std::string_view kV2 = "application/x-protobuf;proto=io.prometheus.write.v2.Request";

// A receiver with everything around it.
struct Rig {
  explicit Rig(ReceiveLimits limits = {}) : receiver(store, rejects, clock, metrics, limits) {}
  FakeStore store;
  FakeClock clock{1'700'000'000'000};
  Metrics metrics;
  Rejects rejects{metrics, clock};
  Receiver receiver;
};

}  // namespace trimtab::wire_test
