// SPDX-License-Identifier: Apache-2.0
#pragma once

// Includes RocksDB: for .cc files only.
#include <rocksdb/db.h>

#include <vector>

#include "store/engine/database.h"

namespace trimtab::embedded {

rocksdb::DBOptions database_options(const DatabaseOptions& options);
// In the order of Family.
std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const DatabaseOptions& options);

inline rocksdb::Slice slice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
inline std::string_view view(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace trimtab::embedded
