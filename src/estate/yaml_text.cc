// SPDX-License-Identifier: Apache-2.0
#include "estate/yaml_text.h"

#include <fmt/format.h>

#include "estate/estate_file.h"

namespace trimtab {

Result<std::string> read_text(const Yaml& yaml, Result<std::string> text) {
  if (!text) return text;
  if (text->size() > kEstateTextBytesMax)
    return yaml.error(fmt::format("longer than {} bytes", kEstateTextBytesMax));
  if (!is_valid_utf8(*text)) return yaml.error("not UTF-8");
  return text;
}

Result<std::string> read_text_or_empty(const Yaml& yaml) { return read_text(yaml, yaml.string_or("")); }

Result<EntityRef> read_entity(const Yaml& yaml) {
  const std::string text = TRY(read_text(yaml, yaml.string()));
  auto parsed = parse_entity(text);
  if (!parsed) return yaml.error(parsed.error().message());
  return parsed;
}

}  // namespace trimtab
