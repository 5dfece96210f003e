// SPDX-License-Identifier: Apache-2.0
#include "advise/nginx/served.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <span>

#include "base/http_client.h"
#include "targets/nginx/access_line.h"

namespace trimtab::advise::nginx {

namespace {

constexpr DurationMs kAskTimeoutMs = 5 * kSecondMs;
constexpr std::size_t kPathBytesMax = 1024;
constexpr int kGzipLevel = 1;  // gzip_comp_level unless set (ngx_http_gzip_module)

// A path without one of these endings may do anything when asked for, so it is not.
bool is_file_by_name(std::string_view path, std::span<const std::string_view> endings) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-~%+@,").contains(c);
  };
  return path.size() <= kPathBytesMax && path.starts_with('/') && std::ranges::all_of(path, plain) &&
         std::ranges::any_of(endings, [&](std::string_view ending) { return path.ends_with(ending); });
}

constexpr std::string_view kTextEndings[] = {".html", ".htm", ".css", ".js",  ".mjs", ".json",
                                             ".svg",  ".xml", ".txt", ".csv", ".map", ".webmanifest"};
// Scripts, styles, fonts and pictures. A page changes under its name.
constexpr std::string_view kAssetEndings[] = {".css",  ".js",  ".mjs", ".svg",  ".map",  ".png",  ".jpg",
                                              ".jpeg", ".gif", ".ico", ".webp", ".avif", ".woff", ".woff2"};

std::vector<ServedPath> sorted_by(double ServedPath::* most, std::map<std::string_view, ServedPath> paths) {
  std::vector<ServedPath> out;
  for (auto& [path, counts] : paths) {
    counts.path = path;
    out.push_back(std::move(counts));
  }
  std::ranges::stable_sort(out, std::ranges::greater(), most);
  return out;
}

double compressed_bytes(const std::string& text) {
  uLongf size = compressBound(text.size());
  std::string out(size, '\0');
  const int done = compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                             reinterpret_cast<const Bytef*>(text.data()), text.size(), kGzipLevel);
  return done == Z_OK ? static_cast<double>(size) : static_cast<double>(text.size());
}

// "http://host:port" of a URL.
std::string origin_of(const std::string& url) {
  const std::size_t host = url.find("://");
  return host == std::string::npos ? "" : url.substr(0, url.find_first_of("/?#", host + 3));
}

std::string media_type(std::string_view content_type) {
  std::string out(content_type.substr(0, content_type.find(';')));
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace

Served served_of(std::string_view lines) {
  Served out;
  std::map<std::string_view, ServedPath> texts, unchanged;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const auto line = parse_access_line(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (!line) continue;
    out.requests += 1;
    out.bytes += line->bytes;
    out.bytes_squared += line->bytes * line->bytes;
    if (line->method != "GET") continue;
    if (line->status == 304 && is_file_by_name(line->path, kAssetEndings))
      unchanged[line->path].requests += 1;
    if (line->status != 200 || !is_file_by_name(line->path, kTextEndings)) continue;
    ServedPath& path = texts[line->path];
    path.requests += 1;
    path.bytes += line->bytes;
  }
  out.texts = sorted_by(&ServedPath::bytes, std::move(texts));
  out.unchanged = sorted_by(&ServedPath::requests, std::move(unchanged));
  return out;
}

Result<std::string> read_log_end(const std::string& log) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(log, problem)) {  // a pipe would hold us up
    return fail(ErrorCode::kUnavailable, fmt::format("{} is not a regular file", log));
  }
  std::ifstream in(log, std::ios::binary | std::ios::ate);
  if (!in) return fail(ErrorCode::kUnavailable, fmt::format("cannot open {}: {}", log, std::strerror(errno)));
  const auto size = static_cast<std::size_t>(std::max<std::streamoff>(0, in.tellg()));
  const std::size_t take = std::min(size, kLogBytesMax);
  std::string text(take, '\0');
  in.seekg(static_cast<std::streamoff>(size - take));
  in.read(text.data(), static_cast<std::streamsize>(take));
  text.resize(static_cast<std::size_t>(in.gcount()));
  // The first line may have lost its head.
  const std::size_t start = take < size ? std::min(text.find('\n'), text.size() - 1) + 1 : 0;
  text.erase(0, std::min(start, text.size()));
  return text;
}

Result<Served> read_served(const std::string& log) { return served_of(TRY(read_log_end(log))); }

Result<std::vector<Sample>> ask_for(const Target& target, std::span<const ServedPath> paths,
                                    const std::atomic<bool>* cancelled) {
  const std::string origin = origin_of(target.url);
  HttpClient client(target.auth);
  std::vector<Sample> out;
  std::string problem;
  for (const ServedPath& path : paths) {
    HttpRequest request;
    request.url = origin + path.path;
    request.timeout_ms = kAskTimeoutMs;
    request.response_bytes_max = kSampleBytesMax;
    request.follow_redirects = false;
    request.cancelled = cancelled;
    const auto answer = client.send(request);
    if (!answer || answer->status != 200 || answer->body.empty()) {
      problem = answer ? fmt::format("{}: status {}", redact_url(request.url), answer->status)
                       : answer.error().message();
      continue;
    }
    const auto has = [&](std::string_view name) {
      return std::ranges::any_of(answer->headers, [&](const auto& header) { return header.first == name; });
    };
    out.push_back({.path = path.path,
                   .media_type = media_type(answer->content_type),
                   .is_encoded = has("content-encoding"),
                   .has_lifetime = has("cache-control") || has("expires"),
                   .bytes = static_cast<double>(answer->body.size()),
                   .compressed = compressed_bytes(answer->body)});
  }
  if (out.empty() && !paths.empty()) {
    return fail(ErrorCode::kUnavailable, "none of what was served could be asked for: " + problem);
  }
  return out;
}

}  // namespace trimtab::advise::nginx
