// SPDX-License-Identifier: Apache-2.0
// Any bytes: the decoder takes a whole reply, asks for more or refuses, and never looks past the end; a reply
// that is whole is the same when more follows it.
#include <cstdint>
#include <string>

#include "base/check.h"
#include "targets/redis/resp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t before = rest.size();
    const auto reply = trimtab::redis::decode_reply(rest);
    if (!reply || !*reply) {
      CHECK(rest.size() == before);
      break;
    }
    CHECK(rest.size() < before);
    const std::string longer =
        std::string(text.substr(text.size() - before, before - rest.size())) + "+x\r\n";
    std::string_view again = longer;
    const auto same = trimtab::redis::decode_reply(again);
    CHECK(same && *same && again == "+x\r\n" && (*same)->type == (*reply)->type &&
          (*same)->text == (*reply)->text);
  }
  return 0;
}
