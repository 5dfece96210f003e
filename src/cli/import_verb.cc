// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <optional>

#include "base/format.h"
#include "base/json.h"
#include "cli/exit_code.h"
#include "cli/offline.h"
#include "cli/server_importer.h"
#include "cli/verb.h"

namespace trimtab::cli {
namespace {

// One line on standard error that overwrites itself; nothing when that is no terminal.
class ProgressBar {
 public:
  ProgressBar(std::string name, std::uint64_t bytes)
      : name_(std::move(name)), bytes_(bytes), shown_(isatty(STDERR_FILENO) != 0) {}
  void show(const ImportProgress& progress) const {
    if (!shown_) return;
    const double seconds = std::max(1e-3, static_cast<double>(clock_.monotonic_ns() - begin_ns_) / 1e9);
    const double share =
        bytes_ == 0 ? 1 : static_cast<double>(progress.bytes_in) / static_cast<double>(bytes_);
    const auto filled = static_cast<std::size_t>(std::min(1.0, share) * 30);
    fmt::print(stderr, "\r{} [{:<30}] {:3.0f} %  {} samples  {}/s  {} lines refused ", name_,
               std::string(filled, '='), share * 100, format_number(static_cast<double>(progress.samples)),
               format_number(static_cast<double>(progress.samples) / seconds), progress.lines_rejected);
  }
  void end() const {
    if (shown_) fmt::print(stderr, "\n");
  }

 private:
  std::string name_;
  std::uint64_t bytes_;
  bool shown_;
  SystemClock clock_;
  std::int64_t begin_ns_ = clock_.monotonic_ns();
};

// JSON lines {"line":7,"reason":"...","detail":"...","text":"..."}; the file is made with the first one.
class RejectsFile {
 public:
  explicit RejectsFile(std::string path) : path_(std::move(path)) {}
  void add(const ImportReject& reject) {
    if (!out_.is_open()) out_.open(path_, std::ios::trunc);
    JsonWriter json;
    json.begin_object().field("line", reject.line).field("reason", reject_name(reject.reason));
    json.field("detail", reject.detail).field("text", reject.text).end_object();
    out_ << json.take() << '\n';
  }
  bool used() const { return out_.is_open(); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::ofstream out_;
};

Result<ImportOptions> options_of(const Arguments& arguments, const std::string& file) {
  ImportOptions options;
  if (arguments.has("format")) {
    options.format = TRY(parse_import_format(arguments.get("format")));
  } else if (const auto format = import_format_of_file(file)) {
    options.format = *format;
  } else {
    return invalid(fmt::format(
        "{}: the name does not tell the format; say --format json, prometheus, openmetrics or csv", file));
  }
  if (options.format == ImportFormat::kCsv) {
    options.csv = TRY(parse_csv_mapping({.time = arguments.get("time"),
                                         .values = arguments.all("value"),
                                         .labels = arguments.all("label"),
                                         .metric = arguments.get("metric"),
                                         .delimiter = arguments.get("delimiter"),
                                         .header = !arguments.has("no-header")}));
  }
  for (const std::string& text : arguments.all("extra-label")) {
    const std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string::npos)
      return invalid(fmt::format("--extra-label: \"{}\" is not NAME=VALUE", text));
    options.labels.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  if (const std::string text = arguments.get("resume-after-line"); !text.empty()) {
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), options.resume_after_line);
    if (error != std::errc() || end != text.data() + text.size())
      return invalid("--resume-after-line: a whole number is expected");
  }
  options.source = "import " + std::filesystem::path(file).filename().string();
  return options;
}

ServerClient::Query query_of(const Arguments& arguments, ImportFormat format) {
  ServerClient::Query query;
  for (const std::string& text : arguments.all("extra-label")) query.emplace_back("extra_label", text);
  if (format != ImportFormat::kCsv) return query;
  for (const char* name : {"time", "value", "label", "metric", "delimiter"}) {
    for (const std::string& text : arguments.all(name)) query.emplace_back(name, text);
  }
  if (arguments.has("no-header")) query.emplace_back("header", "false");
  return query;
}

Status pump(std::FILE* in, Importer& importer, const ProgressBar& bar) {
  std::string piece(1 << 20, '\0');
  while (true) {
    const std::size_t got = std::fread(piece.data(), 1, piece.size(), in);
    if (got == 0) break;
    TRY(importer.feed(std::string_view(piece).substr(0, got)));
    bar.show(importer.progress());
  }
  if (std::ferror(in) != 0) return fail(ErrorCode::kIo, "reading failed");
  TRY(importer.finish());
  bar.show(importer.progress());
  return ok();
}

Status import_file(const Arguments& arguments, const std::string& file, Offline* offline, Rejects* rejects) {
  ImportOptions options = TRY(options_of(arguments, file));
  RejectsFile refused(arguments.has("rejects") ? arguments.get("rejects") : file + ".rejects.jsonl");
  options.on_reject = [&refused](const ImportReject& reject) { refused.add(reject); };
  const ServerClient::Query query = query_of(arguments, options.format);
  std::unique_ptr<Importer> importer;
  if (offline != nullptr) {
    importer = TRY(Importer::create(*offline->store, *rejects, std::move(options)));
  } else {
    ServerClient client = TRY(ServerClient::create(arguments));
    importer = TRY(create_server_importer(std::move(client), std::move(options), query));
  }
  const bool standard_input = file == "-";
  std::FILE* in = standard_input ? stdin : std::fopen(file.c_str(), "rb");
  if (in == nullptr) return fail(ErrorCode::kNotFound, fmt::format("cannot open {}", file));
  std::error_code unknown;
  const ProgressBar bar(file, standard_input ? 0 : std::filesystem::file_size(file, unknown));
  const Status done = pump(in, *importer, bar);
  bar.end();
  if (!standard_input) std::fclose(in);
  const ImportProgress& progress = importer->progress();
  fmt::print("{}: {} samples stored, {} were there already, {} refused; {} of {} lines refused\n", file,
             progress.appended.taken, progress.appended.duplicates, progress.samples_rejected,
             progress.lines_rejected, progress.lines);
  if (refused.used())
    fmt::print(stderr, "refused lines: {}; the first: {}\n", refused.path(), progress.first_reject);
  if (done) return ok();
  return std::unexpected(done.error().within(
      fmt::format("{}: stopped; go on with --resume-after-line {}", file, progress.stored_lines)));
}

int run_import(const Arguments& arguments) {
  std::unique_ptr<Offline> offline;
  std::optional<Rejects> rejects;
  if (arguments.has("data-dir")) {
    auto opened = Offline::open(arguments.get("data-dir"), Offline::Mode::kWrite);
    if (!opened) return report(opened.error());
    offline = std::move(*opened);
    rejects.emplace(offline->metrics, offline->clock);
  }
  if (arguments.positionals.size() > 1 && arguments.has("resume-after-line")) {
    return report(Error(ErrorCode::kInvalid, "--resume-after-line is for one file at a time"));
  }
  for (const std::string& file : arguments.positionals) {
    const Status done = import_file(arguments, file, offline.get(), rejects ? &*rejects : nullptr);
    if (!done) return report(done.error());
  }
  if (offline) {
    const Status flushed = offline->store->flush();
    if (!flushed) return report(flushed.error());
  }
  return kOk;
}

}  // namespace

Verb import_verb() {
  Verb verb;
  verb.name = "import";
  verb.sentence = "Import history: JSON lines, Prometheus text, OpenMetrics or CSV; plain, gzip or zstd.";
  verb.details =
      "Goes to a running server, or with --data-dir straight into a directory that no server holds. "
      "Importing the same\n"
      "again is harmless. Refused lines are told and written to FILE.rejects.jsonl, the others are kept.\n"
      "Example: trimtab import cpu.csv --time timestamp:unix_s --value cpu=cpu_percent --label host";
  verb.positional = {"FILE", "Files to import; - is standard input", true, true};
  verb.options = {
      {"format",
       "FORMAT",
       "What the files are [default: by their names]",
       "",
       {"json", "prometheus", "openmetrics", "csv"},
       false},
      {"time",
       "COLUMN[:FORMAT]",
       "CSV: the time; FORMAT is auto, rfc3339, unix_s, unix_ms, unix_us, unix_ns or a pattern",
       "",
       {},
       false},
      {"value", "COLUMN=METRIC", "CSV: a value; may repeat", "", {}, true},
      {"label", "COLUMN[=LABEL]", "CSV: a label; may repeat", "", {}, true},
      {"metric", "COLUMN", "CSV: the column that names the metric", "", {}, false},
      {"delimiter", "CHARACTER", "CSV: one character, or tab", ",", {}, false},
      {"no-header", "", "CSV: the first line is no header", "", {}, false},
      {"extra-label", "NAME=VALUE", "Put on every series that has no such label; may repeat", "", {}, true},
      {"rejects", "FILE", "Where refused lines go [default: FILE.rejects.jsonl]", "", {}, false},
      {"resume-after-line", "LINE", "Go on after this line of an import that stopped", "", {}, false},
      {"data-dir", "DIR", "Import into this data directory without a server", "", {}, false}};
  for (auto& option : ServerClient::options()) verb.options.push_back(option);
  verb.run = run_import;
  return verb;
}

}  // namespace trimtab::cli
