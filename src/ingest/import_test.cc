// SPDX-License-Identifier: Apache-2.0
#include "ingest/import.h"

#include <gtest/gtest.h>
#include <libdeflate.h>
#include <zstd.h>

#include <bit>
#include <cmath>
#include <random>

#include "ingest/export.h"
#include "ingest/exposition.h"
#include "ingest/fake_store_testlib.h"
#include "ingest/json_sample.h"

namespace trimtab {
namespace {

using Samples = std::map<TimestampMs, double>;
using Lines = std::vector<std::string>;

struct Session {
  FakeStore store;
  FakeClock clock{1'700'000'000'000};
  Metrics metrics;
  Rejects rejects{metrics, clock};
  Lines refused;  // "line reason"
  Lines texts;
  ImportProgress progress;
  Status status = ok();

  void import(std::string_view text, ImportOptions options, std::size_t piece = SIZE_MAX) {
    options.on_reject = [&](const ImportReject& reject) {
      refused.push_back(std::to_string(reject.line) + " " + std::string(reject_name(reject.reason)));
      texts.emplace_back(reject.text);
    };
    auto importer = Importer::create(store, rejects, options);
    ASSERT_TRUE(importer) << importer.error().message();
    while (!text.empty() && status) {
      status = (*importer)->feed(text.substr(0, piece));
      text.remove_prefix(std::min(piece, text.size()));
    }
    if (status) status = (*importer)->finish();
    progress = (*importer)->progress();
  }
};

ImportOptions json_options() { return {.format = ImportFormat::kJsonLines}; }
ImportOptions text_options() { return {.format = ImportFormat::kPrometheusText}; }
ImportOptions csv_options(const CsvFlags& flags) {
  ImportOptions out{.format = ImportFormat::kCsv};
  const auto mapping = parse_csv_mapping(flags);
  EXPECT_TRUE(mapping) << mapping.error().message();
  if (mapping) out.csv = *mapping;
  return out;
}

TEST(ImportJson, lines_become_samples_and_bad_lines_are_refused_alone) {
  Session run;
  run.import(R"({"metric":{"__name__":"m","a":"b"},"values":[1,2.5,-3e2],"timestamps":[10,20,30]}
{"timestamps":[40],"values":["Infinity"],"metric":{"a":"b","__name__":"m"},"more":{"x":[1]}}

not json
{"metric":{"__name__":"m"},"values":[1,2],"timestamps":[1]}
{"metric":{"__name__":"m"},"values":[true],"timestamps":[1]}
{"metric":{"__name__":"m"},"values":[1],"timestamps":["x"]}
{"metric":{"__name__":"m"},"values":[1],"timestamps":[1.5]}
{"metric":{"__name__":5},"values":[1],"timestamps":[1]}
{"metric":{"a":"no name"},"values":[1],"timestamps":[1]}
{"metric":[],"values":[1],"timestamps":[1]}
[1]
{"metric":{"__name__":"n"},"values":[7],"timestamps":[5e3]})",
             json_options());
  ASSERT_TRUE(run.status) << run.status.error().message();
  EXPECT_EQ(run.store.samples("m{a=\"b\"}"), (Samples{{10, 1}, {20, 2.5}, {30, -300}, {40, HUGE_VAL}}));
  EXPECT_EQ(run.store.samples("n"), (Samples{{5000, 7}}));
  EXPECT_EQ(run.refused, (Lines{"4 malformed", "5 malformed", "6 invalid_value", "7 invalid_timestamp",
                                "8 invalid_timestamp", "9 invalid_labels", "11 malformed", "12 malformed",
                                "10 invalid_labels"}));
  EXPECT_EQ(run.texts[0], "not json");
  EXPECT_EQ(run.texts.back(), R"({"metric":{"a":"no name"},"values":[1],"timestamps":[1]})");
  EXPECT_EQ(run.progress.lines, 13u);
  EXPECT_EQ(run.progress.stored_lines, 13u);
  EXPECT_EQ(run.progress.lines_rejected, 9u);
  EXPECT_EQ(run.progress.samples_rejected, 1u);
  EXPECT_EQ(run.progress.appended.taken, 5u);
  EXPECT_NE(run.progress.first_reject.find("line 4: not JSON"), std::string::npos);
}

TEST(ImportJson, export_and_import_keep_every_bit) {
  FakeStore source;
  std::mt19937_64 random(7);
  const SeriesId id = *source.ensure_series(Labels{{"__name__", "m"}, {"quote", "a\"b\\c\nü"}});
  std::vector<std::uint64_t> patterns{kStaleNanBits,
                                      0x7ff8000000000001,
                                      0x7ff8000000000000,
                                      0xfff8000000000001,
                                      0x7ff0000000000001,
                                      0x8000000000000000,
                                      0,
                                      0x7ff0000000000000,
                                      0xfff0000000000000,
                                      1,
                                      0x7fefffffffffffff};
  for (int i = 0; i < 5000; ++i) patterns.push_back(random());
  for (int i = 0; i < 5000; ++i)
    patterns.push_back(std::bit_cast<std::uint64_t>(static_cast<double>(random() % 100000) / 100));
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    samples.push_back({id, static_cast<TimestampMs>(i) * 1000 - 5000, std::bit_cast<double>(patterns[i])});
  }
  ASSERT_TRUE(source.append(samples));
  const auto set = source.select({}, {}, {});
  std::string text;
  const auto exported =
      export_json_lines(**set, {.range = {}, .samples_per_line_max = 700}, [&](std::string_view piece) {
        text += piece;
        return ok();
      });
  ASSERT_TRUE(exported);
  EXPECT_EQ(exported->samples, patterns.size());
  EXPECT_EQ(exported->bytes, text.size());
  Session run;
  run.import(text, json_options());
  EXPECT_EQ(run.refused, Lines{});
  const Samples back = run.store.samples(source.series()[0]);
  ASSERT_EQ(back.size(), patterns.size());
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(back.at(samples[i].timestamp_ms)), patterns[i]) << i;
  }
}

TEST(Export, writes_the_documented_line_and_only_the_range) {
  FakeStore store;
  const SeriesId id = *store.ensure_series(Labels{{"__name__", "up"}, {"job", "a"}});
  ASSERT_TRUE(
      store.append(std::vector<Sample>{{id, 1, 1}, {id, 2, stale_marker()}, {id, 3, -0.0}, {id, 9, 5}}));
  std::string text;
  const auto set = store.select({}, {}, {});
  ASSERT_TRUE(export_json_lines(**set, {.range = {1, 3}}, [&](std::string_view piece) {
    text += piece;
    return ok();
  }));
  EXPECT_EQ(
      text,
      "{\"metric\":{\"__name__\":\"up\",\"job\":\"a\"},\"values\":[1,null,-0.0],\"timestamps\":[1,2,3]}\n");
  const auto refused =
      export_json_lines(**set, {}, [](std::string_view) -> Status { return fail(ErrorCode::kIo, "gone"); });
  EXPECT_EQ(refused.error().code(), ErrorCode::kIo);
  const std::atomic<bool> cancelled{true};
  EXPECT_EQ(export_json_lines(**set, {.cancelled = &cancelled}, [](std::string_view) { return ok(); })
                .error()
                .code(),
            ErrorCode::kCancelled);
}

TEST(ImportText, samples_and_metadata_are_read_in_pieces_of_any_size) {
  const std::string text =
      "# HELP m_total Help.\n# TYPE m_total counter\nm_total{a=\"b\"} 1 1000\nm_total{a=\"b\"} 2 2000\r\n"
      "bad line here\nno_time 3\n# TYPE g gauge\ng NaN 5";
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, text.size()}) {
    Session run;
    run.import(text, text_options(), piece);
    ASSERT_TRUE(run.status);
    EXPECT_EQ(run.store.samples("m_total{a=\"b\"}"), (Samples{{1000, 1}, {2000, 2}}));
    EXPECT_EQ(std::bit_cast<std::uint64_t>(run.store.samples("g").at(5)), kNormalNanBits);
    EXPECT_EQ(run.store.metadata().at("m_total"), (MetricMetadata{MetricType::kCounter, "Help.", ""}));
    EXPECT_EQ(run.store.metadata().at("g").type, MetricType::kGauge);
    EXPECT_EQ(run.refused, (Lines{"5 malformed", "6 invalid_timestamp"}));
  }
  ImportOptions options = text_options();
  options.missing_timestamp_ms = 77;
  options.labels = {{"job", "x"}, {"a", "own wins"}};
  Session run;
  run.import("no_time{a=\"b\"} 3\n", options);
  EXPECT_EQ(run.store.samples("no_time{a=\"b\", job=\"x\"}"), (Samples{{77, 3}}));
}

TEST(ImportText, openmetrics_has_seconds_and_must_end) {
  Session run;
  run.import("a 1 1.5\n", {.format = ImportFormat::kOpenMetrics});
  EXPECT_EQ(run.store.samples("a"), (Samples{{1500, 1}}));
  EXPECT_EQ(run.refused, (Lines{"1 malformed"}));
  Session whole;
  whole.import("a 1 1.5\n# EOF\n", {.format = ImportFormat::kOpenMetrics}, 3);
  EXPECT_EQ(whole.refused, Lines{});
}

TEST(ImportCsv, columns_are_mapped_by_header_and_number) {
  Session run;
  run.import(
      "\xef\xbb\xbftime,host,\"cpu, %\",mem\n"
      "2026-11-21T10:00:00Z,a,50.5,\n"
      "2026-11-21 10:00:01,\"b \"\"x\"\"\nline two\",NaN,7\n"
      "2026-11-21T10:00:02Z,a,oops,8\n"
      "never,a,1,1\n"
      "2026-11-21T10:00:03Z,a,\"1\n",
      csv_options(
          {.time = "time", .values = {"cpu, %=cpu_percent", "4=mem_bytes"}, .labels = {"host=instance"}}));
  ASSERT_TRUE(run.status) << run.status.error().message();
  constexpr TimestampMs kTen = 1795255200000;
  EXPECT_EQ(run.store.samples("cpu_percent{instance=\"a\"}"), (Samples{{kTen, 50.5}}));
  EXPECT_EQ(run.store.samples("mem_bytes{instance=\"b \\\"x\\\"\\nline two\"}"), (Samples{{kTen + 1000, 7}}));
  EXPECT_EQ(run.store.samples("mem_bytes{instance=\"a\"}"), (Samples{{kTen + 2000, 8}}));
  EXPECT_EQ(run.refused, (Lines{"5 invalid_value", "6 invalid_timestamp", "7 malformed"}));
}

TEST(ImportCsv, long_tables_take_the_metric_from_a_column) {
  Session run;
  run.import("1000;cpu;5;x\n2000;mem;6;\n", csv_options({.time = "1:unix_ms",
                                                         .values = {"3"},
                                                         .labels = {"4=zone"},
                                                         .metric = "2",
                                                         .delimiter = ";",
                                                         .header = false}));
  EXPECT_EQ(run.store.samples("cpu{zone=\"x\"}"), (Samples{{1000, 5}}));
  EXPECT_EQ(run.store.samples("mem"), (Samples{{2000, 6}}));
}

TEST(ImportCsv, times_are_read_in_every_stated_form) {
  struct Case {
    std::string_view format, cell;
    TimestampMs expected;
  };
  for (const auto& [format, cell, expected] :
       {Case{"", "1970-01-02", 86400000}, Case{"auto", "1700000000.5", 1700000000500},
        Case{"unix_s", "12.345", 12345}, Case{"unix_ms", "-5", -5}, Case{"unix_us", "1999", 1},
        Case{"unix_us", "-1", -1}, Case{"unix_ns", "2000000", 2},
        Case{"%d/%m/%Y %H:%M", "02/01/1970 00:01", 86460000},
        Case{"%Y-%m-%dT%H:%M:%S%z", "1970-01-01T01:00:00+0100", 0}}) {
    const auto parsed = CsvTimeFormat::parse(format);
    ASSERT_TRUE(parsed) << format;
    const auto time = parsed->read(cell);
    ASSERT_TRUE(time) << format << " " << cell << ": " << time.error().message();
    EXPECT_EQ(*time, expected) << format << " " << cell;
  }
  EXPECT_FALSE(CsvTimeFormat::parse("unix"));
  EXPECT_FALSE(CsvTimeFormat::parse("%Y")->read("1970 and more"));
  EXPECT_FALSE(CsvTimeFormat::parse("unix_s")->read("NaN"));
}

TEST(ImportCsv, mappings_that_make_no_sense_are_refused) {
  for (const CsvFlags& flags :
       {CsvFlags{}, CsvFlags{.time = "t"}, CsvFlags{.time = "t", .values = {"v"}},
        CsvFlags{.time = "t", .values = {"v="}}, CsvFlags{.time = "t", .values = {"v=m"}, .labels = {"=x"}},
        CsvFlags{.time = "t", .values = {"v=m"}, .delimiter = "||"},
        CsvFlags{.time = "t", .values = {"v=m"}, .delimiter = "\""}}) {
    EXPECT_FALSE(parse_csv_mapping(flags));
  }
  const auto mapping = parse_csv_mapping({.time = "a:b:%H:%M", .values = {"x=y=m"}, .labels = {"zone"}});
  ASSERT_TRUE(mapping);
  EXPECT_EQ(mapping->time.name, "a:b");
  EXPECT_EQ(mapping->time_format.pattern, "%H:%M");
  EXPECT_EQ(mapping->values[0].column.name, "x=y");
  EXPECT_EQ(mapping->labels[0].label, "zone");
  Session run;
  run.import("t,v\n1,2\n", csv_options({.time = "t", .values = {"other=m"}}));
  EXPECT_EQ(run.status.error().code(), ErrorCode::kInvalid);
}

TEST(Import, a_stopped_run_is_resumed_where_it_stopped) {
  std::string text = "t,v\n";
  for (int i = 1; i <= 300'000; ++i) text += std::to_string(i) + "," + std::to_string(i) + "\n";
  const auto options = csv_options({.time = "t:unix_ms", .values = {"v=m"}});
  Session run;
  auto importer = *Importer::create(run.store, run.rejects, options);
  ASSERT_TRUE(importer->feed(std::string_view(text).substr(0, text.size() / 2)));
  run.store.refusal = "disk full";
  const Status failed = importer->feed(std::string_view(text).substr(text.size() / 2));
  EXPECT_EQ(failed.error().code(), ErrorCode::kUnavailable);
  EXPECT_FALSE(importer->finish());
  run.store.refusal.clear();
  ImportOptions again = options;
  again.resume_after_line = importer->progress().stored_lines;
  EXPECT_GT(again.resume_after_line, 10'000u);
  const std::uint64_t before = run.store.stats().samples;
  EXPECT_EQ(before, again.resume_after_line - 1);
  run.import(text, again);
  ASSERT_TRUE(run.status);
  EXPECT_EQ(run.store.stats().samples, 300'000u);
  EXPECT_EQ(run.progress.samples, 300'000u - before);
}

TEST(Import, compression_is_told_by_the_first_bytes) {
  const std::string text = R"({"metric":{"__name__":"m"},"values":[1],"timestamps":[1]})"
                           "\n";
  libdeflate_compressor* compressor = libdeflate_alloc_compressor(6);
  std::string gzip(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
  gzip.resize(libdeflate_gzip_compress(compressor, text.data(), text.size(), gzip.data(), gzip.size()));
  libdeflate_free_compressor(compressor);
  std::string zstd(ZSTD_compressBound(text.size()), '\0');
  zstd.resize(ZSTD_compress(zstd.data(), zstd.size(), text.data(), text.size(), 3));
  for (const std::string& bytes : {text, gzip, zstd, gzip + gzip}) {
    for (const std::size_t piece : {std::size_t{1}, bytes.size()}) {
      Session run;
      run.import(bytes, json_options(), piece);
      ASSERT_TRUE(run.status) << run.status.error().message();
      EXPECT_EQ(run.store.samples("m"), (Samples{{1, 1}}));
      EXPECT_EQ(run.progress.bytes_in, bytes.size());
    }
  }
  Session cut;
  cut.import(gzip.substr(0, gzip.size() - 3), json_options());
  EXPECT_EQ(cut.status.error().code(), ErrorCode::kInvalid);
  Session empty;
  empty.import("", json_options());
  EXPECT_TRUE(empty.status);
}

TEST(Import, lines_beyond_their_bound_are_refused_and_the_next_is_read) {
  const std::string good = R"({"metric":{"__name__":"m"},"values":[1],"timestamps":[1]})"
                           "\n";
  ImportOptions options = json_options();
  options.line_bytes_max = 100;
  for (const std::size_t size : {std::size_t{200}, std::size_t{5} << 20}) {
    Session run;
    run.import(std::string(size, 'x') + "\n" + good + std::string(size, 'y'), options, 4096);
    ASSERT_TRUE(run.status);
    EXPECT_EQ(run.store.samples("m"), (Samples{{1, 1}}));
    EXPECT_EQ(run.refused, (Lines{"1 too_large", "3 too_large"})) << size;
  }
}

TEST(Import, formats_are_told_by_word_and_file_name) {
  EXPECT_EQ(*parse_import_format("csv"), ImportFormat::kCsv);
  EXPECT_FALSE(parse_import_format("xml"));
  EXPECT_EQ(import_format_of_file("a/B.JSONL.gz"), ImportFormat::kJsonLines);
  EXPECT_EQ(import_format_of_file("x.prom"), ImportFormat::kPrometheusText);
  EXPECT_EQ(import_format_of_file("x.tsv.zst"), ImportFormat::kCsv);
  EXPECT_EQ(import_format_of_file("x"), std::nullopt);
}

}  // namespace
}  // namespace trimtab
