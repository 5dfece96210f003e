// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <map>
#include <mutex>
#include <utility>

#include "base/json.h"

namespace trimtab {
namespace {

std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarn: return "warn";
    case LogLevel::kError: return "error";
  }
  return "?";
}

spdlog::level::level_enum spd_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return spdlog::level::debug;
    case LogLevel::kInfo: return spdlog::level::info;
    case LogLevel::kWarn: return spdlog::level::warn;
    case LogLevel::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

void append_logfmt_value(std::string& out, std::string_view value) {
  const bool bare = !value.empty() && value.find_first_of(" \"=\n\t\\") == std::string_view::npos;
  if (bare) {
    out += value;
  } else {
    append_json_string(out, value);
  }
}

class StderrLogger final : public Logger {
 public:
  StderrLogger(LogLevel level, LogFormat format)
      : format_(format), sink_("trimtab", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    sink_.set_level(spd_level(level));
    // The time zone is always UTC; the line itself is built here.
    sink_.set_pattern(format == LogFormat::kLogfmt ? "time=%Y-%m-%dT%H:%M:%S.%eZ %v"
                                                   : "{\"time\":\"%Y-%m-%dT%H:%M:%S.%eZ\",%v}",
                      spdlog::pattern_time_type::utc);
    sink_.flush_on(spdlog::level::debug);
  }

  void write(LogLevel level, std::string_view message, LogFields fields) override {
    if (!sink_.should_log(spd_level(level))) return;
    std::uint64_t held_back = 0;
    if (!admit(message, held_back)) return;
    std::string line;
    if (format_ == LogFormat::kLogfmt) {
      line = fmt::format("level={} msg=", level_name(level));
      append_json_string(line, message);
      for (const LogField& field : fields) {
        line += fmt::format(" {}=", field.key);
        append_logfmt_value(line, field.value);
      }
      if (held_back > 0) line += fmt::format(" held_back={}", held_back);
    } else {
      line = fmt::format("\"level\":\"{}\",\"msg\":", level_name(level));
      append_json_string(line, message);
      for (const LogField& field : fields) {
        line += ',';
        append_json_string(line, field.key);
        line += ':';
        append_json_string(line, field.value);
      }
      if (held_back > 0) line += fmt::format(",\"held_back\":{}", held_back);
    }
    sink_.log(spd_level(level), "{}", line);
  }

 private:
  struct Repeats {
    int count = 0;
    std::uint64_t held_back = 0;
  };

  bool admit(std::string_view message, std::uint64_t& held_back) {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now - minute_start_ > std::chrono::minutes(1)) {
      minute_start_ = now;
      std::erase_if(repeats_, [](const auto& entry) { return entry.second.held_back == 0; });
      for (auto& [text, repeats] : repeats_) repeats.count = 0;
    }
    Repeats& repeats = repeats_[std::string(message)];
    if (++repeats.count > kRepeatsPerMinuteMax) {
      ++repeats.held_back;
      return false;
    }
    held_back = std::exchange(repeats.held_back, 0);
    return true;
  }

  const LogFormat format_;
  spdlog::logger sink_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point minute_start_ = std::chrono::steady_clock::now();
  std::map<std::string, Repeats, std::less<>> repeats_;
};

class NullLogger final : public Logger {
 public:
  void write(LogLevel, std::string_view, LogFields) override {}
};

}  // namespace

LogField::LogField(std::string_view k, double v) : key(k), value(fmt::format("{:.6g}", v)) {}

std::unique_ptr<Logger> create_stderr_logger(LogLevel level, LogFormat format) {
  return std::make_unique<StderrLogger>(level, format);
}

std::unique_ptr<Logger> create_null_logger() { return std::make_unique<NullLogger>(); }

Result<LogLevel> parse_log_level(std::string_view text) {
  for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError}) {
    if (text == level_name(level)) return level;
  }
  return invalid(fmt::format("log level \"{}\" is unknown; use debug, info, warn or error", text));
}

}  // namespace trimtab
