// SPDX-License-Identifier: Apache-2.0
#include "cli/server_client.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace trimtab::cli {
namespace {

constexpr std::size_t kAnswerBytesMax = 1ULL << 30;
constexpr DurationMs kPatienceMs = 5 * kMinuteMs;  // a past moment is judged anew: that may take a while

std::string setting_or_environment(const Arguments& arguments, std::string_view option,
                                   const char* variable) {
  if (arguments.has(option)) return arguments.get(option);
  const char* value = std::getenv(variable);
  return value == nullptr ? std::string() : std::string(value);
}

Result<std::string> first_token(const std::string& path) {
  std::ifstream in(path);
  if (!in) return fail(ErrorCode::kNotFound, fmt::format("token file {} can not be read", path));
  std::string line;
  while (std::getline(in, line)) {
    std::istringstream words(line.substr(0, line.find('#')));
    if (std::string token; words >> token) return token;
  }
  return invalid(fmt::format("token file {} holds no token", path));
}

// "error" of {"status":"error",...}, else the body's start.
std::string told(const std::string& body) {
  simdjson::dom::parser parser;
  std::string_view error;
  if (parser.parse(body).at_key("error").get(error)) return body.substr(0, 200);
  return std::string(error);
}

ErrorCode code_of(int status) {
  switch (status) {
    case 400:
    case 405:
    case 413:
    case 415:
    case 422: return ErrorCode::kInvalid;
    case 401:
    case 403: return ErrorCode::kDenied;
    case 404: return ErrorCode::kNotFound;
    case 503: return ErrorCode::kUnavailable;
    default: return ErrorCode::kInternal;
  }
}

}  // namespace

std::vector<OptionSpec> ServerClient::options() {
  return {
      {"server",
       "URL",
       "The server to ask; TRIMTAB_SERVER says the same [default: http://127.0.0.1:7600]",
       "",
       {},
       false},
      {"token-file", "FILE", "File with the bearer token; TRIMTAB_TOKEN_FILE says the same", "", {}, false}};
}

Result<ServerClient> ServerClient::create(const Arguments& arguments) {
  std::string base = setting_or_environment(arguments, "server", "TRIMTAB_SERVER");
  if (base.empty()) base = kDefaultServer;
  while (base.ends_with('/')) base.pop_back();
  HttpAuth auth;
  const std::string token_file = setting_or_environment(arguments, "token-file", "TRIMTAB_TOKEN_FILE");
  if (!token_file.empty()) auth.bearer_token = TRY(first_token(token_file));
  return ServerClient(std::move(base), std::move(auth));
}

Result<std::string> ServerClient::send(HttpRequest request, const std::string& path, const Query& query) {
  request.url = base_ + path;
  for (std::size_t i = 0; i < query.size(); ++i) {
    request.url +=
        fmt::format("{}{}={}", i == 0 ? "?" : "&", url_encode(query[i].first), url_encode(query[i].second));
  }
  request.timeout_ms = kPatienceMs;
  request.response_bytes_max = kAnswerBytesMax;
  const auto response = client_.send(request);
  if (!response) {
    return fail(response.error().code(),
                fmt::format("{}; is a server running there? Start one with trimtab serve, or name one "
                            "with --server",
                            response.error().message()));
  }
  if (response->status >= 200 && response->status < 300) return response->body;
  return fail(code_of(response->status),
              fmt::format("{} answered {}: {}", base_, response->status, told(response->body)));
}

Result<std::string> ServerClient::get(const std::string& path, const Query& query) {
  return send({}, path, query);
}

Result<std::string> ServerClient::post(const std::string& path, std::string body, const Query& query,
                                       const std::string& content_type) {
  HttpRequest request;
  request.method = "POST";
  request.headers.emplace_back("Content-Type", content_type);
  request.body = std::move(body);
  return send(std::move(request), path, query);
}

}  // namespace trimtab::cli
