// SPDX-License-Identifier: Apache-2.0
#include "ingest/csv_mapping.h"

#include <fmt/format.h>

#include <ctime>

#include "ingest/media_type.h"
#include "ingest/number.h"

namespace trimtab {
namespace {

constexpr std::size_t kCellBytesMax = 128;  // no time is longer

std::int64_t floor_divide(std::int64_t value, std::int64_t by) {
  return value / by - (value % by < 0 ? 1 : 0);
}

// "2026-11-21 10:00:00[.5][Z]" as RFC 3339, without zone as UTC.
std::string with_t_and_zone(std::string_view text) {
  std::string out(text);
  if (out.size() < 19 || (out[10] != ' ' && out[10] != 'T')) return out;
  out[10] = 'T';
  if (out.find_first_of("Zz+-", 19) == std::string::npos) out += 'Z';
  return out;
}

Result<TimestampMs> read_pattern(const std::string& pattern, std::string_view cell) {
  const std::string text(cell);
  std::tm parts{};
  parts.tm_mday = 1;
  const char* const end = strptime(text.c_str(), pattern.c_str(), &parts);
  if (end == nullptr || *end != '\0') {
    return invalid(fmt::format("the time does not have the form \"{}\"", pattern));
  }
  const long zone_seconds = parts.tm_gmtoff;  // what %z found; timegm() clears it
  return (static_cast<TimestampMs>(timegm(&parts)) - zone_seconds) * kSecondMs;
}

struct Split {
  std::string_view column;
  std::string_view rest;
  bool found = false;
};

Split split_last(std::string_view text, char mark) {
  const std::size_t at = text.rfind(mark);
  if (at == std::string_view::npos) return {text, {}, false};
  return {text.substr(0, at), text.substr(at + 1), true};
}

// At the first ':' behind which a format stands (a pattern starts with '%'); a header may hold ':' itself.
Result<Split> split_time(std::string_view text) {
  for (std::size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1)) {
    const std::string_view rest = text.substr(at + 1);
    const bool pattern_inside = rest.find('%') != std::string_view::npos && rest[0] != '%';
    if (!pattern_inside && CsvTimeFormat::parse(rest)) return Split{text.substr(0, at), rest, true};
  }
  return Split{text, {}, false};
}

}  // namespace

Result<CsvTimeFormat> CsvTimeFormat::parse(std::string_view text) {
  if (text.empty() || text == "auto" || text == "rfc3339") return CsvTimeFormat{};
  if (text == "unix_s") return CsvTimeFormat{Kind::kUnixSeconds, {}};
  if (text == "unix_ms") return CsvTimeFormat{Kind::kUnixMs, {}};
  if (text == "unix_us") return CsvTimeFormat{Kind::kUnixUs, {}};
  if (text == "unix_ns") return CsvTimeFormat{Kind::kUnixNs, {}};
  if (text.find('%') != std::string_view::npos) return CsvTimeFormat{Kind::kPattern, std::string(text)};
  return invalid(
      fmt::format("\"{}\" is not a time format; auto, rfc3339, unix_s, unix_ms, unix_us, unix_ns and "
                  "patterns such as %d/%m/%Y %H:%M are",
                  text));
}

Result<TimestampMs> CsvTimeFormat::read(std::string_view cell) const {
  cell = trim_blanks(cell);
  if (cell.empty()) return invalid("the time is empty");
  if (cell.size() > kCellBytesMax) return invalid("the time is longer than 128 bytes");
  std::int64_t number = 0;
  switch (kind) {
    case Kind::kAuto: {
      const auto direct = parse_timestamp(cell);
      return direct ? direct : parse_timestamp(with_t_and_zone(cell));
    }
    case Kind::kPattern: return read_pattern(pattern, cell);
    case Kind::kUnixSeconds:
      if (!parse_seconds_as_ms(cell, number)) return invalid("the time is not a number of seconds");
      return number;
    case Kind::kUnixMs:
    case Kind::kUnixUs:
    case Kind::kUnixNs:
      if (!parse_int64(cell, number)) return invalid("the time is not a whole number");
      return kind == Kind::kUnixMs ? number : floor_divide(number, kind == Kind::kUnixUs ? 1000 : 1'000'000);
  }
  return invalid("no such time format");
}

Result<CsvMapping> parse_csv_mapping(const CsvFlags& flags) {
  CsvMapping out;
  out.header = flags.header;
  out.metric.name = flags.metric;
  if (flags.delimiter != "tab" && flags.delimiter.size() != 1) {
    return invalid(fmt::format("CSV delimiter \"{}\": one character or \"tab\" is wanted", flags.delimiter));
  }
  out.delimiter = flags.delimiter == "tab" ? '\t' : flags.delimiter[0];
  if (out.delimiter == '"' || out.delimiter == '\n' || out.delimiter == '\r') {
    return invalid("CSV delimiter: quotes and line ends can not be one");
  }
  const Split time = TRY(split_time(flags.time));
  if (time.column.empty()) return invalid("CSV needs a time column: COLUMN[:FORMAT]");
  out.time.name = time.column;
  out.time_format = TRY(CsvTimeFormat::parse(time.rest));
  for (const std::string& flag : flags.values) {
    const Split value = split_last(flag, '=');
    if (value.column.empty() || (value.rest.empty() && out.metric.name.empty())) {
      return invalid(fmt::format("CSV value \"{}\": COLUMN=METRIC is wanted, or a metric column", flag));
    }
    out.values.push_back({{std::string(value.column)}, std::string(value.rest)});
  }
  if (out.values.empty()) return invalid("CSV needs at least one value column: COLUMN=METRIC");
  for (const std::string& flag : flags.labels) {
    const Split label = split_last(flag, '=');
    if (label.column.empty() || (label.found && label.rest.empty())) {
      return invalid(fmt::format("CSV label \"{}\": COLUMN=LABEL is wanted", flag));
    }
    out.labels.push_back({{std::string(label.column)}, std::string(label.found ? label.rest : label.column)});
  }
  return out;
}

}  // namespace trimtab
