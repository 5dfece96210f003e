// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "server/application.h"

namespace trimtab::cli {

// What `serve --sample` adds: a temporary data directory that goes away with it, the sample's estate, a
// free port where 7600 is taken, the sample itself, and words for who started it.
class SampleRun {
 public:
  // Fills in the settings that were not given. Errors: kNotFound (no sample), kIo.
  static Result<SampleRun> prepare(ConfigurationSources& sources);
  ~SampleRun();
  SampleRun(SampleRun&& other) noexcept;
  SampleRun& operator=(SampleRun&&) = delete;

  Application::Prepare loader(const Clock& clock) const;
  // Judges at once; the brief goes to standard output, where to go next to standard error.
  Status tell(Application& application) const;

  static constexpr std::string_view kSampleName = "petshop";

 private:
  SampleRun() = default;

  std::string folder_;
  std::string temporary_;  // "" when the data directory was given
  bool other_port_ = false;
};

}  // namespace trimtab::cli
