// SPDX-License-Identifier: Apache-2.0
#include "cli/server_importer.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace trimtab::cli {
namespace {

class ServerImporter final : public Importer {
 public:
  ServerImporter(ServerClient client, ImportOptions options, ServerClient::Query query)
      : client_(std::move(client)), options_(std::move(options)), query_(std::move(query)) {}

  Status feed(std::string_view bytes) override {
    progress_.bytes_in += bytes.size();
    if (!unpacker_) {
      unpacker_ = TRY(StreamDecompressor::create(options_.compression.value_or(sniff_compression(bytes))));
    }
    return unpacker_->feed(bytes, [this](std::string_view text) { return take(text); });
  }

  Status finish() override {
    if (unpacker_) TRY(unpacker_->finish());
    return text_.empty() ? ok() : send(std::exchange(text_, {}));
  }

  const ImportProgress& progress() const override { return progress_; }

 private:
  Status take(std::string_view text) {
    progress_.bytes_text += text.size();
    text_ += text;
    if (options_.format == ImportFormat::kCsv) {
      if (text_.size() <= kCsvBytesMax) return ok();
      return fail(
          ErrorCode::kLimit,
          fmt::format("CSV of more than {} bytes does not go to a server in one piece; stop the server "
                      "and import with --data-dir, or split the file",
                      kCsvBytesMax));
    }
    if (text_.size() < kPieceBytes) return ok();
    const std::size_t end = text_.rfind('\n');
    if (end == std::string::npos) return ok();
    std::string piece = text_.substr(0, end + 1);
    text_.erase(0, end + 1);
    return send(std::move(piece));
  }

  Status send(std::string piece) {
    const std::uint64_t before = progress_.lines;
    const auto breaks = static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '\n'));
    const std::uint64_t lines = breaks + (piece.ends_with('\n') ? 0 : 1);
    progress_.lines += lines;
    if (progress_.lines <= options_.resume_after_line) {
      progress_.stored_lines = progress_.lines;
      return ok();
    }
    ServerClient::Query query = query_;
    if (options_.resume_after_line > before) {
      query.emplace_back("resume_after_line", std::to_string(options_.resume_after_line - before));
    }
    auto answer = client_.post(path(), std::move(piece), query, "text/plain");
    if (!answer && answer.error().code() == ErrorCode::kInvalid && options_.format != ImportFormat::kCsv) {
      // The whole piece was refused: counted, and the next may be better.
      progress_.lines_rejected += lines;
      if (progress_.first_reject.empty()) progress_.first_reject = answer.error().message();
      if (options_.on_reject)
        options_.on_reject({before + 1, RejectReason::kMalformed, answer.error().message(), {}});
    } else {
      const std::string text = TRY(std::move(answer));
      TRY(add_up(text, before));
    }
    progress_.stored_lines = progress_.lines;
    return ok();
  }

  Status add_up(const std::string& answer, std::uint64_t before) {
    simdjson::dom::parser parser;
    simdjson::dom::element data;
    if (parser.parse(answer)["data"].get(data))
      return fail(ErrorCode::kInternal, "the server's answer to an import is not understood");
    const auto number = [&data](const char* name) {
      std::uint64_t value = 0;
      return data[name].get(value) ? 0 : value;
    };
    progress_.samples += number("samples");
    progress_.appended.taken += number("taken");
    progress_.appended.duplicates += number("duplicates");
    progress_.lines_rejected += number("linesRejected");
    progress_.samples_rejected += number("samplesRejected");
    std::string_view first;
    if (progress_.first_reject.empty() && !data["firstReject"].get(first)) progress_.first_reject = first;
    simdjson::dom::array rejects;
    if (!options_.on_reject || data["rejects"].get(rejects)) return ok();
    for (const auto reject : rejects) tell(reject, before);
    return ok();
  }

  void tell(simdjson::dom::element reject, std::uint64_t before) {
    std::uint64_t line = 0;
    std::string_view detail;
    std::string_view text;
    if (reject["line"].get(line) || reject["detail"].get(detail) || reject["text"].get(text)) return;
    options_.on_reject({line == 0 ? 0 : before + line, RejectReason::kMalformed, std::string(detail), text});
  }

  std::string path() const {
    switch (options_.format) {
      case ImportFormat::kCsv: return "/api/v1/import/csv";
      case ImportFormat::kPrometheusText:
      case ImportFormat::kOpenMetrics: return "/api/v1/import/prometheus";
      case ImportFormat::kJsonLines: break;
    }
    return "/api/v1/import";
  }

  ServerClient client_;
  const ImportOptions options_;
  const ServerClient::Query query_;
  std::unique_ptr<StreamDecompressor> unpacker_;
  std::string text_;
  ImportProgress progress_;
};

}  // namespace

Result<std::unique_ptr<Importer>> create_server_importer(ServerClient client, ImportOptions options,
                                                         ServerClient::Query query) {
  if (options.format == ImportFormat::kOpenMetrics) {
    return invalid(
        "OpenMetrics files are imported with --data-dir only; a server takes json, prometheus and csv");
  }
  return std::make_unique<ServerImporter>(std::move(client), std::move(options), std::move(query));
}

}  // namespace trimtab::cli
