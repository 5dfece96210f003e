// SPDX-License-Identifier: Apache-2.0
// The binary seeds in tests/corpus are what the encoders of these tests write. Run with
// TRIMTAB_WRITE_CORPUS=1 to write them anew after an encoder changed.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "ingest/otlp_testlib.h"
#include "ingest/remote_write_testlib.h"

namespace trimtab {
namespace {

using namespace wire_test;

void expect_seed(const std::string& name, const std::string& bytes) {
  const std::string path = std::string(TRIMTAB_SOURCE_DIR) + "/tests/corpus/" + name;
  if (std::getenv("TRIMTAB_WRITE_CORPUS") != nullptr) std::ofstream(path, std::ios::binary) << bytes;
  std::ifstream in(path, std::ios::binary);
  const std::string found{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  EXPECT_TRUE(found == bytes) << path << " is not what the encoder writes";
}

TEST(Corpus, remote_write_seeds_are_current) {
  ProtoWriter series = encode_series({{"__name__", "m"}, {"a", "b"}}, {{1000, 1.5}, {2000, 0}, {-1, -2}});
  series.bytes(3, "e").bytes(4, "h").message(1, encode_label("late", "x"));
  ProtoWriter message;
  message.message(1, encode_series({{"__name__", "up"}, {"job", "x"}}, {{1, 1}})).message(1, series);
  message.message(3, ProtoWriter().varint(1, 1).bytes(2, "m").bytes(4, "Help.").bytes(5, "seconds"));
  expect_seed("remote_write/series", message.str());
  expect_seed("remote_write/refused",
              ProtoWriter().message(1, encode_series({{"a", "1"}, {"a", "2"}}, {{1, 1}})).str());
}

TEST(Corpus, remote_write_v2_seeds_are_current) {
  V2Request request(1);
  ProtoWriter extra = request.metadata(3, "help", "seconds");
  extra.bytes(3, "h").bytes(4, "e").varint(6, 5);
  request.add({{"__name__", "d_bucket"}, {"le", "1"}}, {{1000, 4}, {2000, 0}}, extra);
  request.add({{"__name__", "up"}}, {{0, 1}});
  expect_seed("remote_write_v2/series", request.str());
  expect_seed(
      "remote_write_v2/refused",
      request.str() +
          ProtoWriter().message(5, ProtoWriter().varint(1, 9).message(2, encode_sample({1, 1}))).str());
}

TEST(Corpus, otlp_seeds_are_current) {
  ProtoWriter list;
  list.message(1, text_value("x")).message(1, ProtoWriter().varint(3, 5));
  ProtoWriter point =
      number_point({.value = 1, .time_s = 3, .start_s = 1, .attributes = {{"a.b", "1"}, {"a_b", "2"}}});
  point.message(7, attribute("l", ProtoWriter().message(5, list))).bytes(5, "e");
  ProtoWriter summary;
  summary.fixed64(3, 9 * kSecondNs).fixed64(4, 12).float64(5, 3.5);
  summary.message(6, ProtoWriter().float64(1, 0.99).float64(2, 0.7));
  expect_seed("otlp_protobuf/numbers", otlp_request({{"service.name", "a"}, {"host.name", "h"}},
                                                    {metric("g", "1", 5, gauge({point})),
                                                     metric("c", "By", 7, sum({point, point}, 1, true))},
                                                    "s", "1"));
  expect_seed("otlp_protobuf/histograms",
              otlp_request({}, {metric("h", "s", 9,
                                       histogram({histogram_point({.counts = {1, 2}, .bounds = {1}})}, 1)),
                                metric("e", "s", 10,
                                       histogram({exponential_point({.scale = 3,
                                                                     .zero_count = 1,
                                                                     .positive_offset = -2,
                                                                     .positive = {1, 2},
                                                                     .negative = {2}})},
                                                 2)),
                                metric("s", "", 11, gauge({summary}))}));
}

}  // namespace
}  // namespace trimtab
