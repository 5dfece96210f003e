// SPDX-License-Identifier: Apache-2.0
#include "base/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>

#include "base/check.h"
#include "base/format.h"

namespace trimtab {
namespace {

constexpr std::size_t kSecretBytesMax = 64 << 10;

void initialise_curl_once() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(code == CURLE_OK, "curl_global_init: {}", static_cast<int>(code));
}

class HeaderList {
 public:
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list_); }

  Status add(std::string_view name, std::string_view value) {
    const auto breaks = [](char c) { return c == '\r' || c == '\n' || c == '\0'; };
    if (name.empty() || std::ranges::any_of(name, breaks) || std::ranges::any_of(value, breaks)) {
      return invalid("a request header holds a line break or has no name");
    }
    // "Name;" is how libcurl spells a header with an empty value.
    const std::string line = value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value);
    curl_slist* longer = curl_slist_append(list_, line.c_str());
    CHECK(longer != nullptr, "out of memory");
    list_ = longer;
    return ok();
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

Result<std::string> read_secret(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorCode::kUnavailable, fmt::format("cannot open {}", path));
  std::string text(kSecretBytesMax + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (text.size() > kSecretBytesMax) {
    return invalid(fmt::format("{} is larger than {} bytes; a secret was expected", path, kSecretBytesMax));
  }
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.back())) text.pop_back();
  return text;
}

// What an answer is gathered into while libcurl calls back.
struct Receiving {
  HttpResponse response;
  std::size_t body_bytes_max = 0;
  std::size_t header_bytes = 0;
  bool body_too_large = false;
  bool headers_too_large = false;
  const std::atomic<bool>* cancelled = nullptr;
};

std::size_t on_body(char* data, std::size_t size, std::size_t count, void* user) {
  auto& receiving = *static_cast<Receiving*>(user);
  const std::size_t bytes = size * count;
  if (bytes > receiving.body_bytes_max - receiving.response.body.size()) {
    receiving.body_too_large = true;
    return 0;
  }
  receiving.response.body.append(data, bytes);
  return bytes;
}

std::string trimmed_lower(std::string_view text, bool lower) {
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.front())) text.remove_prefix(1);
  while (!text.empty() && std::string_view(" \t\r\n").contains(text.back())) text.remove_suffix(1);
  std::string out(text);
  if (lower) {
    for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

std::size_t on_header(char* data, std::size_t size, std::size_t count, void* user) {
  auto& receiving = *static_cast<Receiving*>(user);
  const std::string_view line(data, size * count);
  receiving.header_bytes += line.size();
  if (receiving.header_bytes > HttpClient::kHeaderBytesMax) {
    receiving.headers_too_large = true;
    return 0;
  }
  if (line.starts_with("HTTP/")) {  // a redirect's or "100 Continue" headers are not the answer's
    receiving.response.headers.clear();
    receiving.response.body.clear();
    return line.size();
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    receiving.response.headers.emplace_back(trimmed_lower(line.substr(0, colon), true),
                                            trimmed_lower(line.substr(colon + 1), false));
  }
  return line.size();
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto* cancelled = static_cast<Receiving*>(user)->cancelled;
  return cancelled && cancelled->load(std::memory_order_relaxed) ? 1 : 0;
}

ErrorCode code_of(CURLcode code) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT: return ErrorCode::kTimeout;
    case CURLE_ABORTED_BY_CALLBACK: return ErrorCode::kCancelled;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_BAD_FUNCTION_ARGUMENT: return ErrorCode::kInvalid;
    default: return ErrorCode::kUnavailable;
  }
}

void set_method(CURL* easy, const HttpRequest& request) {
  if (request.method == "GET" && request.body.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
  } else if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request.body.data());
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    if (request.method != "POST") curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void set_tls(CURL* easy, const HttpAuth& auth) {
  if (!auth.tls_ca_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, auth.tls_ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);  // only that file is trusted
  }
  if (!auth.tls_cert_file.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, auth.tls_cert_file.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, auth.tls_key_file.c_str());
  }
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, auth.tls_insecure_skip_verify ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, auth.tls_insecure_skip_verify ? 0L : 2L);
}

void set_proxy(CURL* easy, const HttpAuth& auth) {
  if (!auth.proxy_from_environment) curl_easy_setopt(easy, CURLOPT_PROXY, auth.proxy_url.c_str());
  if (!auth.no_proxy.empty()) curl_easy_setopt(easy, CURLOPT_NOPROXY, auth.no_proxy.c_str());
}

void set_bounds(CURL* easy, const HttpRequest& request, Receiving& receiving) {
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(std::max<DurationMs>(1, request.timeout_ms)));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::max<DurationMs>(1, request.timeout_ms)));
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, static_cast<long>(HttpClient::kRedirectsMax));
  curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &receiving);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &receiving);
  curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(easy, CURLOPT_XFERINFODATA, &receiving);
}

}  // namespace

struct HttpClient::Impl {
  explicit Impl(HttpAuth a) : auth(std::move(a)) {
    initialise_curl_once();
    easy = curl_easy_init();
    CHECK(easy != nullptr, "curl_easy_init");
  }
  ~Impl() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(connect_to);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Status authenticate(HeaderList& headers) const;
  std::string url_for(const std::string& url);
  Error failure(CURLcode code, const HttpRequest& request, const Receiving& receiving) const;

  HttpAuth auth;
  CURL* easy = nullptr;
  curl_slist* connect_to = nullptr;
  std::array<char, CURL_ERROR_SIZE> detail{};
};

Status HttpClient::Impl::authenticate(HeaderList& headers) const {
  if (!auth.basic_username.empty()) {
    const std::string password =
        auth.basic_password_file.empty() ? auth.basic_password : TRY(read_secret(auth.basic_password_file));
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    curl_easy_setopt(easy, CURLOPT_USERNAME, auth.basic_username.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, password.c_str());
  }
  if (!auth.bearer_token.empty() || !auth.bearer_token_file.empty()) {
    const std::string token =
        auth.bearer_token_file.empty() ? auth.bearer_token : TRY(read_secret(auth.bearer_token_file));
    // libcurl drops this header by itself when a redirect leads to another host.
    TRY(headers.add("Authorization", fmt::format("{} {}", auth.authorization_type, token)));
  }
  return ok();
}

// With tls_server_name the certificate is checked against (and SNI says) that name while the connection
// goes to the URL's own host and port.
std::string HttpClient::Impl::url_for(const std::string& url) {
  curl_easy_setopt(easy, CURLOPT_CONNECT_TO, nullptr);
  curl_slist_free_all(connect_to);
  connect_to = nullptr;
  if (auth.tls_server_name.empty() || !url.starts_with("https://")) return url;
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> parts(curl_url(), &curl_url_cleanup);
  if (!parts || curl_url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return url;
  char* host = nullptr;
  char* port = nullptr;
  char* changed = nullptr;
  std::string out = url;
  if (curl_url_get(parts.get(), CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      curl_url_get(parts.get(), CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
      curl_url_set(parts.get(), CURLUPART_HOST, auth.tls_server_name.c_str(), 0) == CURLUE_OK &&
      curl_url_get(parts.get(), CURLUPART_URL, &changed, 0) == CURLUE_OK) {
    out = changed;
    connect_to = curl_slist_append(
        nullptr, fmt::format("{}:{}:{}:{}", auth.tls_server_name, port, host, port).c_str());
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, connect_to);
  }
  curl_free(host);
  curl_free(port);
  curl_free(changed);
  return out;
}

Error HttpClient::Impl::failure(CURLcode code, const HttpRequest& request, const Receiving& receiving) const {
  const std::string what = fmt::format("{} {}", request.method, redact_url(request.url));
  if (receiving.body_too_large) {
    return Error(ErrorCode::kLimit,
                 fmt::format("{}: the answer is larger than {}", what,
                             format_bytes(static_cast<double>(request.response_bytes_max))));
  }
  if (receiving.headers_too_large) {
    return Error(ErrorCode::kLimit, fmt::format("{}: the answer's headers are larger than {}", what,
                                                format_bytes(static_cast<double>(kHeaderBytesMax))));
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return Error(ErrorCode::kTimeout,
                 fmt::format("{}: no complete answer within {}", what, format_duration(request.timeout_ms)));
  }
  if (code == CURLE_ABORTED_BY_CALLBACK)
    return Error(ErrorCode::kCancelled, fmt::format("{}: cancelled", what));
  // libcurl's own detail names hosts and files only; a URL that does not parse stays out of it.
  const bool plain = code == CURLE_URL_MALFORMAT || detail[0] == '\0';
  return Error(code_of(code), fmt::format("{}: {}", what, plain ? curl_easy_strerror(code) : detail.data()));
}

HttpClient::HttpClient(HttpAuth auth) : impl_(std::make_unique<Impl>(std::move(auth))) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

Result<HttpResponse> HttpClient::send(const HttpRequest& request) {
  CURL* easy = impl_->easy;
  curl_easy_reset(easy);  // keeps connections, DNS and TLS sessions
  if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
    return invalid(fmt::format("{}: only http:// and https:// are allowed", redact_url(request.url)));
  }
  Receiving receiving;
  receiving.body_bytes_max = request.response_bytes_max;
  receiving.cancelled = request.cancelled;
  impl_->detail[0] = '\0';
  HeaderList headers;
  for (const auto& [name, value] : request.headers) TRY(headers.add(name, value));
  TRY(headers.add("Expect", ""));  // no "Expect: 100-continue" round trip
  if (const Status status = impl_->authenticate(headers); !status) return detail::error_of(status.error());
  set_bounds(easy, request, receiving);
  set_method(easy, request);
  set_tls(easy, impl_->auth);
  set_proxy(easy, impl_->auth);
  curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, impl_->detail.data());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "Trimtab");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers.get());
  const std::string url = impl_->url_for(request.url);
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());

  const CURLcode code = curl_easy_perform(easy);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
  if (code != CURLE_OK) return detail::error_of(impl_->failure(code, request, receiving));
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  receiving.response.status = static_cast<int>(status);
  for (const auto& [name, value] : receiving.response.headers) {
    if (name == "content-type") receiving.response.content_type = value;
  }
  return std::move(receiving.response);
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string redact_url(std::string_view url) {
  const std::string_view body = url.substr(0, url.find_first_of("?#"));
  const std::size_t scheme = body.find("://");
  const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
  const std::size_t path = std::min(body.find('/', host), body.size());
  const std::size_t at = body.substr(0, path).rfind('@');
  if (at == std::string_view::npos || at < host) return std::string(body);
  return std::string(body.substr(0, host)) + std::string(body.substr(at + 1));
}

}  // namespace trimtab
