// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "server/settings.h"

namespace trimtab {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration

`trimtab serve` needs no configuration file. What the file may hold, `--config FILE` names:

```yaml
listen: 127.0.0.1:7600
data_dir: /var/lib/trimtab
store:
  retention_age: 1y
estate_file: /etc/trimtab/estate.yaml
scrape_configs:
  - job_name: node
    static_configs:
      - targets: ["db-1:9100", "db-2:9100"]
```

- A flag wins over the environment, the environment over the file, the file over the default.
- `${NAME}` in the file is replaced by the environment variable, `${NAME:-word}` has a default, `$$` is a dollar sign.
- `trimtab check FILE` reads all of it, with the estate and the catalogue, and names every problem with its line.
- Durations are written as in Prometheus (`250ms`, `15s`, `1h30m`, `14d`), sizes as `512MiB` or `10GB`; lists as YAML lists in
  the file and with commas in flags and environment.
- `collectors` names databases, caches and proxies to watch, see [collectors.md](collectors.md).
- `doors` names changes of your own, made by a program or an HTTP request, see [doors.md](doors.md).
- `global` and `scrape_configs` hold Prometheus' own words, see [scraping.md](scraping.md).
- `remote` keeps samples in an engine you already run instead of `data_dir`, see [remote-store.md](remote-store.md).
- "Reload" says whether `SIGHUP` (`systemctl reload trimtab`) is enough; otherwise restart.

This table is made from the registry in `src/server/settings.cc` by `trimtab help settings`; a test keeps it current.

| Setting | Flag and environment | Kind | Range | Default | Reload | Meaning |
| --- | --- | --- | --- | --- | --- | --- |
)";

}  // namespace

std::string configuration_markdown() {
  std::string out(kIntroduction);
  for (const Setting& setting : settings()) {
    const std::string range = range_words(setting);
    out +=
        fmt::format("| `{}` | `--{}`<br>`{}` | {} | {} | {} | {} | {} |\n", setting.name, flag_name(setting),
                    environment_name(setting), type_word(setting.type), range.empty() ? "" : range,
                    setting.fallback.empty() ? "(none)" : fmt::format("`{}`", setting.fallback),
                    setting.reloads ? "yes" : "no", setting.sentence);
  }
  return out;
}

}  // namespace trimtab
