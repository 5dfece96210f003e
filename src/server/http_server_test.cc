// SPDX-License-Identifier: Apache-2.0
#include "server/http_server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "server/raw_client_testlib.h"

namespace trimtab {
namespace {

using http::Request;
using http::Response;
using testing::HasSubstr;

// A gate that a handler waits at until the test opens it: order without sleeping.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_for_visitors(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    options_.listen = ListenAddress::parse("127.0.0.1:0").value();
    options_.io_threads = 2;
    options_.worker_threads = 1;
    router_.add({.method = "GET", .pattern = "/hello", .handle = [](const Request& r) {
                   return Response::text(fmt::format("hello {}\n", r.parameter("name")));
                 }});
    for (const auto run : {http::Run::kInline, http::Run::kPool}) {
      router_.add({.method = "POST",
                   .pattern = run == http::Run::kInline ? "/echo" : "/pool-echo",
                   .run = run,
                   .body_bytes_max = 1 << 20,
                   .handle = [](const Request& r) { return Response::text(std::string(r.body)); }});
    }
    router_.add({.method = "GET", .pattern = "/gate", .handle = [this](const Request&) {
                   gate_.pass();
                   return Response::text("through\n");
                 }});
    router_.add({.method = "GET",
                 .pattern = "/throw",
                 .run = http::Run::kInline,
                 .handle = [](const Request&) -> Response { throw std::runtime_error("secret detail"); }});
    router_.add(
        {.method = "GET", .pattern = "/until-gone", .run = http::Run::kQuery, .handle = [](const Request& r) {
           while (!r.cancelled->load()) std::this_thread::yield();
           return Response::text("nobody reads this\n");
         }});
    router_.add({.method = "GET", .pattern = "/large", .handle = [](const Request&) {
                   return Response::text(std::string(3 << 20, 'x'));
                 }});
    router_.add({.method = "GET", .pattern = "/stream", .handle = [](const Request& r) {
                   Response response;
                   const bool breaks = r.has_parameter("break");
                   response.chunks = [i = 0, breaks](std::string& chunk) mutable -> Result<bool> {
                     if (breaks && i == 2) return fail(ErrorCode::kCorrupt, "chunk 2 is broken");
                     chunk = fmt::format("piece {}\n", i);
                     return ++i < 5;
                   };
                   return response;
                 }});
  }

  std::uint16_t start() {
    gatekeeper_ = Gatekeeper::create({.listen = options_.listen}, metrics_).value();
    server_ = HttpServer::start(options_, router_, *gatekeeper_, metrics_, *logger_).value();
    return server_->port();
  }

  void wait_for_metric(std::string_view line) {
    while (metrics_.expose().find(line) == std::string::npos) std::this_thread::yield();
  }

  HttpServerOptions options_;
  http::Router router_;
  Metrics metrics_;
  std::unique_ptr<Logger> logger_ = create_null_logger();
  Gate gate_;
  std::unique_ptr<Gatekeeper> gatekeeper_;
  std::unique_ptr<HttpServer> server_;
};

std::string gunzip(std::string_view text) {
  z_stream stream{};
  inflateInit2(&stream, 15 + 16);
  std::string out(16 << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST_F(HttpServerTest, a_client_that_leaves_cancels_its_request) {
  RawClient client(start());
  client.send("GET /until-gone HTTP/1.1\r\nHost: localhost\r\n\r\n");
  client.close();
  wait_for_metric("trimtab_http_cancelled_total 1\n");
}

TEST_F(HttpServerTest, stopping_cancels_what_outlasts_the_drain_timeout) {
  options_.drain_timeout_ms = 1;
  RawClient client(start());
  client.send("GET /until-gone HTTP/1.1\r\nHost: localhost\r\n\r\n");
  server_->stop();
  EXPECT_EQ(client.read_answer().status, 0);
}

TEST_F(HttpServerTest, answers_and_keeps_the_connection) {
  RawClient client(start());
  for (int i = 0; i < 3; ++i) {
    client.send("GET /hello?name=a%20b+c HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const auto answer = client.read_answer();
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello a b c\n");
  }
}

TEST_F(HttpServerTest, pipelined_requests_are_answered_in_order) {
  RawClient client(start());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    const std::string body = fmt::format("body {}", i);
    all += fmt::format("POST /{} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{}",
                       i % 2 ? "echo" : "pool-echo", body.size(), body);
  }
  client.send(all);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(client.read_answer().body, fmt::format("body {}", i));
}

TEST_F(HttpServerTest, head_has_the_length_but_no_body) {
  RawClient client(start());
  client.send(
      "HEAD /hello HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_answer(true).header("Content-Length"), "7");
  EXPECT_EQ(client.read_answer().body, "hello \n");
}

TEST_F(HttpServerTest, bodies_arrive_whole_however_they_are_cut) {
  const std::uint16_t port = start();
  std::string body(700'000, '\0');
  for (std::size_t i = 0; i < body.size(); ++i) body[i] = static_cast<char>(i * 7 + i / 251);
  EXPECT_EQ(ask(port, "POST", "/echo", body).body, body);
  RawClient client(port);
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (std::size_t at = 0; at < body.size(); at += 100'000) {
    const std::string_view piece = std::string_view(body).substr(at, 100'000);
    client.send(fmt::format("{:x}\r\n", piece.size()));
    client.send(piece);
    client.send("\r\n");
  }
  client.send("0\r\n\r\nGET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, body);
  EXPECT_EQ(client.read_answer().body, "hello \n");
}

TEST_F(HttpServerTest, expect_continue_is_answered_before_the_body) {
  RawClient client(start());
  client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 100);
  client.send("data");
  EXPECT_EQ(client.read_answer().body, "data");
}

TEST_F(HttpServerTest, expect_continue_is_refused_for_a_body_over_its_bound) {
  RawClient client(start());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 413);
}

TEST_F(HttpServerTest, body_over_its_bound_is_413_unread) {
  const std::uint16_t port = start();
  RawClient promised(port);
  promised.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
  const auto answer = promised.read_answer();
  EXPECT_EQ(answer.status, 413);
  EXPECT_EQ(answer.header("Connection"), "close");
  EXPECT_THAT(answer.body, HasSubstr("at most 1048576 are taken"));
  RawClient chunked(port);
  chunked.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
  chunked.send("200000\r\n" + std::string(0x200000, 'x') + "\r\n");
  EXPECT_EQ(chunked.read_answer().status, 413);
  EXPECT_EQ(ask(port, "GET", "/hello", "a body").status, 413);
}

TEST_F(HttpServerTest, nonsense_is_answered_with_4xx_and_closed) {
  const std::uint16_t port = start();
  const std::pair<std::string, int> cases[] = {
      {std::string("\0\1\2\3\r\n\r\n", 8), 400},
      {"GET / HTTP/9.9\r\n\r\n", 400},
      {"GET /hello HTTP/1.1\r\n\r\n", 400},
      {"GET /%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"GET /hello?a=%f HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"GET /%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", 400},
      {"GET /" + std::string(100'000, 'a') + " HTTP/1.1\r\n\r\n", 431},
      {"GET / HTTP/1.1\r\n" + std::string(20'000, 'x') + ": y\r\n\r\n", 431},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nnot hex\r\n", 400},
      {"GARBAGE /hello HTTP/1.1\r\nHost: localhost\r\n\r\n", 405},
      {"GET /none HTTP/1.1\r\nHost: localhost\r\n\r\n", 404},
      {"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nExpect: wonders\r\n\r\nx", 417},
  };
  for (const auto& [bytes, status] : cases) {
    RawClient client(port);
    client.send(bytes);
    EXPECT_EQ(client.read_answer().status, status) << bytes.substr(0, 80);
  }
  EXPECT_EQ(ask(port, "GET", "/hello").status, 200);
}

TEST_F(HttpServerTest, unknown_method_of_a_known_path_names_the_allowed_ones) {
  const auto answer = ask(start(), "DELETE", "/echo");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.header("Allow"), "POST");
}

TEST_F(HttpServerTest, clients_that_leave_in_the_middle_do_no_harm) {
  const std::uint16_t port = start();
  for (const char* part : {"", "GET", "GET /hello HTTP/1.1\r\nHo",
                           "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\nx"}) {
    RawClient client(port);
    client.send(part);
    client.finish_sending();
    EXPECT_EQ(client.read_answer().status, 0) << part;
  }
  RawClient away(port);
  away.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n");
  away.close();
  EXPECT_EQ(ask(port, "GET", "/hello").status, 200);
}

TEST_F(HttpServerTest, slow_clients_are_cut_off_and_counted) {
  options_.header_timeout_ms = 50;
  options_.body_timeout_ms = 50;
  options_.transfer_bytes_per_second_min = 1 << 30;
  const std::uint16_t port = start();
  RawClient head(port);
  head.send("GET /hello HTTP/1.1\r\nHost: loc");
  EXPECT_EQ(head.read_all(), "");
  RawClient body(port);
  body.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx");
  EXPECT_EQ(body.read_all(), "");
  wait_for_metric("trimtab_http_timeouts_total 2\n");  // counted just after the connection is cut
}

TEST_F(HttpServerTest, idle_connections_are_closed) {
  options_.idle_timeout_ms = 50;
  RawClient client(start());
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpServerTest, connections_over_the_bound_are_answered_503) {
  options_.connections_max = 2;
  const std::uint16_t port = start();
  RawClient first(port);
  RawClient second(port);
  for (RawClient* client : {&first, &second}) {
    client->send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_EQ(client->read_answer().status, 200);
  }
  RawClient third(port);
  const auto answer = third.read_answer();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.header("Retry-After"), "5");
  wait_for_metric("trimtab_http_refused_total{bound=\"connections\"} 1\n");
}

TEST_F(HttpServerTest, full_worker_queue_is_answered_503_and_inline_routes_go_on) {
  options_.worker_queue_max = 1;
  const std::uint16_t port = start();
  RawClient running(port);
  running.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n");
  gate_.wait_for_visitors(1);
  // One waits in the queue, the other is refused; which of the two is up to the connections' threads.
  RawClient waiting(port);
  RawClient refused(port);
  waiting.send("GET /gate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  refused.send("GET /gate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(ask(port, "POST", "/echo", "inline").body, "inline");
  wait_for_metric("trimtab_worker_refused_total{pool=\"work\"} 1\n");
  gate_.open();
  EXPECT_EQ(running.read_answer().status, 200);
  EXPECT_EQ(waiting.read_answer().status + refused.read_answer().status, 200 + 503);
}

TEST_F(HttpServerTest, bodies_over_the_common_memory_are_answered_503) {
  options_.body_memory_bytes_max = 1000;
  const std::uint16_t port = start();
  EXPECT_EQ(ask(port, "POST", "/echo", std::string(1001, 'x')).status, 503);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(ask(port, "POST", "/echo", std::string(900, 'x')).status, 200);
}

TEST_F(HttpServerTest, exceptions_become_500_without_their_words) {
  const auto answer = ask(start(), "GET", "/throw");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
}

TEST_F(HttpServerTest, large_answers_are_compressed_where_asked) {
  const std::uint16_t port = start();
  EXPECT_EQ(ask(port, "GET", "/large").body.size(), 3u << 20);
  const auto answer = ask(port, "GET", "/large", "", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(answer.header("Content-Encoding"), "gzip");
  EXPECT_EQ(gunzip(answer.body), std::string(3 << 20, 'x'));
}

TEST_F(HttpServerTest, streams_come_in_chunks_and_break_visibly) {
  const std::uint16_t port = start();
  const std::string all = "piece 0\npiece 1\npiece 2\npiece 3\npiece 4\n";
  const auto answer = ask(port, "GET", "/stream");
  EXPECT_EQ(answer.header("Transfer-Encoding"), "chunked");
  EXPECT_EQ(answer.body, all);
  EXPECT_EQ(gunzip(ask(port, "GET", "/stream", "", "Accept-Encoding: gzip\r\n").body), all);
  RawClient old(port);
  old.send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.read_all(), HasSubstr("\r\n\r\n" + all));
  RawClient broken(port);
  broken.send("GET /stream?break=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
  const std::string got = broken.read_all();
  EXPECT_THAT(got, HasSubstr("piece 1"));
  EXPECT_EQ(got.find("\r\n0\r\n"), std::string::npos);
}

TEST_F(HttpServerTest, stop_lets_requests_under_way_finish_and_closes_idle_ones) {
  const std::uint16_t port = start();
  RawClient idle(port);
  idle.send("GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(idle.read_answer().status, 200);
  RawClient busy(port);
  busy.send("GET /gate HTTP/1.1\r\nHost: localhost\r\n\r\n");
  gate_.wait_for_visitors(1);
  std::jthread stopper([this] { server_->stop(); });
  EXPECT_EQ(idle.read_all(), "");
  gate_.open();
  const auto answer = busy.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "through\n");
}

TEST_F(HttpServerTest, a_taken_address_is_a_conflict) {
  options_.listen.port = start();
  const auto second = HttpServer::start(options_, router_, *gatekeeper_, metrics_, *logger_);
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::kConflict);
}

TEST_F(HttpServerTest, bad_certificates_are_refused_by_name) {
  gatekeeper_ = Gatekeeper::create({.listen = options_.listen}, metrics_).value();
  options_.tls_cert_file = "/nowhere/cert.pem";
  EXPECT_THAT(HttpServer::start(options_, router_, *gatekeeper_, metrics_, *logger_).error().message(),
              HasSubstr("belong together"));
  options_.tls_key_file = "/nowhere/key.pem";
  EXPECT_THAT(HttpServer::start(options_, router_, *gatekeeper_, metrics_, *logger_).error().message(),
              HasSubstr("certificate /nowhere/cert.pem"));
}

}  // namespace
}  // namespace trimtab
