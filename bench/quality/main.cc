// SPDX-License-Identifier: Apache-2.0
// quality [--data DIR] [--set NAME]... [--json FILE]: how well the kernels judge, on labelled public data.
// Prints one table; --json writes the same as JSON lines ("-": standard output instead of the table).
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "base/json.h"
#include "quality/quality.h"

namespace trimtab::quality {

bool meets_goal(const Row& row) {
  if (std::isnan(row.goal)) return true;
  switch (row.better) {
    case Better::kHigher: return row.ours >= row.goal;
    case Better::kLower: return row.ours <= row.goal;
    case Better::kNear: return std::abs(row.ours - row.goal) <= row.goal_width;
  }
  return false;
}

namespace {

std::string number(double value) {
  if (std::isnan(value)) return "-";
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3);
}

std::string named(const Figure& figure) {
  if (std::isnan(figure.value)) return figure.name.empty() ? "-" : figure.name;
  return fmt::format("{} {}", number(figure.value), figure.name);
}

std::string goal_words(const Row& row) {
  if (std::isnan(row.goal)) return "-";
  if (row.better == Better::kNear)
    return fmt::format("{} to {}", number(row.goal - row.goal_width), number(row.goal + row.goal_width));
  return fmt::format("{} {}", row.better == Better::kHigher ? ">=" : "<=", number(row.goal));
}

std::string table(const std::vector<Row>& rows) {
  std::string out = "| set | metric | ours | goal | met | trivial baselines | best published | note |\n";
  out += "|---|---|---|---|---|---|---|---|\n";
  for (const Row& row : rows) {
    std::string baselines;
    for (const Figure& figure : row.baselines)
      baselines += fmt::format("{}{}", baselines.empty() ? "" : ", ", named(figure));
    out += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", row.set, row.metric, number(row.ours),
                       goal_words(row),
                       std::isnan(row.goal) ? "-"
                       : meets_goal(row)    ? "yes"
                                            : "**no**",
                       baselines.empty() ? "-" : baselines, named(row.published), row.note);
  }
  return out;
}

std::string json_line(const Row& row) {
  JsonWriter json;
  json.begin_object().field("set", row.set).field("metric", row.metric).field("ours", row.ours);
  json.field("goal", row.goal).field("met", meets_goal(row));
  json.key("baselines").begin_object();
  for (const Figure& figure : row.baselines) json.field(figure.name, figure.value);
  json.end_object();
  json.key("best_published").begin_object().field("name", row.published.name);
  json.field("value", row.published.value).end_object();
  json.field("note", row.note).end_object();
  return json.take() + "\n";
}

struct Options {
  std::filesystem::path data = "../shared/data";
  std::vector<std::string> only;
  std::string json;
};

int usage(const std::string& problem) {
  fmt::print(stderr, "{}\nquality [--data DIR] [--set NAME]... [--json FILE]; sets:\n", problem);
  for (const Set& set : sets()) fmt::print(stderr, "  {:<12} {}\n", set.name, set.sentence);
  return 2;
}

int run(const Options& options) {
  const bool have_data = std::filesystem::is_directory(options.data);
  if (!have_data) {
    fmt::print(stderr, "No data at {}: only simulated sets are run. Say --data DIR.\n",
               options.data.string());
  }
  std::vector<Row> rows;
  int failures = 0;
  for (const Set& set : sets()) {
    const bool wanted = options.only.empty() ||
                        std::find(options.only.begin(), options.only.end(), set.name) != options.only.end();
    if (!wanted || (set.needs_data && !have_data)) continue;
    const auto begin = std::chrono::steady_clock::now();
    auto result = set.run(options.data);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    fmt::print(stderr, "{}: {:.1f} s\n", set.name, took.count());
    if (!result) {
      fmt::print(stderr, "{}: {}\n", set.name, result.error().message());
      ++failures;
      continue;
    }
    for (Row& row : *result) rows.push_back(std::move(row));
  }
  std::string lines;
  for (const Row& row : rows) lines += json_line(row);
  if (options.json == "-") {
    fmt::print("{}", lines);
  } else {
    fmt::print("{}", table(rows));
  }
  if (!options.json.empty() && options.json != "-") {
    std::FILE* out = std::fopen(options.json.c_str(), "w");
    if (out == nullptr) return usage("cannot write " + options.json);
    std::fwrite(lines.data(), 1, lines.size(), out);
    std::fclose(out);
  }
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace trimtab::quality

int main(int argc, char** argv) {
  using namespace trimtab::quality;
  Options options;
  for (int i = 1; i < argc; i += 2) {
    const std::string flag = argv[i];
    if (i + 1 == argc) return usage(flag + ": a value is missing");
    if (flag == "--data") {
      options.data = argv[i + 1];
    } else if (flag == "--json") {
      options.json = argv[i + 1];
    } else if (flag == "--set") {
      const bool known =
          std::any_of(sets().begin(), sets().end(), [&](const Set& set) { return set.name == argv[i + 1]; });
      if (!known) return usage(std::string(argv[i + 1]) + ": no such set");
      options.only.emplace_back(argv[i + 1]);
    } else {
      return usage(flag + ": unknown");
    }
  }
  return run(options);
}
