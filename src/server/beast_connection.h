// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <array>
#include <vector>

#include "server/beast_core.h"
#include "server/gzip.h"

namespace trimtab::beast_server {

// One client, over TCP or TLS: reads requests, runs their routes on a pool, writes the answers, within the
// limits of the core. Everything of it runs on its strand, routes on the pool.
template <typename Stream>
class Connection final : public Closable, public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(Stream stream, Core& core, std::string remote)
      : stream_(std::move(stream)), core_(core), remote_(std::move(remote)), buffer_() {}

  static void run(std::shared_ptr<Connection> self) {
    auto executor = self->stream_.get_executor();
    asio::co_spawn(
        executor, [self] { return self->serve(); },
        [self](std::exception_ptr failure) {
          if (failure) self->core_.logger.error("exception on a connection", {{"remote", self->remote_}});
          self->core_.remove(self);
        });
  }

  void close(bool only_if_idle) override {
    asio::post(stream_.get_executor(), [self = this->shared_from_this(), only_if_idle] {
      if (only_if_idle && !self->idle_) return;
      error_code ignored;
      beast::get_lowest_layer(self->stream_).socket().close(ignored);
    });
  }

 private:
  using HeadParser = beast::http::request_parser<beast::http::empty_body>;
  using BodyParser = beast::http::request_parser<beast::http::string_body>;
  static constexpr bool kTls = !std::is_same_v<Stream, beast::tcp_stream>;

  asio::awaitable<void> serve() {
    buffer_.reserve(kBufferReserveBytes);
    if (co_await handshake()) {
      while (!core_.draining.load(std::memory_order_relaxed)) {
        const bool again = co_await serve_one();
        if (!again) break;
      }
    }
    co_await finish();
  }

  asio::awaitable<bool> handshake() {
    if constexpr (kTls) {
      expires(core_.options.header_timeout_ms, 0);
      const auto [error] = co_await stream_.async_handshake(asio::ssl::stream_base::server, kUse);
      count_timeout(error);
      co_return !error;
    }
    co_return true;
  }

  // One request and its answer. False when the connection is to be closed.
  asio::awaitable<bool> serve_one() {
    if (buffer_.size() == 0 && !co_await wait_for_first_byte()) co_return false;
    HeadParser parser;
    const bool readable = co_await read_head(parser);
    idle_ = false;
    if (!readable) co_return false;
    const std::int64_t start_ns = clock_.monotonic_ns();
    Request request;
    std::string path;
    std::optional<Response> refusal = understand(parser, request, path);
    http::Router::Match match;
    BodyMemory memory(core_);
    std::optional<BodyParser> chunked;
    if (!refusal) {
      match = core_.router.find(request.method, request.path);
      refusal = admit(parser, request, match, memory);
    }
    const bool may_chunk = parser.get().version() >= 11;
    const bool has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
    bool body_read = false;
    std::size_t body_bytes = 0;
    if (!refusal) {
      refusal = co_await read_body(parser, *match.route, request, chunked, memory, body_bytes, body_read);
      if (!refusal && !body_read) co_return false;
    }
    const bool has_unread_body = !body_read && has_body;
    request.keep_alive =
        request.keep_alive && !has_unread_body && !core_.draining.load(std::memory_order_relaxed);
    linger_ = has_unread_body;
    Response response;
    if (refusal) {
      response = std::move(*refusal);
    } else {
      request.path_values = std::move(match.values);
      response = co_await handle(*match.route, request);
    }
    core_.routes.count(match.route ? match.index : RouteMetrics::kNoRoute, response.status,
                       request.body.size(), static_cast<double>(clock_.monotonic_ns() - start_ns) / 1e9);
    log(request, response);
    memory.release();
    const bool sent = co_await send(request, response, may_chunk);
    buffer_.consume(body_bytes);
    if (buffer_.size() == 0 && buffer_.capacity() > kBufferKeepBytes) {
      buffer_ = beast::flat_buffer();
      buffer_.reserve(kBufferReserveBytes);
    }
    idle_ = true;
    co_return sent&& request.keep_alive;
  }

  asio::awaitable<bool> wait_for_first_byte() {
    idle_ = true;
    expires(core_.options.idle_timeout_ms, 0);
    const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(kBufferReserveBytes), kUse);
    buffer_.commit(bytes);
    co_return !error;
  }

  // False when there is nothing to answer any more (an answer to bad bytes has been sent).
  asio::awaitable<bool> read_head(HeadParser& parser) {
    parser.header_limit(static_cast<std::uint32_t>(core_.options.header_bytes_max));
    parser.body_limit(boost::none);
    expires(core_.options.header_timeout_ms, 0);
    const auto [error, bytes] = co_await beast::http::async_read_header(stream_, buffer_, parser, kUse);
    (void)bytes;
    if (!error) co_return true;
    count_timeout(error);
    if (error.category() != beast::http::make_error_code(beast::http::error::bad_method).category() ||
        error == beast::http::error::end_of_stream || error == beast::http::error::partial_message) {
      co_return false;
    }
    const bool too_large = error == beast::http::error::header_limit;
    const std::string what =
        too_large ? fmt::format("request line and headers exceed {} bytes", core_.options.header_bytes_max)
                  : fmt::format("not an HTTP/1.1 request: {}", error.message());
    Request request;
    Response response = Response::error(too_large ? 431 : 400, "bad_data", what);
    core_.routes.count(RouteMetrics::kNoRoute, response.status, 0, 0);
    linger_ = true;
    co_await send(request, response, true);
    co_return false;
  }

  // Fills in the request from the parsed head; a refusal when it makes no sense.
  std::optional<Response> understand(HeadParser& parser, Request& request, std::string& path) {
    const auto& head = parser.get();
    request.method = {head.method_string().data(), head.method_string().size()};
    request.remote = remote_;
    request.keep_alive = parser.keep_alive();
    for (const auto& field : head) {
      request.headers.emplace_back(std::string_view(field.name_string().data(), field.name_string().size()),
                                   std::string_view(field.value().data(), field.value().size()));
    }
    std::string_view target(head.target().data(), head.target().size());
    if (const std::size_t scheme = target.find("://");
        !target.starts_with('/') && scheme != std::string_view::npos) {
      target.remove_prefix(std::min(target.find('/', scheme + 3), target.size()));  // absolute form
    }
    const std::size_t question = std::min(target.find('?'), target.size());
    auto decoded = http::percent_decode(target.substr(0, question), false);
    if (!decoded) return Response::error(decoded.error().within("path"));
    path = std::move(*decoded);
    request.path = path;
    auto parameters = http::parse_form(target.substr(std::min(question + 1, target.size())));
    if (!parameters) return Response::error(400, "bad_data", parameters.error().within("query").message());
    request.parameters = std::move(*parameters);
    if (head.version() >= 11 && request.header("Host").empty()) {
      return Response::error(400, "bad_data", "the Host header is missing");
    }
    if (!request.header("Transfer-Encoding").empty() && !parser.chunked()) {
      return Response::error(501, "unsupported", "of transfer encodings only \"chunked\" is understood");
    }
    return std::nullopt;
  }

  // Everything that can be refused before the body is read.
  std::optional<Response> admit(HeadParser& parser, const Request& request, const http::Router::Match& match,
                                BodyMemory& memory) {
    const http::Access access = match.route ? match.route->access : http::Access::kOpen;
    if (auto refusal = core_.gatekeeper.refuse(request, access)) return refusal;
    if (!match.route && match.allowed.empty()) {
      return Response::error(404, "not_found", fmt::format("there is no {:.200}", request.path));
    }
    if (!match.route) {
      Response response = Response::error(
          405, "bad_data", fmt::format("{:.20} is not one of {}", request.method, match.allowed));
      response.headers.emplace_back("Allow", match.allowed);
      return response;
    }
    const std::uint64_t length = parser.content_length().value_or(0);
    if (length > match.route->body_bytes_max) return too_large(*match.route, length);
    if (!memory.take(length))
      return Response::error(503, "unavailable", "too many bodies are being read; try again later");
    const std::string_view expect = request.header("Expect");
    if (!expect.empty() && !beast::iequals({expect.data(), expect.size()}, "100-continue")) {
      return Response::error(417, "bad_data", "of expectations only \"100-continue\" is understood");
    }
    return std::nullopt;
  }

  static Response too_large(const http::Route& route, std::uint64_t length) {
    return Response::error(
        413, "too_large",
        route.body_bytes_max == 0
            ? std::string("this route takes no body")
            : fmt::format("the body is {} bytes{}; at most {} are taken; send smaller batches", length,
                          length > route.body_bytes_max ? "" : " or more", route.body_bytes_max));
  }

  // Reads the body into the connection's buffer (by length) or a string (chunked). On return without a
  // refusal and with done = false the client is gone.
  asio::awaitable<std::optional<Response>> read_body(HeadParser& head, const http::Route& route,
                                                     Request& request, std::optional<BodyParser>& chunked,
                                                     BodyMemory& memory, std::size_t& body_bytes,
                                                     bool& done) {
    const std::size_t length = head.content_length().value_or(0);
    if ((head.chunked() || length > buffer_.size()) && !request.header("Expect").empty()) {
      static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
      expires(core_.options.write_timeout_ms, 0);
      const auto [error, bytes] =
          co_await asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()), kUse);
      (void)bytes;
      if (error) co_return std::nullopt;
    }
    if (head.chunked()) {
      // The length is unknown: reserve the most it may become.
      if (!memory.take(route.body_bytes_max)) {
        co_return Response::error(503, "unavailable", "too many bodies are being read; try again later");
      }
      co_return co_await read_chunked(head, route, request, chunked, done);
    }
    expires(core_.options.body_timeout_ms, length);
    while (buffer_.size() < length) {
      const std::size_t missing = length - buffer_.size();
      // Grows with what has come, so that a promise of a large body costs nothing yet.
      const std::size_t want = std::min({missing, kReadBytes, std::max(buffer_.size(), kBufferReserveBytes)});
      const auto [error, bytes] = co_await stream_.async_read_some(buffer_.prepare(want), kUse);
      buffer_.commit(bytes);
      count_timeout(error);
      if (error) co_return std::nullopt;
    }
    request.body = std::string_view(static_cast<const char*>(buffer_.data().data()), length);
    body_bytes = length;
    done = true;
    co_return std::nullopt;
  }

  asio::awaitable<std::optional<Response>> read_chunked(HeadParser& head, const http::Route& route,
                                                        Request& request, std::optional<BodyParser>& chunked,
                                                        bool& done) {
    // The parser that reads on takes the head's fields with it: point the request's views at them.
    chunked.emplace(std::move(head));
    chunked->body_limit(route.body_bytes_max);
    expires(core_.options.body_timeout_ms, route.body_bytes_max);
    const auto [error, bytes] = co_await beast::http::async_read(stream_, buffer_, *chunked, kUse);
    (void)bytes;
    count_timeout(error);
    if (error == beast::http::error::body_limit) co_return too_large(route, route.body_bytes_max);
    if (error && error.category() == beast::http::make_error_code(beast::http::error::bad_chunk).category() &&
        error != beast::http::error::partial_message && error != beast::http::error::end_of_stream) {
      co_return Response::error(400, "bad_data", fmt::format("bad chunked body: {}", error.message()));
    }
    if (error) co_return std::nullopt;
    request.body = chunked->get().body();
    done = true;
    co_return std::nullopt;
  }

  // Whether the client of a request that is worked on is still there. All but `gone` belong to the strand.
  struct Watch {
    explicit Watch(const asio::any_io_executor& executor) : timer(executor) {}
    asio::steady_timer timer;
    std::atomic<bool> gone{false};
    bool done = false;
  };

  // Asks the kernel, not the stream: that works beside reading and under TLS.
  static asio::awaitable<void> look_after(std::shared_ptr<Connection> self, std::shared_ptr<Watch> watch) {
    while (!watch->done && !watch->gone) {
      watch->timer.expires_after(milliseconds(kLookAfterMs));
      co_await watch->timer.async_wait(kUse);
      if (watch->done) break;
      auto& socket = beast::get_lowest_layer(self->stream_).socket();
      pollfd state{.fd = socket.is_open() ? socket.native_handle() : -1, .events = POLLRDHUP, .revents = 0};
      const bool closed = state.fd < 0 || poll(&state, 1, 0) > 0;
      if (closed) watch->gone = true;
    }
  }

  asio::awaitable<Response> handle(const http::Route& route, Request& request) {
    if (request.header("Content-Type").starts_with("application/x-www-form-urlencoded")) {
      auto form = http::parse_form(request.body);
      if (!form) co_return Response::error(400, "bad_data", form.error().within("form").message());
      for (auto& pair : *form) request.parameters.push_back(std::move(pair));
    }
    if (route.run == http::Run::kInline) co_return guarded(route, request, core_.logger);
    Response response;
    const auto watch = std::make_shared<Watch>(stream_.get_executor());
    asio::co_spawn(stream_.get_executor(), look_after(this->shared_from_this(), watch), asio::detached);
    request.cancelled = &watch->gone;
    const std::int64_t asked_ns = clock_.monotonic_ns();
    WorkerPool& pool = route.run == http::Run::kQuery ? core_.query_pool : core_.pool;
    const bool ran = co_await run_on_pool(pool, false, [&] {
      request.waited_ns = clock_.monotonic_ns() - asked_ns;
      response = guarded(route, request, core_.logger);
      maybe_gzip(request, response);
    });
    request.cancelled = nullptr;
    watch->done = true;
    watch->timer.cancel();
    if (watch->gone) core_.went_away.add();
    if (!ran) co_return Response::error(503, "unavailable", "too many requests are waiting; try again later");
    co_return response;
  }

  static bool wants_gzip(const Request& request, const Response& response) {
    const bool text =
        response.content_type.starts_with("text/") || response.content_type.starts_with("application/");
    return text && accepts_gzip(request.header("Accept-Encoding"));
  }

  static void maybe_gzip(const Request& request, Response& response) {
    if (response.chunks || response.body.size() < kGzipBytesMin || !wants_gzip(request, response)) return;
    response.body = gzip(response.body);
    response.headers.emplace_back("Content-Encoding", "gzip");
    response.headers.emplace_back("Vary", "Accept-Encoding");
  }

  asio::awaitable<bool> send(Request& request, Response& response, bool may_chunk) {
    if (response.chunks) co_return co_await send_streamed(request, response, may_chunk);
    const bool bodiless = response.status == 204 || response.status == 304;
    const std::string length = bodiless ? "" : fmt::format("Content-Length: {}\r\n", response.body.size());
    std::string head = header_text(response, request.keep_alive, length);
    if (bodiless || request.method == "HEAD") co_return co_await write(head);
    if (response.body.size() <= 16 << 10) co_return co_await write(head.append(response.body));
    if (!co_await write(head)) co_return false;
    co_return co_await write(response.body);
  }

  asio::awaitable<bool> send_streamed(Request& request, Response& response, bool may_chunk) {
    if (!may_chunk) request.keep_alive = false;
    std::optional<GzipStream> zip;
    if (wants_gzip(request, response)) {
      zip.emplace();
      response.headers.emplace_back("Content-Encoding", "gzip");
      response.headers.emplace_back("Vary", "Accept-Encoding");
    }
    const std::string head =
        header_text(response, request.keep_alive, may_chunk ? "Transfer-Encoding: chunked\r\n" : "");
    if (!co_await write(head)) co_return false;
    if (request.method == "HEAD") co_return true;
    bool more = true;
    while (more) {
      std::string piece;
      bool failed = false;
      const bool ran =
          co_await run_on_pool(core_.pool, true, [&] { more = next_piece(response, zip, piece, failed); });
      if (!ran || failed) co_return false;
      if (may_chunk && !piece.empty()) piece = fmt::format("{:x}\r\n", piece.size()) + piece + "\r\n";
      if (may_chunk && !more) piece += "0\r\n\r\n";
      if (!co_await write(piece)) co_return false;
    }
    co_return true;
  }

  bool next_piece(Response& response, std::optional<GzipStream>& zip, std::string& piece, bool& failed) {
    std::string plain;
    try {
      const auto more = response.chunks(plain);
      failed = !more;
      if (failed) {
        core_.logger.warn("a streamed answer broke off", {{"error", more.error().message()}});
        return false;
      }
      if (zip) {
        zip->write(plain, !*more, piece);
      } else {
        piece = std::move(plain);
      }
      return *more;
    } catch (const std::exception& e) {
      core_.logger.error("exception in a streamed answer", {{"what", e.what()}});
      failed = true;
      return false;
    }
  }

  asio::awaitable<bool> write(std::string_view text) {
    while (!text.empty()) {
      const std::string_view piece = text.substr(0, kWriteBytes);
      expires(core_.options.write_timeout_ms, piece.size());
      const auto [error, bytes] =
          co_await asio::async_write(stream_, asio::buffer(piece.data(), piece.size()), kUse);
      count_timeout(error);
      if (error) co_return false;
      text.remove_prefix(bytes);
    }
    co_return true;
  }

  // Says goodbye. After a refusal with an unread body, reads a little on: closing with unread bytes
  // would reset the connection and the client would never see the answer.
  asio::awaitable<void> finish() {
    auto& socket = beast::get_lowest_layer(stream_).socket();
    error_code ignored;
    if constexpr (kTls) {
      expires(kSecondMs, 0);
      if (socket.is_open() && !linger_) co_await stream_.async_shutdown(kUse);
    }
    socket.shutdown(tcp::socket::shutdown_send, ignored);
    expires(2 * kSecondMs, 0);
    buffer_.clear();
    for (std::size_t total = 0; linger_ && !ignored && total < kLingerBytesMax;) {
      const auto [error, bytes] =
          co_await beast::get_lowest_layer(stream_).async_read_some(buffer_.prepare(64 << 10), kUse);
      if (error) break;
      total += bytes;
    }
    socket.close(ignored);
  }

  void expires(DurationMs base_ms, std::size_t bytes) {
    const auto transfer_ms =
        bytes * 1000 / std::max<std::size_t>(1, core_.options.transfer_bytes_per_second_min);
    beast::get_lowest_layer(stream_).expires_after(
        milliseconds(base_ms + static_cast<DurationMs>(transfer_ms)));
  }

  void count_timeout(const error_code& error) {
    if (error == beast::error::timeout) core_.timeouts.add();
  }

  void log(const Request& request, const Response& response) {
    const auto level = response.status >= 500 && response.status != 501 && response.status != 503
                           ? LogLevel::kWarn
                           : LogLevel::kDebug;
    if (level == LogLevel::kDebug && response.status < 400) return;
    core_.logger.write(level, "request",
                       {{"method", request.method},
                        {"path", request.path},
                        {"status", response.status},
                        {"remote", remote_}});
  }

  Stream stream_;
  Core& core_;
  const std::string remote_;
  beast::flat_buffer buffer_;
  SystemClock clock_;
  bool idle_ = true;  // touched on the connection's strand only
  bool linger_ = false;
};

}  // namespace trimtab::beast_server
