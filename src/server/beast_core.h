// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "base/clock.h"
#include "server/http_server.h"
#include "server/route_metrics.h"
#include "server/worker_pool.h"

namespace boost::beast {}

// What the server and its connections share. Included by beast_connection.h and http_server_beast.cc only:
// nobody else pays for Boost.
namespace trimtab::beast_server {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using http::Request;
using http::Response;

inline constexpr auto kUse = asio::as_tuple(asio::use_awaitable);

inline constexpr std::size_t kBufferReserveBytes =
    256 << 10;  // measured: 4.6 against 3.4 M samples/s at 500 series/request
inline constexpr std::size_t kBufferKeepBytes = 1 << 20;  // a larger buffer is given back after its request
inline constexpr std::size_t kReadBytes = 1 << 20;        // at most asked of one read
inline constexpr std::size_t kWriteBytes =
    256 << 10;  // at most given to one write, so that timeouts see progress
inline constexpr std::size_t kGzipBytesMin = 1024;  // below, gzip costs more than it saves
inline constexpr DurationMs kLookAfterMs = 200;     // how often it is asked whether a waiting client is there
inline constexpr std::size_t kLingerBytesMax = 1
                                               << 20;  // read and dropped after a refusal, so that it is seen

inline std::chrono::milliseconds milliseconds(DurationMs ms) { return std::chrono::milliseconds(ms); }

// A connection as the server sees it when it stops.
class Closable {
 public:
  virtual ~Closable() = default;
  virtual void close(bool only_if_idle) = 0;
};

// What all connections share.
struct Core {
  Core(const HttpServerOptions& o, const http::Router& r, const Gatekeeper& g, Metrics& m, Logger& l)
      : options(o),
        router(r),
        gatekeeper(g),
        logger(l),
        routes(r, m),
        pool("work",
             o.worker_threads > 0 ? o.worker_threads : std::max(2u, std::thread::hardware_concurrency()),
             o.worker_queue_max, m),
        query_pool("query", o.query_threads, o.query_queue_max, m),
        went_away(m.counter("trimtab_http_cancelled_total",
                            "Requests whose client went away while they were worked on.")),
        connections_refused(m.counter("trimtab_http_refused_total",
                                      "Requests refused at a bound of the server.",
                                      {{"bound", "connections"}})),
        memory_refused(m.counter("trimtab_http_refused_total", "Requests refused at a bound of the server.",
                                 {{"bound", "body_memory"}})),
        timeouts(
            m.counter("trimtab_http_timeouts_total", "Connections closed because the client was too slow.")),
        connections_gauge(m.gauge("trimtab_http_connections", "Open HTTP connections.")) {}

  // False when the bound of all bodies together is reached.
  bool take_body_memory(std::size_t bytes) {
    if (body_memory.fetch_add(bytes) + bytes <= options.body_memory_bytes_max) return true;
    body_memory.fetch_sub(bytes);
    memory_refused.add();
    return false;
  }

  void add(const std::shared_ptr<Closable>& connection) {
    const std::lock_guard lock(mutex);
    connections.insert(connection);
    connections_gauge.set(static_cast<double>(connections.size()));
  }
  void remove(const std::shared_ptr<Closable>& connection) {
    const std::lock_guard lock(mutex);
    connections.erase(connection);
    connections_gauge.set(static_cast<double>(connections.size()));
    if (connections.empty()) all_gone.notify_all();
  }
  std::size_t count() {
    const std::lock_guard lock(mutex);
    return connections.size();
  }
  void close_all(bool only_if_idle) {
    std::vector<std::shared_ptr<Closable>> copy;
    {
      const std::lock_guard lock(mutex);
      copy.assign(connections.begin(), connections.end());
    }
    for (const auto& connection : copy) connection->close(only_if_idle);
  }

  const HttpServerOptions options;
  const http::Router& router;
  const Gatekeeper& gatekeeper;
  Logger& logger;
  RouteMetrics routes;
  WorkerPool pool;
  WorkerPool query_pool;
  Counter& went_away;
  Counter& connections_refused;
  Counter& memory_refused;
  Counter& timeouts;
  Gauge& connections_gauge;
  std::atomic<std::size_t> body_memory{0};
  std::atomic<bool> draining{false};
  std::mutex mutex;
  std::condition_variable all_gone;
  std::set<std::shared_ptr<Closable>> connections;
};

// Body memory that one request holds.
class BodyMemory {
 public:
  explicit BodyMemory(Core& core) : core_(core) {}
  ~BodyMemory() { release(); }
  BodyMemory(const BodyMemory&) = delete;
  BodyMemory& operator=(const BodyMemory&) = delete;
  bool take(std::size_t bytes) {
    if (!core_.take_body_memory(bytes)) return false;
    bytes_ += bytes;
    return true;
  }
  void release() { core_.body_memory.fetch_sub(std::exchange(bytes_, 0)); }

 private:
  Core& core_;
  std::size_t bytes_ = 0;
};

// Runs `work` on the pool and comes back to the caller's strand. False: the pool refused.
inline asio::awaitable<bool> run_on_pool(WorkerPool& pool, bool admitted, std::function<void()> work) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      [&pool, admitted](auto handler, std::function<void()> task) {
        auto executor = asio::get_associated_executor(handler);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        const auto resume = [shared, executor](bool ran) {
          asio::post(executor, [shared, ran] { std::move (*shared)(ran); });
        };
        std::function<void()> job = [task = std::move(task), resume, keep = asio::make_work_guard(executor)] {
          task();
          resume(true);
        };
        if (!(admitted ? pool.run_next(std::move(job)) : pool.try_run(std::move(job)))) resume(false);
      },
      asio::use_awaitable, std::move(work));
}

inline Response guarded(const http::Route& route, const Request& request, Logger& logger) {
  try {
    return route.handle(request);
  } catch (const std::bad_alloc&) {
    logger.error("out of memory in a request", {{"path", request.path}});
    return Response::error(503, "unavailable", "out of memory; try again later");
  } catch (const std::exception& e) {
    logger.error("exception in a request", {{"path", request.path}, {"what", e.what()}});
    return Response::error(500, "internal", "an internal error was caught; see the log");
  }
}

inline std::string header_text(const Response& response, bool keep_alive, std::string_view length_header) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, http::reason_phrase(response.status));
  const auto add = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ");
    for (const char c : value) out += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    out.append("\r\n");
  };
  if (response.status != 204) add("Content-Type", response.content_type);
  for (const auto& [name, value] : response.headers) add(name, value);
  add("X-Content-Type-Options", "nosniff");
  if (!keep_alive) add("Connection", "close");
  out.append(length_header).append("\r\n");
  return out;
}

}  // namespace trimtab::beast_server
