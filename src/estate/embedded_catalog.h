// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

namespace trimtab {

struct EmbeddedCatalogFile {
  std::string_view name;  // "host.yaml"
  std::string_view text;
};

// catalog/*.yaml as they were when the binary was built, by name.
std::span<const EmbeddedCatalogFile> embedded_catalog();

}  // namespace trimtab
