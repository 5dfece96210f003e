// SPDX-License-Identifier: Apache-2.0
#include "targets/redis/info_text.h"

#include <gtest/gtest.h>

#include <string>

namespace trimtab::redis {
namespace {

std::string lines(std::string_view info) {
  std::string out;
  read_info(info, [&](std::string_view field, std::string_view value) {
    out += std::string(field) + "=" + std::string(value) + ";";
  });
  return out;
}

TEST(RedisInfoText, gives_each_field_and_passes_over_the_rest) {
  EXPECT_EQ(lines("# Server\r\nredis_version:7.0.15\r\n\r\nexecutable:/a:b\r\nno colon\r\nlast:1"),
            "redis_version=7.0.15;executable=/a:b;last=1;");
  EXPECT_EQ(lines(""), "");
  EXPECT_EQ(lines(":"), "=;");
  EXPECT_EQ(lines("\n\r\n#:\n"), "");
}

TEST(RedisInfoText, reads_whole_numbers_only) {
  EXPECT_EQ(info_number("12"), 12);
  EXPECT_EQ(info_number("-0.5"), -0.5);
  for (const char* text : {"", "12kb", " 1", "ok"}) EXPECT_FALSE(info_number(text)) << text;
}

TEST(RedisInfoText, finds_a_part_by_its_whole_key) {
  EXPECT_EQ(info_part("keys=12,expires=3,avg_ttl=0", "expires"), 3);
  EXPECT_EQ(info_part("expires=3,keys=12", "keys"), 12);
  EXPECT_FALSE(info_part("mykeys=12,key=1", "keys"));
  EXPECT_FALSE(info_part("keys=,x", "keys"));
  EXPECT_FALSE(info_part("", "keys"));
}

TEST(RedisInfoText, tells_databases) {
  EXPECT_TRUE(is_info_database("db0"));
  EXPECT_TRUE(is_info_database("db15"));
  for (const char* field : {"db", "dbx", "db1x", "adb0"}) EXPECT_FALSE(is_info_database(field)) << field;
}

}  // namespace
}  // namespace trimtab::redis
