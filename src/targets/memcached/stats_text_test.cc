// SPDX-License-Identifier: Apache-2.0
#include "targets/memcached/stats_text.h"

#include <gtest/gtest.h>

namespace trimtab::memcached {
namespace {

TEST(MemcachedStats, an_answer_ends_with_END_and_what_follows_stays) {
  std::string_view bytes =
      "STAT pid 12\r\nSTAT inter 127.0.0.1 ::1\r\nSTAT empty \r\nSTAT bare\r\nEND\r\nmore";
  const auto stats = decode_stats(bytes);
  ASSERT_TRUE(stats && *stats);
  ASSERT_EQ((*stats)->size(), 4u);
  EXPECT_EQ((**stats)[0].name, "pid");
  EXPECT_EQ((**stats)[0].value, "12");
  EXPECT_EQ((**stats)[1].value, "127.0.0.1 ::1");
  EXPECT_EQ((**stats)[2].value, "");
  EXPECT_EQ((**stats)[3].name, "bare");
  EXPECT_EQ(bytes, "more");
}

TEST(MemcachedStats, a_cut_answer_asks_for_more_wherever_it_is_cut) {
  const std::string whole = "STAT pid 12\r\nSTAT uptime 3\r\nEND\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size) {
    std::string_view bytes = std::string_view(whole).substr(0, size);
    const auto stats = decode_stats(bytes);
    ASSERT_TRUE(stats) << size;
    EXPECT_FALSE(*stats) << size;
    EXPECT_EQ(bytes.size(), size);
  }
}

TEST(MemcachedStats, errors_of_the_server_and_other_protocols_are_told_apart) {
  const std::tuple<const char*, ErrorCode, const char*> cases[] = {
      {"CLIENT_ERROR unauthenticated\r\n", ErrorCode::kDenied, "unauthenticated"},
      {"CLIENT_ERROR authentication failure\r\n", ErrorCode::kDenied, "authentication failure"},
      {"ERROR\r\n", ErrorCode::kInvalid, "\"ERROR\""},
      {"SERVER_ERROR out of memory\r\n", ErrorCode::kInvalid, "out of memory"},
      {"STAT a 1\r\nERROR\r\n", ErrorCode::kInvalid, "ERROR"},
      {"+PONG\r\n", ErrorCode::kInvalid, "no memcached"},
      {"\r\n", ErrorCode::kInvalid, "no memcached"}};
  for (const auto& [text, code, part] : cases) {
    std::string_view bytes = text;
    const auto stats = decode_stats(bytes);
    ASSERT_FALSE(stats) << text;
    EXPECT_EQ(stats.error().code(), code) << text;
    EXPECT_TRUE(stats.error().message().contains(part)) << stats.error().message();
  }
}

TEST(MemcachedStats, lines_and_bytes_are_bounded) {
  std::string many;
  for (std::size_t i = 0; i <= kStatsLinesMax; ++i) many += "STAT a 1\r\n";
  std::string_view bytes = many;
  EXPECT_EQ(decode_stats(bytes).error().code(), ErrorCode::kLimit);
  const std::string endless(kStatsBytesMax + 1, 'S');
  bytes = endless;
  EXPECT_EQ(decode_stats(bytes).error().code(), ErrorCode::kLimit);
}

TEST(MemcachedStats, names_of_slab_classes_are_taken_apart) {
  EXPECT_EQ(slab_stat("items:12:number")->slab, "12");
  EXPECT_EQ(slab_stat("items:12:number")->name, "number");
  EXPECT_EQ(slab_stat("7:chunk_size")->slab, "7");
  for (const char* name : {"pid", "items:x:number", ":a", "1:", "items:", "items:1", "a:b", ""}) {
    EXPECT_FALSE(slab_stat(name)) << name;
  }
}

}  // namespace
}  // namespace trimtab::memcached
