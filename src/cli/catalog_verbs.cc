// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/exit_code.h"
#include "cli/verb.h"
#include "estate/catalog.h"
#include "estate/catalog_check.h"

namespace trimtab::cli {
namespace {

const std::vector<OptionSpec> kDirectories = {
    {"catalog",
     "DIR",
     "A directory of catalogue entries of your own; may repeat, later ones win",
     "",
     {},
     true}};

int check(const Arguments& arguments) {
  const auto problems = check_catalog(arguments.positionals);
  for (const std::string& problem : problems) fmt::print(stderr, "{}\n", problem);
  if (problems.empty()) fmt::print("all is well\n");
  return problems.empty() ? kOk : kUsage;
}

int list(const Arguments& arguments) {
  const auto catalog = Catalog::load(arguments.all("catalog"));
  if (!catalog) return report(catalog.error());
  fmt::print("{:<56} {:<16} {:<14} {:<12} {}\n", "metric", "domain", "aspect", "unit", "title");
  for (const Signal& entry : catalog->entries()) {
    fmt::print("{:<56} {:<16} {:<14} {:<12} {}\n", entry.metric, entry.domain, entry.aspect, entry.unit,
               entry.title);
  }
  return kOk;
}

int explain(const Arguments& arguments) {
  const auto catalog = Catalog::load(arguments.all("catalog"));
  if (!catalog) return report(catalog.error());
  const auto series = parse_series(arguments.positionals.at(0));
  if (!series) return report(series.error());
  for (const auto& [word, text] : explain_signal(*catalog, *series)) fmt::print("{:<16}{}\n", word, text);
  return kOk;
}

}  // namespace

std::vector<Verb> catalog_verbs() {
  return {{.name = "catalog check",
           .sentence = "Check catalogue files or directories, alone and together with the built-in entries.",
           .positional = {"PATH", "A catalogue file or directory", true, true},
           .run = check},
          {.name = "catalog list",
           .sentence = "List the entries, built-in ones included.",
           .options = kDirectories,
           .run = list},
          {.name = "catalog explain",
           .sentence = "Say what a metric means to us, and which entry says so.",
           .options = kDirectories,
           .positional = {"METRIC", "A name, or a series such as 'http_requests_total{code=\"500\"}'", true,
                          false},
           .run = explain}};
}

}  // namespace trimtab::cli
