// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "ingest/series_sink.h"
#include "store/memory_store_testlib.h"

namespace trimtab {

// A sink in front of a store, for tests of what collectors make of an answer.
class SinkFixture : public testing::Test {
 protected:
  explicit SinkFixture(std::string_view job)
      : sink(store, rejects, "test", Labels{{"job", std::string(job)}}, 10'000) {}
  // The first value of the series that the selector names; -1: there is none.
  double value(const std::string& selector) {
    const auto samples = store.samples(selector);
    return samples.empty() ? -1 : samples.begin()->second;
  }
  MemoryStore store;
  FakeClock clock{1'700'000'000'000};
  Metrics metrics;
  Rejects rejects{metrics, clock};
  SeriesSink sink;
};

}  // namespace trimtab
