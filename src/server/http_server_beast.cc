// SPDX-License-Identifier: Apache-2.0
// The server's port: accepts, counts and ends connections.
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>

#include "server/beast_connection.h"

namespace trimtab {
namespace beast_server {
namespace {

class BeastServer final : public HttpServer {
 public:
  BeastServer(const HttpServerOptions& options, const http::Router& router, const Gatekeeper& gatekeeper,
              Metrics& metrics, Logger& logger)
      : core_(options, router, gatekeeper, metrics, logger),
        acceptor_(asio::make_strand(context_)),
        retry_(acceptor_.get_executor()) {}
  ~BeastServer() override { stop(); }

  Status open() {
    TRY(load_tls());
    error_code error;
    const auto address = asio::ip::make_address(core_.options.listen.host, error);
    if (error) return invalid(fmt::format("address {}: {}", core_.options.listen.host, error.message()));
    const tcp::endpoint endpoint(address, core_.options.listen.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error) {
      const ErrorCode code = error == boost::system::errc::address_in_use      ? ErrorCode::kConflict
                             : error == boost::system::errc::permission_denied ? ErrorCode::kDenied
                                                                               : ErrorCode::kIo;
      return fail(code,
                  fmt::format("listening on {}: {}", core_.options.listen.to_string(), error.message()));
    }
    port_ = acceptor_.local_endpoint().port();
    asio::co_spawn(acceptor_.get_executor(), accept_loop(), asio::detached);
    const int threads = core_.options.io_threads > 0
                            ? core_.options.io_threads
                            : static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { context_.run(); });
    }
    return ok();
  }

  std::uint16_t port() const override { return port_; }

  void stop() override {
    if (threads_.empty()) return;
    core_.draining = true;
    asio::post(acceptor_.get_executor(), [this] {
      error_code ignored;
      acceptor_.close(ignored);
      retry_.cancel();
    });
    core_.close_all(true);
    {
      std::unique_lock lock(core_.mutex);
      core_.all_gone.wait_for(lock, milliseconds(core_.options.drain_timeout_ms),
                              [this] { return core_.connections.empty(); });
    }
    core_.close_all(false);
    core_.query_pool.stop();
    core_.pool.stop();
    {
      std::unique_lock lock(core_.mutex);
      core_.all_gone.wait_for(lock, milliseconds(kSecondMs), [this] { return core_.connections.empty(); });
    }
    context_.stop();
    threads_.clear();
    core_.connections.clear();
  }

 private:
  Status load_tls() {
    const std::string& cert = core_.options.tls_cert_file;
    const std::string& key = core_.options.tls_key_file;
    if (cert.empty() != key.empty())
      return invalid("tls: cert_file and key_file belong together; one is missing");
    if (cert.empty()) return ok();
    tls_.emplace(asio::ssl::context::tls_server);
    tls_->set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                      asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1);
    error_code error;
    tls_->use_certificate_chain_file(cert, error);
    if (error) return invalid(fmt::format("tls: certificate {}: {}", cert, error.message()));
    tls_->use_private_key_file(key, asio::ssl::context::pem, error);
    if (error) return invalid(fmt::format("tls: key {}: {}", key, error.message()));
    if (SSL_CTX_check_private_key(tls_->native_handle()) != 1) {
      return invalid(fmt::format("tls: the key {} does not belong to the certificate {}", key, cert));
    }
    return ok();
  }

  asio::awaitable<void> accept_loop() {
    while (!core_.draining) {
      auto [error, socket] = co_await acceptor_.async_accept(asio::make_strand(context_), kUse);
      if (core_.draining || error == asio::error::operation_aborted) co_return;
      if (error) {
        // Out of descriptors or the like: let others finish first.
        core_.logger.warn("accepting a connection failed", {{"error", error.message()}});
        retry_.expires_after(std::chrono::milliseconds(100));
        co_await retry_.async_wait(kUse);
        continue;
      }
      take(std::move(socket));
    }
  }

  void take(tcp::socket socket) {
    error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    if (core_.count() >= core_.options.connections_max) {
      refuse(std::move(socket));
      return;
    }
    const auto endpoint = socket.remote_endpoint(ignored);
    std::string remote = fmt::format("{}:{}", endpoint.address().to_string(), endpoint.port());
    if (tls_) {
      start<beast::ssl_stream<beast::tcp_stream>>({beast::tcp_stream(std::move(socket)), *tls_},
                                                  std::move(remote));
    } else {
      start<beast::tcp_stream>(beast::tcp_stream(std::move(socket)), std::move(remote));
    }
  }

  template <typename Stream>
  void start(Stream stream, std::string remote) {
    auto connection = std::make_shared<Connection<Stream>>(std::move(stream), core_, std::move(remote));
    core_.add(connection);
    Connection<Stream>::run(std::move(connection));
  }

  // Over the bound of connections: one answer without reading, best effort.
  void refuse(tcp::socket socket) {
    core_.connections_refused.add();
    error_code ignored;
    if (!tls_) {
      Response response = Response::error(503, "unavailable", "too many connections; try again later");
      const std::string text =
          header_text(response, false, fmt::format("Content-Length: {}\r\n", response.body.size())) +
          response.body;
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(text), ignored);
      socket.shutdown(tcp::socket::shutdown_send, ignored);
    }
    socket.close(ignored);
  }

  Core core_;  // outlives the context, whose end destroys what connections were doing
  asio::io_context context_;
  // On a strand of its own: stop() closes it while another thread may be accepting.
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  std::optional<asio::ssl::context> tls_;
  std::uint16_t port_ = 0;
  std::vector<std::jthread> threads_;
};

}  // namespace
}  // namespace beast_server

Result<std::unique_ptr<HttpServer>> HttpServer::start(const HttpServerOptions& options,
                                                      const http::Router& router,
                                                      const Gatekeeper& gatekeeper, Metrics& metrics,
                                                      Logger& logger) {
  try {
    auto server = std::make_unique<beast_server::BeastServer>(options, router, gatekeeper, metrics, logger);
    TRY(server->open());
    return server;
  } catch (const std::exception& e) {
    return fail(ErrorCode::kIo, fmt::format("starting the HTTP server: {}", e.what()));
  }
}

}  // namespace trimtab
