// SPDX-License-Identifier: Apache-2.0
#include "base/http_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/http_testlib.h"

namespace trimtab {
namespace {

using Server = TestHttpServer;

Server::Response text(std::string body) { return {.body = std::move(body)}; }

TEST(HttpClient, answers_carry_status_headers_and_body_on_one_connection) {
  Server server([](const Server::Request& r) {
    return Server::Response{
        .status = 404, .body = r.method + " " + r.target + " " + r.body, .headers = {{"X-One", "1"}}};
  });
  HttpClient client;
  for (int i = 0; i < 3; ++i) {
    const auto answer = client.send({.method = "POST", .url = server.url() + "/a?b=c", .body = "hello"});
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->status, 404);
    EXPECT_EQ(answer->body, "POST /a?b=c hello");
    EXPECT_EQ(answer->content_type, "text/plain");
    EXPECT_NE(std::ranges::find(answer->headers, std::pair<std::string, std::string>("x-one", "1")),
              answer->headers.end());
  }
  EXPECT_EQ(server.connections(), 1u);
}

TEST(HttpClient, a_body_over_its_bound_is_a_limit_error_and_the_client_goes_on) {
  Server server(
      [](const Server::Request& r) { return text(std::string(r.target == "/big" ? 5000 : 10, 'x')); });
  HttpClient client;
  EXPECT_EQ(client.send({.url = server.url() + "/big", .response_bytes_max = 4999}).error().code(),
            ErrorCode::kLimit);
  EXPECT_EQ(client.send({.url = server.url() + "/big", .response_bytes_max = 5000}).value().body.size(),
            5000u);
  EXPECT_EQ(client.send({.url = server.url() + "/small", .response_bytes_max = 10}).value().body.size(), 10u);
}

TEST(HttpClient, a_silent_server_is_a_timeout_and_a_closed_port_is_unavailable) {
  std::string closed;
  {
    Server server([](const Server::Request&) { return Server::Response{.hang = true}; });
    HttpClient client;
    EXPECT_EQ(client.send({.url = server.url(), .timeout_ms = 50}).error().code(), ErrorCode::kTimeout);
    closed = server.url();
  }
  EXPECT_EQ(HttpClient().send({.url = closed}).error().code(), ErrorCode::kUnavailable);
}

TEST(HttpClient, a_cancelled_request_ends) {
  Server server([](const Server::Request&) { return Server::Response{.hang = true}; });
  const std::atomic<bool> cancelled = true;
  EXPECT_EQ(HttpClient().send({.url = server.url(), .cancelled = &cancelled}).error().code(),
            ErrorCode::kCancelled);
}

TEST(HttpClient, redirects_are_followed_a_bounded_number_of_times_and_only_to_http) {
  Server server([](const Server::Request& r) {
    if (r.target == "/once") return Server::Response{.status = 302, .headers = {{"Location", "/there"}}};
    if (r.target == "/loop") return Server::Response{.status = 302, .headers = {{"Location", "/loop"}}};
    if (r.target == "/file")
      return Server::Response{.status = 302, .headers = {{"Location", "file:///etc/passwd"}}};
    return text("there");
  });
  HttpClient client;
  EXPECT_EQ(client.send({.url = server.url() + "/once"}).value().body, "there");
  EXPECT_EQ(client.send({.url = server.url() + "/once", .follow_redirects = false}).value().status, 302);
  EXPECT_EQ(client.send({.url = server.url() + "/loop"}).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(client.send({.url = server.url() + "/file"}).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(client.send({.url = "file:///etc/passwd"}).error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(client.send({.url = "http://"}).error().code(), ErrorCode::kInvalid);
}

TEST(HttpClient, credentials_are_sent_but_not_to_another_host) {
  Server other([](const Server::Request&) { return text("other"); });
  Server server([&](const Server::Request& r) {
    if (r.target != "/away") return text("here");
    return Server::Response{
        .status = 302, .headers = {{"Location", "http://localhost:" + std::to_string(other.port()) + "/"}}};
  });
  HttpClient basic(HttpAuth{.basic_username = "user", .basic_password = "secret"});
  ASSERT_TRUE(basic.send({.url = server.url()}));
  EXPECT_EQ(server.requests().back().headers.at("authorization"), "Basic dXNlcjpzZWNyZXQ=");
  HttpClient bearer(HttpAuth{.bearer_token = "secret"});
  ASSERT_TRUE(bearer.send({.url = server.url() + "/away"}));
  EXPECT_EQ(server.requests().back().headers.at("authorization"), "Bearer secret");
  ASSERT_EQ(other.requests().size(), 1u);
  EXPECT_FALSE(other.requests()[0].headers.contains("authorization"));
}

TEST(HttpClient, a_token_file_is_read_again_on_every_request) {
  Server server([](const Server::Request&) { return text(""); });
  const std::string path = ::testing::TempDir() + "/http_client_token_" + std::to_string(::getpid());
  HttpClient client(HttpAuth{.bearer_token_file = path});
  EXPECT_FALSE(client.send({.url = server.url()}));
  std::ofstream(path) << "one\n";
  ASSERT_TRUE(client.send({.url = server.url()}));
  std::ofstream(path) << "two\n";
  ASSERT_TRUE(client.send({.url = server.url()}));
  EXPECT_EQ(server.requests()[0].headers.at("authorization"), "Bearer one");
  EXPECT_EQ(server.requests()[1].headers.at("authorization"), "Bearer two");
  std::filesystem::remove(path);
}

TEST(HttpClient, header_values_with_line_breaks_are_refused) {
  EXPECT_EQ(HttpClient().send({.url = "http://127.0.0.1:1", .headers = {{"A", "b\r\nC: d"}}}).error().code(),
            ErrorCode::kInvalid);
}

TEST(HttpClient, bytes_that_are_not_http_or_a_cut_answer_are_errors) {
  Server server([](const Server::Request& r) {
    if (r.target == "/cut")
      return Server::Response{.raw = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"};
    if (r.target == "/headers") {
      std::string raw = "HTTP/1.1 200 OK\r\n";
      while (raw.size() < (300 << 10)) raw += "X-A: " + std::string(1000, 'a') + "\r\n";
      return Server::Response{.raw = raw + "\r\n"};
    }
    if (r.target == "/gzip")
      return Server::Response{.body = "not gzip", .headers = {{"Content-Encoding", "gzip"}}};
    return Server::Response{.raw = "SSH-2.0-nothing\r\n"};
  });
  HttpClient client;
  for (const char* path : {"/cut", "/ssh", "/gzip"})
    EXPECT_FALSE(client.send({.url = server.url() + path})) << path;
  EXPECT_EQ(client.send({.url = server.url() + "/headers"}).error().code(), ErrorCode::kLimit);
}

TEST(HttpClient, compressed_answers_are_decoded) {
  // "hello" by gzip.
  const std::string gzip(
      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcb\x48\xcd\xc9\xc9\x07\x00\x86\xa6\x10\x36\x05\x00\x00\x00",
      25);
  Server server([&](const Server::Request&) {
    return Server::Response{.body = gzip, .headers = {{"Content-Encoding", "gzip"}}};
  });
  EXPECT_EQ(HttpClient().send({.url = server.url()}).value().body, "hello");
  EXPECT_NE(server.requests()[0].headers.at("accept-encoding").find("gzip"), std::string::npos);
}

TEST(HttpClient, errors_hold_no_secret) {
  HttpClient client(HttpAuth{.basic_username = "user", .basic_password = "hunter2"});
  const auto message = client.send({.url = "http://u:hunter2@127.0.0.1:1/p?token=hunter2"}).error().message();
  EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  EXPECT_NE(message.find("http://127.0.0.1:1/p"), std::string::npos) << message;
  EXPECT_EQ(client.send({.url = "http://u:hunter2@:99999999/x"}).error().message().find("hunter2"),
            std::string::npos);
}

TEST(HttpAuth, reads_prometheus_words_and_refuses_contradictions) {
  const auto read = [](std::string_view yaml) {
    return HttpAuth::from_yaml(Yaml::parse(yaml, "/etc/t/x.yml").value());
  };
  EXPECT_EQ(read("basic_auth: {username: u, password_file: secret}")->basic_password_file, "/etc/t/secret");
  EXPECT_EQ(read("authorization: {credentials: c}")->bearer_token, "c");
  EXPECT_EQ(read("bearer_token_file: /run/t")->bearer_token_file, "/run/t");
  EXPECT_TRUE(read("tls_config: {insecure_skip_verify: true}")->tls_insecure_skip_verify);
  for (const char* bad :
       {"basic_auth: {username: u, password: p, password_file: f}", "basic_auth: {password: p}",
        "basic_auth: {username: u}\nbearer_token: x", "authorization: {type: Basic, credentials: x}",
        "bearer_token: a\nbearer_token_file: b", "tls_config: {cert_file: a}", "tls_config: {oops: a}"}) {
    EXPECT_FALSE(read(bad)) << bad;
  }
}

TEST(Url, encoding_and_redaction) {
  EXPECT_EQ(url_encode("a b{c=\"d\"}~"), "a%20b%7Bc%3D%22d%22%7D~");
  EXPECT_EQ(redact_url("https://u:p@h:1/a/b@c?d=e#f"), "https://h:1/a/b@c");
  EXPECT_EQ(redact_url("http://h/?x"), "http://h/");
}

}  // namespace
}  // namespace trimtab
