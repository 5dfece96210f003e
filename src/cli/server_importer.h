// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "cli/server_client.h"
#include "ingest/import.h"

namespace trimtab::cli {

// An import that goes to a running server in pieces of whole lines, each answered before the next is
// sent. CSV goes as one piece, since its header and quoted line breaks belong together.
// `query` holds what the server needs to know (CSV mapping, extra labels).
Result<std::unique_ptr<Importer>> create_server_importer(ServerClient client, ImportOptions options,
                                                         ServerClient::Query query);

inline constexpr std::size_t kPieceBytes = 4 << 20;
inline constexpr std::size_t kCsvBytesMax = 64 << 20;

}  // namespace trimtab::cli
