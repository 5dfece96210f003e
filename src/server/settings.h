// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "server/configuration.h"

namespace trimtab {

enum class SettingType {
  kText,
  kPath,
  kAddress,
  kDuration,
  kBytes,
  kInteger,
  kNumber,
  kBoolean,
  kChoice,
  kTexts
};

// A value after reading; which member counts follows from the type.
struct SettingValue {
  std::string text;
  std::vector<std::string> texts;
  std::int64_t integer = 0;  // also durations (ms), bytes, the index of a choice
  double number = 0;
  bool flag = false;
};

// One setting: the only place that knows its name, words, bounds and default. Feeds the configuration
// file, the environment, the flags, --help and docs/configuration.md.
struct Setting {
  std::string_view name{};  // path in the file: "store.sync_interval"
  std::string_view sentence{};
  SettingType type = SettingType::kText;
  std::string_view fallback{};  // default, as one would write it
  std::string_view min{};       // bounds, as one would write them; "" = none
  std::string_view max{};
  std::vector<std::string_view> choices{};
  bool reloads = false;  // takes effect on SIGHUP, without a restart
  void (*assign)(Configuration&, const SettingValue&) = nullptr;
};

std::span<const Setting> settings();
const Setting* find_setting(std::string_view name);

std::string environment_name(const Setting& setting);  // TRIMTAB_STORE_SYNC_INTERVAL
std::string flag_name(const Setting& setting);         // store.sync-interval
std::string_view type_word(SettingType type);          // "duration", "bytes", ...
std::string range_words(const Setting& setting);       // "1ms to 10s", "commit or sync", ""

// Errors: not of the type, out of bounds ("5m is below the minimum of 1h").
Result<SettingValue> parse_setting(const Setting& setting, std::string_view text);

// docs/configuration.md as it must stand in the tree.
std::string configuration_markdown();

}  // namespace trimtab
