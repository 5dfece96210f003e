// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "ingest/scrape/scrape_manager.h"

namespace trimtab {
namespace {

// Parameters may be tokens; the two of the multi-target exporters are what people look for.
void write_discovered(JsonWriter& json, const LabelMap& labels) {
  json.key("discoveredLabels").begin_object();
  for (const auto& [name, value] : labels) {
    const bool hidden = name.starts_with("__param_") && name != "__param_target" && name != "__param_module";
    json.field(name, hidden ? "<hidden>" : value);
  }
  json.end_object();
}

void write_target(JsonWriter& json, const TargetStatus& status) {
  json.begin_object();
  write_discovered(json, status.discovered);
  json.key("labels").begin_object();
  for (const Label& label : status.labels.items()) json.field(label.name, label.value);
  json.end_object();
  json.field("scrapePool", status.job).field("scrapeUrl", status.url).field("globalUrl", status.url);
  json.field("lastError", status.last_error);
  json.field("lastScrape", status.last_scrape_ms == 0 ? std::string("0001-01-01T00:00:00Z")
                                                      : format_timestamp(status.last_scrape_ms));
  json.field("lastScrapeDuration", status.last_duration_seconds).field("health", to_string(status.health));
  json.field("scrapeInterval", format_duration(status.interval_ms));
  json.field("scrapeTimeout", format_duration(status.timeout_ms));
  json.field("lastSamples", status.last_samples);
  json.end_object();
}

}  // namespace

std::string ScrapeManager::targets_json() const {
  JsonWriter json;
  json.begin_object().key("activeTargets").begin_array();
  for (const TargetStatus& status : targets()) write_target(json, status);
  json.end_array().key("droppedTargets").begin_array();
  const std::lock_guard lock(mutex_);
  for (const auto& [job, labels] : dropped_) {
    LabelMap shown = labels;
    set_label(shown, "job", job);
    json.begin_object();
    write_discovered(json, shown);
    json.end_object();
  }
  json.end_array().end_object();
  return json.take();
}

}  // namespace trimtab
