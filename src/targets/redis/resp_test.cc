// SPDX-License-Identifier: Apache-2.0
#include "targets/redis/resp.h"

#include <gtest/gtest.h>

namespace trimtab::redis {
namespace {

TEST(Resp, replies_of_every_type_are_read) {
  std::string_view bytes =
      "+OK\r\n-ERR no\r\n:-7\r\n$3\r\na\r\n\r\n$-1\r\n*2\r\n:1\r\n*1\r\n+x\r\n*-1\r\nrest";
  EXPECT_EQ(decode_reply(bytes)->value().text, "OK");
  EXPECT_EQ(decode_reply(bytes)->value().type, Reply::Type::kError);
  EXPECT_EQ(decode_reply(bytes)->value().integer, -7);
  EXPECT_EQ(decode_reply(bytes)->value().text, "a\r\n");
  EXPECT_EQ(decode_reply(bytes)->value().type, Reply::Type::kNull);
  const Reply nested = decode_reply(bytes)->value();
  ASSERT_EQ(nested.items.size(), 2u);
  EXPECT_EQ(nested.items[1].items[0].text, "x");
  EXPECT_EQ(decode_reply(bytes)->value().type, Reply::Type::kNull);
  EXPECT_EQ(bytes, "rest");
}

TEST(Resp, every_prefix_of_a_reply_asks_for_more) {
  const std::string whole = "*2\r\n$5\r\nhello\r\n:12\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::string_view bytes = std::string_view(whole).substr(0, size);
    const auto reply = decode_reply(bytes);
    ASSERT_TRUE(reply) << size;
    EXPECT_FALSE(reply->has_value()) << size;
    EXPECT_EQ(bytes.size(), size);
  }
}

TEST(Resp, hostile_replies_are_refused) {
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "*1\r\n";
  for (const std::string& text : {std::string("hello\r\n"), std::string("\r\n"), std::string(":1x\r\n"),
                                  std::string("$99999999999\r\n"), std::string("$-2\r\n"),
                                  std::string("*99999999\r\n"), std::string("$1\r\nabc\r\n"), deep}) {
    std::string_view bytes = text;
    EXPECT_FALSE(decode_reply(bytes)) << text;
  }
}

TEST(Resp, words_of_a_command_are_data) {
  EXPECT_EQ(encode_command({"SET", "a\r\nDEL b", ""}), "*3\r\n$3\r\nSET\r\n$8\r\na\r\nDEL b\r\n$0\r\n\r\n");
}

}  // namespace
}  // namespace trimtab::redis
