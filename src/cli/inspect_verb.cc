// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstdio>

#include "base/format.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/offline.h"
#include "cli/verb.h"

namespace trimtab::cli {
namespace {

double bytes_per_sample(const EmbeddedStore::Inspection& found) {
  const auto bytes = static_cast<double>(found.chunk_bytes + found.index_bytes);
  return found.chunk_samples == 0 ? 0 : bytes / static_cast<double>(found.chunk_samples);
}

void print_text(const std::string& directory, const EmbeddedStore::Inspection& found) {
  const auto line = [](std::string_view name, const std::string& value) {
    fmt::print("{:<22}{}\n", name, value);
  };
  const auto bytes = [](std::uint64_t n) { return format_bytes(static_cast<double>(n)); };
  line("data directory", directory);
  line("format version", std::to_string(found.format_version));
  line("series", std::to_string(found.stats.series));
  line("samples in chunks", std::to_string(found.chunk_samples));
  line("chunks", fmt::format("{} ({})", found.stats.chunks, bytes(found.chunk_bytes)));
  line("bytes per sample", fmt::format("{:.3f} (chunks and index)", bytes_per_sample(found)));
  line("journal", bytes(found.journal_bytes));
  line("index", bytes(found.index_bytes));
  line("on disk", bytes(found.stats.disk_bytes));
  line("oldest sample", found.stats.oldest_ms ? format_timestamp(*found.stats.oldest_ms) : "none");
  line("newest sample", found.stats.newest_ms ? format_timestamp(*found.stats.newest_ms) : "none");
  line("corrupt chunks", std::to_string(found.corrupt_chunks));
  if (!found.top_labels.empty()) fmt::print("\n{:<32}{:>12}{:>12}\n", "label", "values", "series");
  for (const auto& label : found.top_labels)
    fmt::print("{:<32}{:>12}{:>12}\n", label.name, label.values, label.series);
  if (!found.top_metrics.empty()) fmt::print("\n{:<56}{:>12}\n", "metric", "series");
  for (const auto& [metric, series] : found.top_metrics) fmt::print("{:<56}{:>12}\n", metric, series);
}

void print_json(const EmbeddedStore::Inspection& found) {
  JsonWriter json;
  json.begin_object().field("formatVersion", found.format_version).field("series", found.stats.series);
  json.field("chunkSamples", found.chunk_samples)
      .field("chunks", found.stats.chunks)
      .field("chunkBytes", found.chunk_bytes);
  json.field("bytesPerSample", bytes_per_sample(found)).field("journalBytes", found.journal_bytes);
  json.field("indexBytes", found.index_bytes).field("diskBytes", found.stats.disk_bytes);
  json.field("corruptChunks", found.corrupt_chunks);
  json.key("topLabels").begin_array();
  for (const auto& label : found.top_labels) {
    json.begin_object()
        .field("name", label.name)
        .field("values", label.values)
        .field("series", label.series)
        .end_object();
  }
  json.end_array().key("topMetrics").begin_array();
  for (const auto& [metric, series] : found.top_metrics) {
    json.begin_object().field("metric", metric).field("series", series).end_object();
  }
  json.end_array().end_object();
  fmt::print("{}\n", json.take());
}

int inspect(const Arguments& arguments) {
  constexpr std::size_t kTop = 10;
  const std::string directory = arguments.positionals.at(0);
  const auto offline = Offline::open(directory, Offline::Mode::kRead);
  if (!offline) return report(offline.error());
  const auto found = (*offline)->store->inspect(arguments.has("verify"), kTop);
  if (!found) return report(found.error());
  if (arguments.get("format") == "json") {
    print_json(*found);
  } else {
    print_text(directory, *found);
  }
  return found->corrupt_chunks > 0 ? kDamaged : kOk;
}

}  // namespace

Verb inspect_verb() {
  Verb verb;
  verb.name = "inspect";
  verb.sentence = "Say what a data directory holds: series, chunks, bytes per sample, cardinality.";
  verb.details = "Ends with 4 when a chunk is corrupt. Reads only; a running server may hold the directory.";
  verb.positional = {"DIR", "The data directory", true, false};
  verb.options = {{"verify", "", "Decode every chunk and check it", "", {}, false},
                  {"format", "FORMAT", "How to write it", "text", {"text", "json"}, false}};
  verb.run = inspect;
  return verb;
}

}  // namespace trimtab::cli
