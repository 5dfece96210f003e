// SPDX-License-Identifier: Apache-2.0
#include "estate/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <filesystem>
#include <iterator>
#include <map>

#include "estate/catalog_file.h"
#include "estate/embedded_catalog.h"
#include "estate/glob.h"

namespace trimtab {

namespace {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using EntriesByText =
    boost::unordered_flat_map<std::string, std::vector<std::uint32_t>, StringHash, std::equal_to<>>;

std::string conditions_key(const Signal& signal) {
  std::vector<std::string> parts;
  for (const LabelCondition& condition : signal.where) {
    parts.push_back(fmt::format("{}={}!{}", condition.label, fmt::join(condition.any, "|"),
                                fmt::join(condition.none, "|")));
  }
  std::sort(parts.begin(), parts.end());
  return fmt::format("{}{{{}}}", signal.metric, fmt::join(parts, ","));
}

// Adds a layer over what is there: the same name and conditions replace an entry of an earlier layer
// and are an error within one.
Status add_layer(std::vector<Signal>& all, std::vector<Signal> layer) {
  std::map<std::string, std::string> sources;  // key -> where the layer declared it
  for (const Signal& signal : layer) {
    const auto [place, is_new] = sources.emplace(conditions_key(signal), signal.source_file);
    if (!is_new) {
      return invalid(
          fmt::format("{}: {} is declared already at {}", signal.source_file, place->first, place->second));
    }
  }
  std::erase_if(all, [&](const Signal& signal) { return sources.contains(conditions_key(signal)); });
  all.insert(all.end(), std::make_move_iterator(layer.begin()), std::make_move_iterator(layer.end()));
  if (all.size() > Catalog::kEntriesMax) {
    return fail(ErrorCode::kLimit, fmt::format("catalogue: more than {} entries", Catalog::kEntriesMax));
  }
  return ok();
}

Result<std::vector<std::string>> yaml_files(const std::string& directory) {
  std::vector<std::string> paths;
  std::error_code problem;
  std::filesystem::directory_iterator at(directory, problem);
  if (problem)
    return fail(ErrorCode::kNotFound,
                fmt::format("catalogue directory {}: {}", directory, problem.message()));
  for (; !problem && at != std::filesystem::directory_iterator(); at.increment(problem)) {
    const std::string extension = at->path().extension().string();
    if (extension == ".yaml" || extension == ".yml") paths.push_back(at->path().string());
  }
  if (problem)
    return fail(ErrorCode::kIo, fmt::format("catalogue directory {}: {}", directory, problem.message()));
  if (paths.size() > Catalog::kFilesPerDirectoryMax) {
    return fail(ErrorCode::kLimit, fmt::format("catalogue directory {}: {} files; at most {} are read",
                                               directory, paths.size(), Catalog::kFilesPerDirectoryMax));
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

// "x_bucket" -> "x" and so on; empty when it has none of the suffixes.
std::string_view family_of(std::string_view metric) {
  for (const std::string_view suffix : {"_bucket", "_sum", "_count"}) {
    if (metric.ends_with(suffix)) return metric.substr(0, metric.size() - suffix.size());
  }
  return {};
}

bool is_family(const Signal& signal) {
  return signal.kind == SignalKind::kHistogram || signal.kind == SignalKind::kSummary;
}

// How one member of a histogram or summary family reads.
Signal member_signal(Signal signal, const Labels& series) {
  const std::string_view metric = series.metric_name();
  if (!is_family(signal)) return signal;
  if (metric.ends_with("_count") && !signal.metric.ends_with("_count")) {
    signal.kind = SignalKind::kCounter;
    signal.aspect = "traffic";
    signal.unit = "1/s";
    signal.worse = WorseDirection::kBoth;
    signal.title += ": how many";
    signal.limit_value.reset();
    signal.limit_metric.clear();
  } else if (series.has("quantile")) {
    signal.kind = signal.aspect == "latency" ? SignalKind::kLatency : SignalKind::kGauge;
  }
  return signal;
}

}  // namespace

struct Catalog::Index {
  std::vector<Signal> entries;
  EntriesByText exact;                      // by name
  EntriesByText patterns;                   // by the text before the first '*'
  std::vector<std::size_t> prefix_lengths;  // that occur in `patterns`, longest first
};

Result<Catalog> Catalog::create(std::vector<Signal> entries) {
  auto index = std::make_shared<Index>();
  index->entries = std::move(entries);
  for (std::uint32_t i = 0; i < index->entries.size(); ++i) {
    const std::string& metric = index->entries[i].metric;
    if (is_glob(metric)) {
      const std::string prefix(glob_prefix(metric));
      index->patterns[prefix].push_back(i);
      index->prefix_lengths.push_back(prefix.size());
    } else {
      index->exact[metric].push_back(i);
    }
  }
  auto& lengths = index->prefix_lengths;
  std::sort(lengths.begin(), lengths.end(), std::greater<>());
  lengths.erase(std::unique(lengths.begin(), lengths.end()), lengths.end());
  const auto text_size = [&](std::uint32_t i) {
    const std::string& metric = index->entries[i].metric;
    return metric.size() - static_cast<std::size_t>(std::count(metric.begin(), metric.end(), '*'));
  };
  const auto stronger = [&](std::uint32_t a, std::uint32_t b) {
    if (text_size(a) != text_size(b)) return text_size(a) > text_size(b);
    const std::size_t conditions_a = index->entries[a].where.size();
    const std::size_t conditions_b = index->entries[b].where.size();
    return conditions_a != conditions_b ? conditions_a > conditions_b : a > b;
  };
  for (auto& [name, list] : index->exact) std::sort(list.begin(), list.end(), stronger);
  for (auto& [prefix, list] : index->patterns) std::sort(list.begin(), list.end(), stronger);
  Catalog catalog;
  catalog.index_ = std::move(index);
  return catalog;
}

Result<Catalog> Catalog::load(const std::vector<std::string>& directories) {
  std::vector<Signal> all;
  std::vector<Signal> built_in;
  for (const EmbeddedCatalogFile& file : embedded_catalog()) {
    const Yaml yaml = TRY(Yaml::parse(file.text, file.name));
    std::vector<Signal> entries = TRY(read_catalog_file(yaml, file.name));
    built_in.insert(built_in.end(), std::make_move_iterator(entries.begin()),
                    std::make_move_iterator(entries.end()));
  }
  TRY(add_layer(all, std::move(built_in)));
  for (const std::string& directory : directories) {
    std::vector<Signal> layer;
    const std::vector<std::string> paths = TRY(yaml_files(directory));
    for (const std::string& path : paths) {
      const Yaml yaml = TRY(Yaml::parse_file(path));
      std::vector<Signal> entries = TRY(read_catalog_file(yaml, path));
      layer.insert(layer.end(), std::make_move_iterator(entries.begin()),
                   std::make_move_iterator(entries.end()));
    }
    TRY(add_layer(all, std::move(layer)));
  }
  return create(std::move(all));
}

Result<Catalog> Catalog::load_text(std::string_view text, std::string_view file_name) {
  const Yaml yaml = TRY(Yaml::parse(text, file_name));
  std::vector<Signal> all;
  std::vector<Signal> entries = TRY(read_catalog_file(yaml, file_name));
  TRY(add_layer(all, std::move(entries)));
  return create(std::move(all));
}

const std::vector<Signal>& Catalog::entries() const {
  static const std::vector<Signal> none;
  return index_ ? index_->entries : none;
}

const Signal* Catalog::find_entry(std::string_view metric, const Labels& series) const {
  if (!index_) return nullptr;
  const auto fits = [&](std::uint32_t i, bool family) -> const Signal* {
    const Signal& entry = index_->entries[i];
    if (family && !is_family(entry)) return nullptr;
    const bool holds =
        std::all_of(entry.where.begin(), entry.where.end(), [&](const auto& c) { return c.holds(series); });
    return holds ? &entry : nullptr;
  };
  const auto find_exact = [&](std::string_view name, bool family) -> const Signal* {
    const auto found = index_->exact.find(name);
    if (found == index_->exact.end()) return nullptr;
    for (const std::uint32_t i : found->second) {
      if (const Signal* entry = fits(i, family)) return entry;
    }
    return nullptr;
  };
  const auto find_pattern = [&](std::string_view name, bool family) -> const Signal* {
    for (const std::size_t length : index_->prefix_lengths) {
      if (length > name.size()) continue;
      const auto found = index_->patterns.find(name.substr(0, length));
      if (found == index_->patterns.end()) continue;
      for (const std::uint32_t i : found->second) {
        if (!glob_match(index_->entries[i].metric, name)) continue;
        if (const Signal* entry = fits(i, family)) return entry;
      }
    }
    return nullptr;
  };
  const std::string_view family = family_of(metric);
  if (const Signal* entry = find_exact(metric, false)) return entry;
  if (const Signal* entry = family.empty() ? nullptr : find_exact(family, true)) return entry;
  if (const Signal* entry = find_pattern(metric, false)) return entry;
  return family.empty() ? nullptr : find_pattern(family, true);
}

Signal Catalog::find(const Labels& series, const MetricMetadata* metadata) const {
  const Signal* entry = find_entry(series.metric_name(), series);
  return entry != nullptr ? member_signal(*entry, series) : infer_signal(series, metadata);
}

}  // namespace trimtab
