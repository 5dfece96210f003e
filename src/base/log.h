// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace trimtab {

enum class LogLevel { kDebug, kInfo, kWarn, kError };
enum class LogFormat { kLogfmt, kJson };

// One key and its value, already as text. Numbers convert; never put a secret into one.
struct LogField {
  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, bool v) : key(k), value(v ? "true" : "false") {}
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  LogField(std::string_view k, T v) : key(k), value(std::to_string(v)) {}
  LogField(std::string_view k, double v);

  std::string_view key;
  std::string value;
};
using LogFields = std::initializer_list<LogField>;

// Structured log lines on standard error:
//   time=2026-11-21T10:00:00.123Z level=info msg="listening" address=127.0.0.1:7600
// Thread-safe. A message repeated more than `repeats_per_minute_max` times in a minute is held back
// and the count of what was held back is logged with the next one.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void write(LogLevel level, std::string_view message, LogFields fields) = 0;

  void debug(std::string_view message, LogFields fields = {}) { write(LogLevel::kDebug, message, fields); }
  void info(std::string_view message, LogFields fields = {}) { write(LogLevel::kInfo, message, fields); }
  void warn(std::string_view message, LogFields fields = {}) { write(LogLevel::kWarn, message, fields); }
  void error(std::string_view message, LogFields fields = {}) { write(LogLevel::kError, message, fields); }

  static constexpr int kRepeatsPerMinuteMax = 60;
};

std::unique_ptr<Logger> create_stderr_logger(LogLevel level, LogFormat format);
// Drops everything; for tests and for verbs that speak for themselves.
std::unique_ptr<Logger> create_null_logger();
Result<LogLevel> parse_log_level(std::string_view text);

}  // namespace trimtab
