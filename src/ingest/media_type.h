// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace trimtab {

// A Content-Type header's parts: `Application/X-Protobuf; proto="a.B"` -> type "application/x-protobuf",
// parameter("proto") "a.B". Type and parameter names are matched without regard to case.
class MediaType {
 public:
  explicit MediaType(std::string_view header);
  const std::string& type() const { return type_; }
  std::string parameter(std::string_view name) const;  // "" when absent

 private:
  std::string type_;
  std::string parameters_;
};

std::string to_lower(std::string_view text);
std::string_view trim_blanks(std::string_view text);

}  // namespace trimtab
