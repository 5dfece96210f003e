// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/time.h"
#include "server/gatekeeper.h"
#include "server/listen_address.h"
#include "server/router.h"

namespace trimtab {

// Bounds of the HTTP server; at each the stated answer is given and trimtab_http_refused_total or
// trimtab_http_timeouts_total counts it.
struct HttpServerOptions {
  ListenAddress listen;
  int io_threads = 0;                              // 0: one per core
  int worker_threads = 0;                          // 0: one per core, at least 2
  std::size_t worker_queue_max = 64;               // more waiting requests: 503
  int query_threads = 4;                           // queries at once
  std::size_t query_queue_max = 64;                // more waiting queries: 503
  std::size_t connections_max = 1024;              // more: 503 and closed
  std::size_t header_bytes_max = 16 << 10;         // request line and headers; more: 431
  std::size_t body_memory_bytes_max = 1ULL << 30;  // all bodies being read or handled; more: 503
  DurationMs idle_timeout_ms = 2 * kMinuteMs;      // between requests: closed
  DurationMs header_timeout_ms = 10 * kSecondMs;   // first byte to end of headers: closed
  DurationMs body_timeout_ms = 30 * kSecondMs;     // plus the time at transfer_bytes_per_second_min: closed
  DurationMs write_timeout_ms = 30 * kSecondMs;    // per piece, as above: closed
  std::size_t transfer_bytes_per_second_min = 64 << 10;
  DurationMs drain_timeout_ms = 10 * kSecondMs;  // stop(): requests under way get this long
  std::string tls_cert_file;                     // PEM chain; both or none
  std::string tls_key_file;
};

// HTTP/1.1 (and 1.0) on one address: keep-alive, pipelining, HEAD, Expect: 100-continue, gzip answers,
// chunked streaming, TLS 1.2+. A request's body is handed to the handler as a view of the connection's
// buffer. Threads: `io_threads` run all connections (one strand each), `worker_threads` run routes
// marked Run::kPool and the pieces of streamed answers, `query_threads` run routes marked Run::kQuery. While
// a handler runs on a pool, its connection is looked at a few times a second; a client that has closed it
// (also one that has only closed its sending half) cancels the request. Handlers must be thread-safe.
class HttpServer {
 public:
  // Listens when it returns. Router and gatekeeper must outlive the server. Errors: kConflict (address
  // in use), kDenied (not allowed to bind), kInvalid (TLS files), kIo.
  static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options,
                                                   const http::Router& router, const Gatekeeper& gatekeeper,
                                                   Metrics& metrics, Logger& logger);
  virtual ~HttpServer() = default;

  virtual std::uint16_t port() const = 0;
  // Takes no new connections, closes idle ones, lets requests under way finish within the drain
  // timeout, then cuts the rest. Called by the destructor too; idempotent.
  virtual void stop() = 0;
};

}  // namespace trimtab
