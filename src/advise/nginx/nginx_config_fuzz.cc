// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration: refused, or directives that lie in order, one inside the other; an edit of
// the first one changes its bytes and nothing else; the edits that advice makes leave a configuration.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "advise/nginx/compression.h"
#include "advise/nginx/proxying.h"
#include "base/check.h"

namespace {

using trimtab::advise::nginx::Configuration;
using trimtab::advise::nginx::Directive;

void check_order(std::string_view text, const std::vector<Directive>& directives, std::size_t begin,
                 std::size_t end) {
  for (const Directive& one : directives) {
    CHECK(!one.words.empty() && one.begin >= begin && one.begin < one.end && one.end <= end, "{} to {}",
          one.begin, one.end);
    CHECK(text[one.end - 1] == (one.is_block ? '}' : ';'));
    begin = one.end;
    if (!one.is_block) continue;
    CHECK(text[one.body - 1] == '{');
    check_order(text, one.inside, one.body, one.end - 1);
  }
}

// The text with the edit made; what is searched for stands there once.
std::string edited(std::string text, const trimtab::advise::nginx::ConfigEdit& edit) {
  const std::size_t at = text.find(edit.find);
  CHECK(at != std::string::npos && text.find(edit.find, at + 1) == std::string::npos);
  return text.replace(at, edit.find.size(), edit.replace);
}

void check_compression(const std::string& text, const Configuration& configuration) {
  using namespace trimtab::advise::nginx;
  const auto edit = compression_edit(configuration, {"text/css", "text/html"});
  if (!edit) return;
  const auto again = parse_configuration(edited(text, *edit));
  CHECK(again.has_value(), "{}", edited(text, *edit));
  const Directive* http = find(*again, "http");
  CHECK(http != nullptr && find(http->inside, "gzip") != nullptr);
}

// Once made, there is nothing left to do.
void check_connections(const std::string& text, const Configuration& configuration) {
  using namespace trimtab::advise::nginx;
  const KeepAlivePlan plan = keepalive_plan(configuration, 8);
  CHECK(!plan.edit || !plan.upstreams.empty());
  if (!plan.edit) return;
  const std::string after = edited(text, *plan.edit);
  auto again = parse_configuration(after);
  CHECK(again.has_value(), "{}", after);
  const KeepAlivePlan rest = keepalive_plan({{{"nginx.conf", after}}, std::move(*again)}, 8);
  CHECK(rest.upstreams.empty(), "{}", after);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab::advise::nginx;
  constexpr std::size_t kBytesMax = 1 << 16;
  const std::string text(reinterpret_cast<const char*>(data), size < kBytesMax ? size : kBytesMax);
  auto parsed = parse_configuration(text);
  if (!parsed) return 0;
  check_order(text, *parsed, 0, text.size());
  const Configuration configuration{{{"nginx.conf", text}}, std::move(*parsed)};
  check_compression(text, configuration);
  check_connections(text, configuration);
  return 0;
}
