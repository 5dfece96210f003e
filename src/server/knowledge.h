// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "estate/catalog.h"
#include "estate/estate.h"

namespace trimtab {

// What people have told us: the catalogue and the estate as of one reading. Immutable.
struct Knowledge {
  Catalog catalog;
  Estate estate;
};

// Holds the newest reading; reload() replaces it whole, and who still works with the old one keeps it.
// Thread-safe.
class KnowledgeKeeper {
 public:
  // estate_file "" = none. Errors name file and line.
  static Result<std::unique_ptr<KnowledgeKeeper>> open(std::string estate_file,
                                                       std::vector<std::string> catalog_directories);

  std::shared_ptr<const Knowledge> now() const;
  // On error the old reading stays.
  Status reload();

 private:
  KnowledgeKeeper(std::string estate_file, std::vector<std::string> catalog_directories)
      : estate_file_(std::move(estate_file)), catalog_directories_(std::move(catalog_directories)) {}

  const std::string estate_file_;
  const std::vector<std::string> catalog_directories_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Knowledge> knowledge_;
};

}  // namespace trimtab
