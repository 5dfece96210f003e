// SPDX-License-Identifier: Apache-2.0
// POST /api/v1/import...: files and bodies of other tools, line by line.
#include <fmt/format.h>

#include <charconv>

#include "base/json.h"
#include "ingest/import.h"
#include "server/api/request_reading.h"
#include "server/services.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;

// Refused lines told in the answer; all are counted.
constexpr std::size_t kRejectsToldMax = 1000;

std::vector<std::string> all_of(const Request& request, std::string_view name) {
  std::vector<std::string> out;
  for (const std::string_view text : request.parameters_named(name)) out.emplace_back(text);
  return out;
}

Result<CsvMapping> csv_mapping(const Request& request) {
  CsvFlags flags;
  flags.time = request.parameter("time");
  flags.values = all_of(request, "value");
  flags.labels = all_of(request, "label");
  flags.metric = request.parameter("metric");
  if (request.has_parameter("delimiter")) flags.delimiter = request.parameter("delimiter");
  flags.header = request.parameter("header") != "false";
  return parse_csv_mapping(flags);
}

Result<ImportOptions> import_options(const Request& request, ImportFormat format, TimestampMs now) {
  ImportOptions options;
  options.format = format;
  options.source = "import";
  if (format == ImportFormat::kCsv) options.csv = TRY(csv_mapping(request));
  if (format == ImportFormat::kPrometheusText) options.missing_timestamp_ms = now;
  if (const std::string_view encoding = request.header("Content-Encoding"); !encoding.empty()) {
    options.compression = TRY(parse_compression(encoding));
  }
  for (const std::string& text : all_of(request, "extra_label")) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
      return invalid(fmt::format("extra_label: \"{:.100}\" is not NAME=VALUE", text));
    options.labels.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  if (const std::string_view text = request.parameter("resume_after_line"); !text.empty()) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), options.resume_after_line);
    if (error != std::errc() || end != text.data() + text.size())
      return invalid("resume_after_line: a whole number is expected");
  }
  return options;
}

Response answer(const ImportProgress& progress, std::string_view rejects) {
  const bool nothing_taken = progress.appended.taken + progress.appended.duplicates == 0;
  if (progress.lines_rejected > 0 && nothing_taken) {
    return Response::error(400, "bad_data",
                           fmt::format("nothing was imported, {} lines were refused; the first: {}",
                                       progress.lines_rejected, progress.first_reject));
  }
  JsonWriter json;
  json.begin_object().field("lines", progress.lines).field("storedLines", progress.stored_lines);
  json.field("samples", progress.samples)
      .field("taken", progress.appended.taken)
      .field("duplicates", progress.appended.duplicates);
  json.field("linesRejected", progress.lines_rejected).field("samplesRejected", progress.samples_rejected);
  json.field("firstReject", progress.first_reject).key("rejects").raw(rejects).end_object();
  return Response::json(success_json(json.take()));
}

Result<Response> import_body(Services& services, const Request& request, ImportFormat format) {
  ImportOptions options = TRY(import_options(request, format, services.clock.now_ms()));
  JsonWriter rejects;
  std::size_t told = 0;
  rejects.begin_array();
  options.on_reject = [&](const ImportReject& reject) {
    if (told++ >= kRejectsToldMax) return;
    rejects.begin_object().field("line", reject.line).field("reason", reject_name(reject.reason));
    rejects.field("detail", reject.detail).field("text", reject.text.substr(0, 4096)).end_object();
  };
  const auto importer = TRY(Importer::create(services.store, services.rejects, std::move(options)));
  TRY(importer->feed(request.body));
  TRY(importer->finish());
  rejects.end_array();
  return answer(importer->progress(), rejects.str());
}

}  // namespace

void add_import_routes(http::Router& router, Services& services) {
  const std::vector<http::ParameterDoc> common = {
      {"extra_label", "NAME=VALUE, put on every series that has no such label; may repeat."},
      {"resume_after_line", "Lines up to this one were imported before and are passed over."}};
  std::vector<http::ParameterDoc> csv = {{"time", "COLUMN[:FORMAT] of the time.", true},
                                         {"value", "COLUMN=METRIC; may repeat.", true},
                                         {"label", "COLUMN=LABEL or COLUMN; may repeat."},
                                         {"metric", "COLUMN that names the metric."},
                                         {"delimiter", "One character, or tab; default: a comma."},
                                         {"header", "false when the first line is no header."}};
  csv.insert(csv.end(), common.begin(), common.end());
  const auto add = [&](const char* path, const char* sentence, ImportFormat format,
                       std::vector<http::ParameterDoc> parameters) {
    router.add({.method = "POST",
                .pattern = path,
                .sentence = sentence,
                .parameters = std::move(parameters),
                .access = http::Access::kWrite,
                .body_bytes_max = services.receiver.limits().body_bytes_max,
                .handle = [&services, format](const Request& request) {
                  auto response = import_body(services, request, format);
                  return response ? std::move(*response) : Response::error(response.error());
                }});
  };
  add("/api/v1/import",
      "JSON lines {\"metric\":{...},\"values\":[...],\"timestamps\":[...]}, plain, gzip or zstd. Bad lines "
      "are "
      "told and counted, good ones kept.",
      ImportFormat::kJsonLines, common);
  add("/api/v1/import/prometheus", "Prometheus text; lines without a time are taken as of now.",
      ImportFormat::kPrometheusText, common);
  add("/api/v1/import/csv", "CSV with a column mapping; see formats/import.md.", ImportFormat::kCsv, csv);
}

}  // namespace trimtab
