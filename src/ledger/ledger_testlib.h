// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/check.h"
#include "ledger/ledger.h"

namespace trimtab {

// A folder that goes away with its test.
class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "trimtab_ledger_XXXXXX").string();
    CHECK(mkdtemp(name.data()) != nullptr, "{}", name);
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline constexpr TimestampMs kTestStart = 1'700'000'000'000;

// A finding with every field filled.
Finding full_finding(const std::string& fingerprint);
AnalysisPass pass_at(TimestampMs at);
// With every field filled; of advisor "postgresql.index", target "postgresql/main".
Recommendation full_recommendation(const std::string& fingerprint);
Change full_change(std::int64_t recommendation);

}  // namespace trimtab
