// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "store/store.h"

namespace trimtab {

struct SampleLoaded {
  std::uint64_t series = 0;
  std::uint64_t samples = 0;
  DurationMs shift_ms = 0;  // what was added to every time
};

// Loads a packaged sample (NAME.jsonl.gz, JSON lines of {"metric","values","timestamps"}) with its
// clock shifted so that its newest sample is at `now`. For `serve --sample` and tests.
Result<SampleLoaded> load_sample(const std::string& file, Store& store, TimestampMs now);

// The folder of a packaged sample: $TRIMTAB_SAMPLES, else beside the program (../samples of a build
// folder, ../share/trimtab/samples when installed). Errors: kNotFound names where was looked.
Result<std::string> find_sample_folder(const std::string& name);

inline constexpr std::size_t kSampleFileBytesMax = 256 << 20;

}  // namespace trimtab
