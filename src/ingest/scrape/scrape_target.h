// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/labels.h"
#include "base/result.h"
#include "ingest/scrape/scrape_config.h"

namespace trimtab {

// One address to scrape, after relabelling. An immutable value.
struct ScrapeTarget {
  Labels labels = {};        // what every sample of it carries: job, instance, and the group's labels
  LabelMap discovered = {};  // before relabelling, for people who debug their rules
  std::string url = {};      // with parameters: may hold secrets, show redact_url(url)
  DurationMs interval_ms = 0;
  DurationMs timeout_ms = 0;

  // Two targets of one job with equal keys are one target.
  std::string key() const;
};

// Gives an address its labels, as Prometheus does: __scheme__, __metrics_path__, __param_<name>,
// __scrape_interval__, __scrape_timeout__ and job from the job's words where the group does not set them;
// then relabel_configs; then __meta_ labels go, the URL is built from what the __ labels say now, and
// instance is the address unless set. An address without port gets 80 or 443.
// Empty when relabelling dropped it. Errors: no address left, a path in it, an interval that does not parse.
Result<std::optional<ScrapeTarget>> build_target(const ScrapeConfig& config, const LabelMap& group_labels,
                                                 const std::string& address);

}  // namespace trimtab
