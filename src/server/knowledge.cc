// SPDX-License-Identifier: Apache-2.0
#include "server/knowledge.h"

namespace trimtab {

Result<std::unique_ptr<KnowledgeKeeper>> KnowledgeKeeper::open(std::string estate_file,
                                                               std::vector<std::string> catalog_directories) {
  std::unique_ptr<KnowledgeKeeper> keeper(
      new KnowledgeKeeper(std::move(estate_file), std::move(catalog_directories)));
  TRY(keeper->reload());
  return keeper;
}

std::shared_ptr<const Knowledge> KnowledgeKeeper::now() const {
  const std::lock_guard lock(mutex_);
  return knowledge_;
}

Status KnowledgeKeeper::reload() {
  Catalog catalog = TRY(Catalog::load(catalog_directories_));
  Estate estate;
  if (!estate_file_.empty()) estate = TRY(Estate::load(estate_file_));
  auto fresh = std::make_shared<const Knowledge>(Knowledge{std::move(catalog), std::move(estate)});
  const std::lock_guard lock(mutex_);
  knowledge_ = std::move(fresh);
  return ok();
}

}  // namespace trimtab
