// SPDX-License-Identifier: Apache-2.0
#include "server/http.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace trimtab::http {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (same_name(key, name)) return value;
  }
  return {};
}

std::string_view Request::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return {};
}

bool Request::has_parameter(std::string_view name) const {
  return std::any_of(parameters.begin(), parameters.end(), [&](const auto& p) { return p.first == name; });
}

std::vector<std::string_view> Request::parameters_named(std::string_view name) const {
  std::vector<std::string_view> out;
  for (const auto& [key, value] : parameters) {
    if (key == name) out.push_back(value);
  }
  return out;
}

Response Response::text(std::string body, int status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

Response Response::json(std::string body, int status) {
  Response response = text(std::move(body), status);
  response.content_type = "application/json";
  return response;
}

Response Response::html(std::string body) {
  Response response = text(std::move(body));
  response.content_type = "text/html; charset=utf-8";
  return response;
}

Response Response::empty(int status) {
  Response response;
  response.status = status;
  return response;
}

Response Response::error(int status, std::string_view type, std::string_view message) {
  JsonWriter json;
  json.begin_object().field("status", "error").field("errorType", type).field("error", message).end_object();
  Response response = Response::json(json.take() + "\n", status);
  if (status == 503 || status == 429)
    response.headers.emplace_back("Retry-After", std::to_string(kRetryAfterSeconds));
  return response;
}

Response Response::error(const Error& error) {
  return Response::error(status_of(error.code()), error_type_of(error.code()), error.message());
}

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return 400;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kConflict: return 409;
    case ErrorCode::kLimit: return 422;
    case ErrorCode::kUnsupported: return 415;
    case ErrorCode::kDenied: return 403;
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kTimeout: return 504;
    case ErrorCode::kCancelled: return 499;
    case ErrorCode::kCorrupt:
    case ErrorCode::kVersion:
    case ErrorCode::kIo:
    case ErrorCode::kInternal: return 500;
  }
  return 500;
}

// The words of Prometheus' API where it has one for the case.
std::string_view error_type_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return "bad_data";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kConflict: return "conflict";
    case ErrorCode::kLimit: return "execution";
    case ErrorCode::kDenied: return "denied";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kTimeout: return "timeout";
    case ErrorCode::kCancelled: return "canceled";
    case ErrorCode::kUnsupported: return "unsupported";
    default: return "internal";
  }
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 499: return "Client Closed Request";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    default: return "Unknown";
  }
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '+' && plus_is_space) {
      c = ' ';
    } else if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return invalid(fmt::format("bad percent escape at byte {}", i));
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (c == '\0') return invalid(fmt::format("NUL byte at byte {}", i));
    out += c;
  }
  return out;
}

Result<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    if (out.size() == kParametersMax) {
      return fail(ErrorCode::kLimit, fmt::format("more than {} parameters", kParametersMax));
    }
    const std::size_t equals = std::min(part.find('='), part.size());
    std::string name = TRY(percent_decode(part.substr(0, equals), true));
    std::string value = TRY(percent_decode(part.substr(std::min(equals + 1, part.size())), true));
    out.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

}  // namespace trimtab::http
