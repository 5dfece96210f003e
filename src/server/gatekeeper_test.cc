// SPDX-License-Identifier: Apache-2.0
#include "server/gatekeeper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace trimtab {
namespace {

using http::Access;
using testing::HasSubstr;

constexpr const char* kTokens =
    "# people and machines\n"
    "admin-token-0123456789\n"
    "reader-token-0123456789 read   # a dashboard\n"
    "writer-token-0123456789 write\n"
    "both-token-01234567890 read,write\n";

http::Request request_with(std::vector<std::pair<std::string_view, std::string_view>> headers,
                           std::string_view method = "GET") {
  http::Request request;
  request.method = method;
  request.headers = std::move(headers);
  return request;
}

class TokenFixture : public testing::Test {
 protected:
  TokenFixture() : path_(testing::TempDir() + "trimtab_tokens_" + std::to_string(::getpid())) {
    std::ofstream(path_) << kTokens;
    keeper_ = Gatekeeper::create({.listen = ListenAddress::parse("0.0.0.0:0").value(), .token_file = path_},
                                 metrics_)
                  .value();
  }
  ~TokenFixture() override { std::filesystem::remove(path_); }

  int status(std::string_view authorization, Access access, std::string_view method = "GET") {
    const auto refusal = keeper_->refuse(
        request_with({{"Host", "trimtab.example"}, {"Authorization", authorization}}, method), access);
    return refusal ? refusal->status : 200;
  }

  std::string path_;
  Metrics metrics_;
  std::unique_ptr<Gatekeeper> keeper_;
};

TEST_F(TokenFixture, roles_decide_what_a_token_may_do) {
  struct Case {
    const char* token;
    int read, write, admin;
  };
  for (const Case& c : {Case{"Bearer admin-token-0123456789", 200, 200, 200},
                        Case{"bearer reader-token-0123456789", 200, 403, 403},
                        Case{"Bearer writer-token-0123456789", 403, 200, 403},
                        Case{"Bearer both-token-01234567890", 200, 200, 403},
                        Case{"Bearer admin-token-012345678", 401, 401, 401}, Case{"Bearer ", 401, 401, 401},
                        Case{"", 401, 401, 401}, Case{"Digest admin-token-0123456789", 401, 401, 401}}) {
    EXPECT_EQ(status(c.token, Access::kRead), c.read) << c.token;
    EXPECT_EQ(status(c.token, Access::kWrite, "POST"), c.write) << c.token;
    EXPECT_EQ(status(c.token, Access::kAdmin, "POST"), c.admin) << c.token;
    EXPECT_EQ(status(c.token, Access::kOpen), 200) << c.token;
  }
}

TEST_F(TokenFixture, browsers_may_send_the_token_as_basic_password) {
  EXPECT_EQ(status("Basic YW55OnJlYWRlci10b2tlbi0wMTIzNDU2Nzg5", Access::kRead),
            200);  // any:reader-token-0123456789
  EXPECT_EQ(status("Basic !!!!", Access::kRead), 401);
  EXPECT_EQ(status("Basic YW55", Access::kRead), 401);
}

TEST_F(TokenFixture, reload_takes_new_tokens_and_keeps_the_old_on_error) {
  std::ofstream(path_) << "another-token-0123456789\n";
  ASSERT_TRUE(keeper_->reload());
  EXPECT_EQ(status("Bearer admin-token-0123456789", Access::kRead), 401);
  EXPECT_EQ(status("Bearer another-token-0123456789", Access::kRead), 200);
  std::ofstream(path_) << "short\n";
  EXPECT_FALSE(keeper_->reload());
  EXPECT_EQ(status("Bearer another-token-0123456789", Access::kRead), 200);
}

TEST(TokenFile, errors_name_the_line_and_never_the_token) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "t: holds no token; write one per line"},
      {"# only words\n", "t: holds no token; write one per line"},
      {"\nsecret\n", "t:2: a token of 6 bytes is too short; at least 16"},
      {"secret-secret-secret king\n", "t:1: unknown role; use read, write, admin or a comma list of them"},
      {"secret-secret-secret read write\n", "t:1: more than a token and its roles"},
  };
  for (const auto& [text, message] : cases) {
    const auto file = TokenFile::parse(text, "t");
    ASSERT_FALSE(file.has_value()) << text;
    EXPECT_EQ(file.error().message(), message);
  }
}

TEST(Gatekeeper, refuses_to_listen_beyond_loopback_without_tokens) {
  Metrics metrics;
  for (const char* address : {"0.0.0.0:7600", "[::]:7600", "192.168.1.2:7600", ":7600"}) {
    const auto keeper = Gatekeeper::create({.listen = ListenAddress::parse(address).value()}, metrics);
    ASSERT_FALSE(keeper.has_value()) << address;
    EXPECT_THAT(keeper.error().message(), HasSubstr("needs a token file"));
  }
  for (const char* address : {"127.0.0.1:7600", "[::1]:7600", "localhost:0", "127.1.2.3:1"}) {
    EXPECT_TRUE(Gatekeeper::create({.listen = ListenAddress::parse(address).value()}, metrics).has_value())
        << address;
  }
}

TEST(Gatekeeper, without_tokens_only_loopback_hosts_pass) {
  Metrics metrics;
  const auto keeper = Gatekeeper::create({.listen = ListenAddress::parse("127.0.0.1:7600").value(),
                                          .allowed_hosts = {"trimtab.lan"}},
                                         metrics)
                          .value();
  const auto passes = [&](std::string_view host) {
    return !keeper->refuse(request_with({{"Host", host}}), Access::kRead);
  };
  for (const char* host : {"localhost", "localhost:7600", "127.0.0.1:7600", "[::1]:7600", "trimtab.lan:80"})
    EXPECT_TRUE(passes(host)) << host;
  for (const char* host :
       {"evil.example", "evil.example:7600", "localhost.evil.example", "127.0.0.1.evil.example"})
    EXPECT_FALSE(passes(host)) << host;
}

TEST(Gatekeeper, pages_of_another_origin_change_nothing) {
  Metrics metrics;
  const auto keeper =
      Gatekeeper::create({.listen = ListenAddress::parse("127.0.0.1:7600").value()}, metrics).value();
  const auto passes = [&](std::string_view name, std::string_view value, std::string_view method) {
    return !keeper->refuse(request_with({{"Host", "localhost:7600"}, {name, value}}, method), Access::kWrite);
  };
  EXPECT_FALSE(passes("Origin", "https://evil.example", "POST"));
  EXPECT_FALSE(passes("Origin", "null", "POST"));
  EXPECT_FALSE(passes("Origin", "http://localhost:9999", "POST"));
  EXPECT_FALSE(passes("Sec-Fetch-Site", "cross-site", "POST"));
  EXPECT_FALSE(passes("Sec-Fetch-Site", "same-site", "POST"));
  EXPECT_TRUE(passes("Origin", "http://localhost:7600", "POST"));
  EXPECT_TRUE(passes("Sec-Fetch-Site", "same-origin", "POST"));
  EXPECT_TRUE(passes("User-Agent", "Prometheus", "POST"));
  EXPECT_TRUE(passes("Sec-Fetch-Site", "cross-site", "GET"));
}

TEST(ListenAddress, says_what_is_wrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"127.0.0.1", "the port is missing"},
      {"127.0.0.1:", "the port is not a number from 0 to 65535"},
      {"127.0.0.1:65536", "the port is not a number from 0 to 65535"},
      {"example.com:80", "the host is neither an IP address nor localhost"},
      {"::1:80", "an IPv6 address, and only that, stands in brackets"},
      {"[1.2.3.4]:80", "an IPv6 address, and only that, stands in brackets"},
  };
  for (const auto& [text, what] : cases) {
    const auto address = ListenAddress::parse(text);
    ASSERT_FALSE(address.has_value()) << text;
    EXPECT_THAT(address.error().message(), HasSubstr(what)) << text;
  }
  EXPECT_EQ(ListenAddress::parse("[::1]:80")->to_string(), "[::1]:80");
}

}  // namespace
}  // namespace trimtab
