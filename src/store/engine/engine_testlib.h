// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "store/engine/engine.h"

namespace trimtab::embedded::testing {

// A directory that is gone when the test ends.
class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  std::string path(const std::string& name = "store") const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline constexpr TimestampMs kNow = 1'700'000'000'000;

// A store in a temporary directory, its clock and what it needs. No background threads: nothing
// happens but by maintain(). Settings are changed before open().
struct TestStore {
  TestStore();
  Status open();  // closes first when open
  void reopen();  // a clean stop and start; any failure here ends the program
  void crash();   // a start from a copy of the files as they are now, unsynced buffers lost
  void close() { engine.reset(); }

  SeriesId series(const Labels& labels);
  AppendOutcome append(const Labels& labels, TimestampMs t, double value);
  AppendOutcome append(const std::vector<Sample>& batch);
  SampleBuffer read(const Labels& labels, TimeRange range = {});
  double counter(const std::string& name_and_labels) const;  // from the exposition; 0 when absent

  TempDirectory directory;
  int copies = 0;
  FakeClock clock{kNow};
  std::unique_ptr<Metrics> metrics = std::make_unique<Metrics>();
  std::unique_ptr<Logger> logger = std::getenv("TRIMTAB_TEST_LOG")
                                       ? create_stderr_logger(LogLevel::kInfo, LogFormat::kLogfmt)
                                       : create_null_logger();
  EmbeddedStoreOptions options;
  EngineHooks hooks;
  std::unique_ptr<Engine> engine;
};

Labels metric(const std::string& name, const std::string& instance = "a");
Matchers exactly(const Labels& labels);
bool same_bits(double a, double b);

}  // namespace trimtab::embedded::testing
