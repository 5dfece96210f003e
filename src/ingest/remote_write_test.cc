// SPDX-License-Identifier: Apache-2.0
#include "ingest/remote_write.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "ingest/receiver_testlib.h"
#include "ingest/remote_write_testlib.h"

namespace trimtab {
namespace {

using wire_test::encode_label;
using wire_test::encode_sample;
using wire_test::encode_series;
using wire_test::kV1;
using wire_test::kV2;
using wire_test::LabelPairs;
using wire_test::Rig;
using wire_test::snap;
using wire_test::V2Request;
using Samples = std::map<TimestampMs, double>;

std::string v1(const std::vector<ProtoWriter>& series) {
  ProtoWriter out;
  for (const ProtoWriter& one : series) out.message(1, one);
  return out.str();
}

Result<ReceiveOutcome> write_v1(Rig& rig, const std::string& message) {
  return rig.receiver.remote_write(kV1, "snappy", snap(message));
}
Result<ReceiveOutcome> write_v2(Rig& rig, const std::string& message) {
  return rig.receiver.remote_write(kV2, "snappy", snap(message));
}

TEST(RemoteWriteV1, samples_arrive_under_their_labels) {
  Rig rig;
  const auto outcome =
      write_v1(rig, v1({encode_series({{"__name__", "up"}, {"job", "a"}}, {{1000, 1}, {2000, -2.5}}),
                        encode_series({{"__name__", "x"}}, {{-5, 3}})}));
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->appended.taken, 3u);
  EXPECT_EQ(outcome->samples_written(), 3u);
  EXPECT_FALSE(outcome->partial());
  EXPECT_EQ(rig.store.samples("up{job=\"a\"}"), (Samples{{1000, 1}, {2000, -2.5}}));
  EXPECT_EQ(rig.store.samples("x"), (Samples{{-5, 3}}));
}

TEST(RemoteWriteV1, omitted_zero_fields_do_not_inherit_the_sample_before) {
  Rig rig;
  ASSERT_TRUE(
      write_v1(rig, v1({encode_series({{"__name__", "m"}}, {{1000, 7}, {2000, 0}, {0, 5}, {3000, -0.0}})})));
  const Samples samples = rig.store.samples("m");
  EXPECT_EQ(samples, (Samples{{0, 5}, {1000, 7}, {2000, 0}, {3000, 0}}));
  EXPECT_TRUE(std::signbit(samples.at(3000)));
  EXPECT_FALSE(std::signbit(samples.at(2000)));
}

TEST(RemoteWriteV1, every_bit_of_a_value_survives) {
  Rig rig;
  const std::vector<std::uint64_t> patterns{kStaleNanBits,      0x7ff8000000000001, 0xfff8000000abcdef,
                                            0x7ff0000000000000, 0xfff0000000000000, 1,
                                            0x8000000000000001};
  std::vector<wire_test::Point> points;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    points.push_back({static_cast<std::int64_t>(i + 1), std::bit_cast<double>(patterns[i])});
  }
  ASSERT_TRUE(write_v1(rig, v1({encode_series({{"__name__", "m"}}, points)})));
  const Samples samples = rig.store.samples("m");
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(samples.at(static_cast<std::int64_t>(i + 1))), patterns[i]) << i;
  }
}

TEST(RemoteWriteV1, known_series_are_not_decoded_again) {
  Rig rig;
  const std::string message = v1({encode_series({{"__name__", "m"}, {"a", "b"}}, {{1, 1}})});
  ASSERT_TRUE(write_v1(rig, message));
  EXPECT_EQ(rig.store.ensure_calls, 1u);
  const auto again = write_v1(rig, message);
  ASSERT_TRUE(again);
  EXPECT_EQ(rig.store.ensure_calls, 1u);
  EXPECT_EQ(again->appended.duplicates, 1u);
  EXPECT_EQ(again->samples_written(), 1u);
}

TEST(RemoteWriteV1, label_order_and_empty_values_do_not_make_another_series) {
  Rig rig;
  ASSERT_TRUE(
      write_v1(rig, v1({encode_series({{"__name__", "m"}, {"a", "1"}, {"b", "2"}}, {{1, 1}}),
                        encode_series({{"b", "2"}, {"c", ""}, {"__name__", "m"}, {"a", "1"}}, {{2, 2}})})));
  EXPECT_EQ(rig.store.series(), (std::vector<std::string>{"m{a=\"1\", b=\"2\"}"}));
  EXPECT_EQ(rig.store.samples("m{a=\"1\", b=\"2\"}"), (Samples{{1, 1}, {2, 2}}));
}

TEST(RemoteWriteV1, labels_behind_samples_and_unknown_fields_are_read) {
  Rig rig;
  ProtoWriter series;
  series.message(1, encode_label("__name__", "m")).message(2, encode_sample({1, 1})).varint(9, 300);
  series.message(1, encode_label("a", "1"))
      .fixed32(10, 7)
      .fixed64(11, 8)
      .bytes(12, "new")
      .message(2, encode_sample({2, 2}));
  ASSERT_TRUE(write_v1(rig, ProtoWriter().varint(7, 1).message(1, series).bytes(2, "reserved").str()));
  EXPECT_EQ(rig.store.samples("m{a=\"1\"}"), (Samples{{1, 1}, {2, 2}}));
}

TEST(RemoteWriteV1, one_bad_series_does_not_lose_the_good_ones) {
  struct Case {
    LabelPairs labels;
    RejectReason reason;
  };
  LabelPairs many{{"__name__", "m"}};
  for (int i = 0; i < 70; ++i) many.emplace_back("l" + std::to_string(i), "v");
  const std::vector<Case> cases{
      {{}, RejectReason::kInvalidLabels},
      {{{"a", "1"}}, RejectReason::kInvalidLabels},
      {{{"__name__", "m"}, {"a", "1"}, {"a", "2"}}, RejectReason::kInvalidLabels},
      {{{"__name__", "m"}, {"", "1"}}, RejectReason::kInvalidLabels},
      {{{"__name__", "m"}, {"a", "\xff\xfe"}}, RejectReason::kInvalidLabels},
      {{{"__name__", "m"}, {"a\xc0", "x"}}, RejectReason::kInvalidLabels},
      {many, RejectReason::kLabelLimit},
      {{{"__name__", "m"}, {"a", std::string(5000, 'x')}}, RejectReason::kLabelLimit},
      {{{"__name__", "m"}, {std::string(300, 'n'), "x"}}, RejectReason::kLabelLimit},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Rig rig;
    const auto outcome = write_v1(rig, v1({encode_series({{"__name__", "good"}}, {{1, 1}}),
                                           encode_series(cases[i].labels, {{1, 1}, {2, 2}}),
                                           encode_series({{"__name__", "better"}}, {{1, 2}})}));
    ASSERT_TRUE(outcome) << i;
    EXPECT_EQ(outcome->appended.taken, 2u) << i;
    EXPECT_EQ(outcome->samples_rejected, 2u) << i;
    EXPECT_TRUE(outcome->partial());
    EXPECT_NE(outcome->first_reject, "") << i;
    EXPECT_EQ(rig.rejects.count(cases[i].reason), 2u) << i << ": " << outcome->first_reject;
    EXPECT_EQ(rig.store.samples("good"), (Samples{{1, 1}}));
    EXPECT_EQ(rig.store.samples("better"), (Samples{{1, 2}}));
  }
}

TEST(RemoteWriteV1, a_million_labels_are_refused_and_counted) {
  Rig rig;
  ProtoWriter series;
  series.message(1, encode_label("__name__", "m"));
  for (int i = 0; i < 1'000'000; ++i) series.message(1, encode_label("l" + std::to_string(i), "v"));
  series.message(2, encode_sample({1, 1}));
  const auto outcome = write_v1(rig, v1({series, encode_series({{"__name__", "good"}}, {{1, 1}})}));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(rig.rejects.count(RejectReason::kLabelLimit), 1u);
  EXPECT_NE(outcome->first_reject.find("1000001 labels"), std::string::npos) << outcome->first_reject;
  EXPECT_EQ(outcome->appended.taken, 1u);
}

TEST(RemoteWriteV1, the_series_bound_refuses_new_series_and_keeps_old_ones_working) {
  Rig rig;
  rig.store.mutable_limits().series_count_max = 1;
  ASSERT_TRUE(write_v1(rig, v1({encode_series({{"__name__", "old"}}, {{1, 1}})})));
  const auto outcome = write_v1(rig, v1({encode_series({{"__name__", "new"}}, {{2, 2}}),
                                         encode_series({{"__name__", "old"}}, {{2, 2}})}));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->samples_rejected, 1u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kSeriesLimit), 1u);
  EXPECT_EQ(rig.store.samples("old"), (Samples{{1, 1}, {2, 2}}));
}

TEST(RemoteWriteV1, times_beyond_the_calendar_are_rejected_one_by_one) {
  Rig rig;
  const auto outcome =
      write_v1(rig, v1({encode_series({{"__name__", "m"}}, {{std::numeric_limits<std::int64_t>::max(), 1},
                                                            {std::numeric_limits<std::int64_t>::min(), 1},
                                                            {-1000, 4}})}));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->samples_rejected, 2u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kInvalidTimestamp), 2u);
  EXPECT_EQ(rig.store.samples("m"), (Samples{{-1000, 4}}));
}

TEST(RemoteWriteV1, metadata_is_kept_and_histograms_and_exemplars_are_counted) {
  Rig rig;
  ProtoWriter series = encode_series({{"__name__", "m"}}, {{1, 1}});
  series.bytes(3, "exemplar").bytes(4, "histogram").bytes(4, "histogram");
  ProtoWriter message;
  message.message(1, series);
  message.message(1, ProtoWriter().message(1, encode_label("__name__", "only_histogram")).bytes(4, "h"));
  message.message(3, ProtoWriter().varint(1, 1).bytes(2, "m").bytes(4, "Help.").bytes(5, "seconds"));
  const auto outcome = write_v1(rig, message.str());
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->histograms_rejected, 3u);
  EXPECT_EQ(outcome->exemplars_rejected, 1u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kNativeHistogram), 3u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kExemplar), 1u);
  EXPECT_EQ(rig.store.series(), (std::vector<std::string>{"m"}));
  EXPECT_EQ(rig.store.metadata().at("m"), (MetricMetadata{MetricType::kCounter, "Help.", "seconds"}));
}

TEST(RemoteWriteV1, a_body_cut_at_any_byte_is_refused_whole_or_read_up_to_a_boundary) {
  const std::string first = v1({encode_series({{"__name__", "a"}, {"l", "x"}}, {{1000, 1.5}})});
  const std::string whole = first + v1({encode_series({{"__name__", "b"}}, {{2000, 2.5}, {3000, 3}})});
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    Rig rig;
    const auto outcome = write_v1(rig, whole.substr(0, cut));
    if (cut == 0 || cut == first.size()) {
      ASSERT_TRUE(outcome) << cut;
      EXPECT_EQ(outcome->appended.taken, cut == 0 ? 0u : 1u);
    } else {
      ASSERT_FALSE(outcome) << cut;
      EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalid);
      EXPECT_EQ(rig.store.append_calls, 0u);
      EXPECT_EQ(rig.rejects.count(RejectReason::kMalformed), 1u);
    }
  }
}

TEST(RemoteWriteV1, malformed_labels_refuse_the_request_and_store_nothing) {
  Rig rig;
  const std::string bad = v1({encode_series({{"__name__", "good"}}, {{1, 1}}),
                              ProtoWriter().bytes(1, "\x0a\x7f").message(2, encode_sample({1, 1}))});
  const auto outcome = write_v1(rig, bad);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(rig.store.append_calls, 0u);
}

TEST(RemoteWriteV1, wrong_wire_types_are_malformed) {
  for (const std::string& message :
       {ProtoWriter().varint(1, 5).str(), v1({ProtoWriter().varint(1, 5)}), v1({ProtoWriter().varint(2, 5)}),
        v1({ProtoWriter().message(2, ProtoWriter().varint(1, 5))}),
        v1({ProtoWriter().message(2, ProtoWriter().float64(2, 5))}), std::string("\x0b"),
        std::string("\x00", 1), std::string(11, '\xff')}) {
    Rig rig;
    const auto outcome = write_v1(rig, message);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalid);
  }
}

TEST(RemoteWrite, bad_snappy_is_refused) {
  const std::string good = snap(v1({encode_series({{"__name__", "m"}}, {{1, 1}})}));
  for (const std::string& body : {std::string(), std::string("\xff\xff\xff\xff\xff\xff"),
                                  std::string("hello world"), good.substr(0, good.size() - 1), good + "x"}) {
    Rig rig;
    const auto outcome = rig.receiver.remote_write(kV1, "snappy", body);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::kInvalid);
    EXPECT_EQ(rig.rejects.count(RejectReason::kMalformed), 1u);
  }
}

TEST(RemoteWrite, snappy_bombs_are_refused_before_memory_is_taken) {
  Rig rig;
  const auto claims = [](std::uint64_t size) { return ProtoWriter().raw_varint(size).str() + "\x00x"; };
  const auto huge = rig.receiver.remote_write(kV1, "snappy", claims(0xfffffff0));
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().code(), ErrorCode::kLimit);
  const auto impossible = rig.receiver.remote_write(kV1, "snappy", claims(100'000'000));
  ASSERT_FALSE(impossible);
  EXPECT_EQ(impossible.error().code(), ErrorCode::kInvalid);
  const std::string zeros = snap(std::string(1 << 20, '\0'));
  Rig small({.decoded_bytes_max = 1 << 16});
  EXPECT_EQ(small.receiver.remote_write(kV1, "snappy", zeros).error().code(), ErrorCode::kLimit);
}

TEST(RemoteWrite, bounds_on_body_samples_and_series_hold) {
  const std::string message = v1({encode_series({{"__name__", "m"}}, {{1, 1}, {2, 2}, {3, 3}}),
                                  encode_series({{"__name__", "n"}}, {{1, 1}})});
  for (const ReceiveLimits& limits :
       {ReceiveLimits{.body_bytes_max = 10}, ReceiveLimits{.decoded_bytes_max = 20},
        ReceiveLimits{.samples_max = 2}, ReceiveLimits{.samples_max = 3}, ReceiveLimits{.series_max = 1}}) {
    Rig rig(limits);
    const auto outcome = write_v1(rig, message);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code(), ErrorCode::kLimit);
    EXPECT_EQ(rig.store.append_calls, 0u);
    EXPECT_EQ(rig.rejects.count(RejectReason::kTooLarge), 1u);
  }
}

TEST(RemoteWrite, headers_decide_what_is_taken) {
  Rig rig;
  const std::string body = snap(v1({encode_series({{"__name__", "m"}}, {{1, 1}})}));
  EXPECT_TRUE(
      rig.receiver.remote_write("application/x-protobuf;proto=prometheus.WriteRequest", "snappy", body));
  EXPECT_TRUE(
      rig.receiver.remote_write("Application/X-Protobuf; Proto=\"prometheus.WriteRequest\"", "Snappy", body));
  EXPECT_TRUE(rig.receiver.remote_write(kV1, "", body));
  for (const auto& [type, encoding] : std::vector<std::pair<std::string, std::string>>{
           {"application/json", "snappy"},
           {"", "snappy"},
           {"text/plain", "snappy"},
           {"application/x-protobuf;proto=other.Message", "snappy"},
           {"application/x-protobuf", "gzip"},
           {"application/x-protobuf", "zstd"}}) {
    const auto outcome = rig.receiver.remote_write(type, encoding, body);
    ASSERT_FALSE(outcome) << type << " " << encoding;
    EXPECT_EQ(outcome.error().code(), ErrorCode::kUnsupported) << type << " " << encoding;
  }
}

TEST(RemoteWrite, a_store_that_takes_no_writes_is_told_as_unavailable) {
  Rig rig;
  const std::string message = v1({encode_series({{"__name__", "m"}}, {{1, 1}})});
  ASSERT_TRUE(write_v1(rig, message));
  rig.store.refusal = "disk full";
  const auto outcome = write_v1(rig, message);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::kUnavailable);
  rig.store.refusal.clear();
  EXPECT_TRUE(write_v1(rig, message));
}

TEST(RemoteWrite, batches_larger_than_the_store_takes_are_split) {
  Rig rig;
  rig.store.mutable_limits().batch_samples_max = 2;
  const auto outcome =
      write_v1(rig, v1({encode_series({{"__name__", "m"}}, {{1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}})}));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->appended.taken, 5u);
  EXPECT_EQ(rig.store.append_calls, 3u);
}

TEST(RemoteWriteV2, samples_metadata_and_counts_arrive) {
  Rig rig;
  V2Request request;
  ProtoWriter extra = request.metadata(3, "How long.", "seconds");
  extra.bytes(3, "histogram").bytes(4, "exemplar").varint(6, 12345);
  request.add({{"__name__", "d_bucket"}, {"le", "1"}}, {{1000, 4}, {2000, 0}}, extra);
  request.add({{"__name__", "up"}, {"job", "a"}}, {{0, 1}});
  const auto outcome = write_v2(rig, request.str());
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->appended.taken, 3u);
  EXPECT_EQ(outcome->histograms_rejected, 1u);
  EXPECT_EQ(outcome->exemplars_rejected, 1u);
  EXPECT_EQ(rig.store.samples("d_bucket{le=\"1\"}"), (Samples{{1000, 4}, {2000, 0}}));
  EXPECT_EQ(rig.store.samples("up{job=\"a\"}"), (Samples{{0, 1}}));
  EXPECT_EQ(rig.store.metadata().at("d"), (MetricMetadata{MetricType::kHistogram, "How long.", "seconds"}));
  EXPECT_EQ(rig.store.metadata().size(), 1u);
}

TEST(RemoteWriteV2, the_key_does_not_depend_on_the_numbering_of_symbols) {
  Rig rig;
  for (const int skew : {0, 1, 50, 300}) {
    V2Request request(skew);
    request.add({{"__name__", "m"}, {"a", "b"}}, {{skew, 1}}, request.metadata(2, "h", ""));
    ASSERT_TRUE(write_v2(rig, request.str()));
  }
  EXPECT_EQ(rig.store.ensure_calls, 1u);
  EXPECT_EQ(rig.store.metadata_calls, 1u);
  EXPECT_EQ(rig.store.samples("m{a=\"b\"}").size(), 4u);
}

TEST(RemoteWriteV2, changed_metadata_reaches_the_store) {
  Rig rig;
  for (const std::string help : {"one", "one", "two"}) {
    V2Request request;
    request.add({{"__name__", "m"}}, {{1, 1}}, request.metadata(1, help, ""));
    ASSERT_TRUE(write_v2(rig, request.str()));
  }
  EXPECT_EQ(rig.store.metadata().at("m").help, "two");
  EXPECT_EQ(rig.store.metadata_calls, 2u);
  EXPECT_EQ(rig.store.stats().series, 1u);
}

TEST(RemoteWriteV2, strings_that_only_join_alike_are_different_series) {
  Rig rig;
  V2Request request;
  request.add({{"__name__", "m"}, {"a", "bc"}}, {{1, 1}});
  request.add({{"__name__", "m"}, {"ab", "c"}}, {{1, 1}});
  ASSERT_TRUE(write_v2(rig, request.str()));
  EXPECT_EQ(rig.store.stats().series, 2u);
}

TEST(RemoteWriteV2, bad_references_cost_only_their_series) {
  for (const std::string& refs : {std::string("\x01"), std::string("\x01\x7f"), std::string("\x01\x02\x01"),
                                  std::string("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01")}) {
    Rig rig;
    V2Request request;
    request.add({{"__name__", "good"}}, {{1, 1}});
    const std::string message =
        request.str() +
        ProtoWriter().message(5, ProtoWriter().bytes(1, refs).message(2, encode_sample({1, 1}))).str();
    const auto outcome = write_v2(rig, message);
    ASSERT_TRUE(outcome) << outcome.error().message();
    EXPECT_EQ(outcome->samples_rejected, 1u);
    EXPECT_EQ(outcome->appended.taken, 1u);
    EXPECT_EQ(rig.rejects.count(RejectReason::kInvalidLabels), 1u);
  }
}

TEST(RemoteWriteV2, unpacked_references_and_late_symbols_are_read) {
  Rig rig;
  ProtoWriter series;
  series.varint(1, 1).varint(1, 2).message(2, encode_sample({1, 9}));
  ProtoWriter message;
  message.message(5, series).bytes(4, "").bytes(4, "__name__").bytes(4, "m").bytes(9, "unknown");
  ASSERT_TRUE(write_v2(rig, message.str()));
  EXPECT_EQ(rig.store.samples("m"), (Samples{{1, 9}}));
}

TEST(RemoteWriteV2, label_bombs_are_refused) {
  Rig rig;
  V2Request request;
  LabelPairs labels{{"__name__", "m"}};
  for (int i = 0; i < 100; ++i) labels.emplace_back("l" + std::to_string(i), "v");
  request.add(labels, {{1, 1}});
  request.add({{"__name__", "m"}, {"a", std::string(5000, 'x')}}, {{1, 1}});
  request.add(LabelPairs(1'000'000, {"a", "b"}), {{1, 1}});
  request.add({{"__name__", "m"}, {"a", "1"}, {"a", "2"}}, {{1, 1}});
  request.add({{"__name__", "good"}}, {{1, 1}});
  const auto outcome = write_v2(rig, request.str());
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->appended.taken, 1u);
  EXPECT_EQ(outcome->samples_rejected, 4u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kLabelLimit), 3u);
  EXPECT_EQ(rig.rejects.count(RejectReason::kInvalidLabels), 1u);
  Rig narrow({.label_refs_max = 100});
  EXPECT_EQ(write_v2(narrow, request.str()).error().code(), ErrorCode::kLimit);
}

TEST(RemoteWriteV2, a_body_cut_at_any_byte_never_stores_half_a_sample) {
  V2Request request;
  request.add({{"__name__", "m"}, {"a", "b"}}, {{1000, 1.5}, {2000, 2.5}}, request.metadata(1, "h", "u"));
  const std::string whole = request.str();
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    Rig rig;
    const auto outcome = write_v2(rig, whole.substr(0, cut));
    EXPECT_EQ(outcome ? outcome->appended.taken : 0, 0u) << cut;
    EXPECT_EQ(rig.store.stats().samples, 0u) << cut;
  }
}

}  // namespace
}  // namespace trimtab
