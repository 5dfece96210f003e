// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>
#include <cstdio>

#include "cli/exit_code.h"
#include "cli/verb.h"
#include "ingest/collectors/discover.h"

namespace trimtab::cli {
namespace {

int discover(const Arguments& arguments) {
  std::vector<std::uint16_t> ports;
  for (const std::string& text : arguments.all("port")) {
    std::uint16_t port = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (problem != std::errc() || end != text.data() + text.size() || port == 0) {
      fmt::print(stderr, "trimtab: --port: \"{}\" is no port; expected 1 to 65535\n", text);
      return kUsage;
    }
    ports.push_back(port);
  }
  const std::string yaml = to_yaml(discover_targets(ports));
  if (yaml.empty()) {
    fmt::print(stderr, "nothing found on this machine's usual ports and sockets; --port N looks at more\n");
    return kOk;
  }
  fmt::print("{}", yaml);
  return kOk;
}

}  // namespace

Verb discover_verb() {
  Verb verb;
  verb.name = "discover";
  verb.sentence =
      "Look for PostgreSQL, Redis, nginx and others on this machine and print a `collectors:` section to "
      "paste.";
  verb.details =
      "Each usual port and socket is asked one harmless question; no user name or password is tried.\n"
      "Then: trimtab check FILE says which grants are missing.\n";
  OptionSpec port;
  port.name = "port";
  port.value = "N";
  port.sentence = "Look at this port of 127.0.0.1 too";
  port.repeats = true;
  verb.options = {port};
  verb.run = discover;
  return verb;
}

}  // namespace trimtab::cli
