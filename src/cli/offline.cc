// SPDX-License-Identifier: Apache-2.0
#include "cli/offline.h"

#include <fmt/format.h>

#include <filesystem>

namespace trimtab::cli {

Result<std::unique_ptr<Offline>> Offline::open(const std::string& data_directory, Mode mode) {
  auto offline = std::make_unique<Offline>();
  EmbeddedStoreOptions options;
  options.directory = data_directory + "/store";
  options.read_only = mode == Mode::kRead;
  if (mode == Mode::kRead && !std::filesystem::is_directory(options.directory)) {
    return fail(ErrorCode::kNotFound, fmt::format("{} holds no store", data_directory));
  }
  std::error_code error;
  if (mode == Mode::kWrite) std::filesystem::create_directories(options.directory, error);
  if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", options.directory, error.message()));
  offline->store = TRY(EmbeddedStore::open(options, offline->clock, offline->metrics, *offline->logger));
  return offline;
}

}  // namespace trimtab::cli
