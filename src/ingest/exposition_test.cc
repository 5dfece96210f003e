// SPDX-License-Identifier: Apache-2.0
#include "ingest/exposition.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace trimtab {
namespace {

using Event = ExpositionParser::Event;
constexpr auto kText = ExpositionFormat::kPrometheusText;
constexpr auto kOpen = ExpositionFormat::kOpenMetrics;

// One word per event: "S name{labels} value @time", "T family type", "E error".
std::vector<std::string> events(std::string_view text, ExpositionFormat format,
                                ExpositionLimits limits = {}) {
  ExpositionParser parser(text, format, limits);
  std::vector<std::string> out;
  for (Event event = parser.next(); event != Event::kEnd; event = parser.next()) {
    switch (event) {
      case Event::kSample: {
        const ExpositionSample& sample = parser.sample();
        const auto labels = to_labels(sample);
        std::string line = "S " + (labels ? labels->to_string() : labels.error().message()) + " " +
                           std::to_string(sample.value);
        if (sample.timestamp_ms) line += " @" + std::to_string(*sample.timestamp_ms);
        if (sample.exemplar) line += " exemplar";
        if (sample.created) line += " created";
        out.push_back(line);
        break;
      }
      case Event::kType:
        out.push_back("T " + std::string(parser.family()) + " " + std::string(to_string(parser.type())));
        break;
      case Event::kHelp:
        out.push_back("H " + std::string(parser.family()) + " " + std::string(parser.text()));
        break;
      case Event::kUnit:
        out.push_back("U " + std::string(parser.family()) + " " + std::string(parser.text()));
        break;
      case Event::kError: out.push_back("E " + parser.error()); break;
      case Event::kEnd: break;
    }
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(Exposition, reads_samples_metadata_and_timestamps) {
  EXPECT_EQ(events("# HELP http_requests_total All \\\\ of\\nthem.\n"
                   "# TYPE http_requests_total counter\n"
                   "http_requests_total{method=\"post\",code=\"200\"} 1027 1395066363000\n"
                   "\n# a free comment\n"
                   "up 1\n"
                   "  spaced \t { a = \"x\" , b=\"y\", }  -2.5  -7 \r\n"
                   "last{} 3",
                   kText),
            (Lines{"H http_requests_total All \\ of\nthem.", "T http_requests_total counter",
                   "S http_requests_total{code=\"200\", method=\"post\"} 1027.000000 @1395066363000",
                   "S up 1.000000", "S spaced{a=\"x\", b=\"y\"} -2.500000 @-7", "S last 3.000000"}));
}

TEST(Exposition, escapes_in_label_values_are_resolved) {
  ExpositionParser parser(R"(m{path="C:\\DIR\\",text="say \"hi\"\n",odd="a\qb"} 1)", kText);
  ASSERT_EQ(parser.next(), Event::kSample);
  const auto labels = parser.sample().labels;
  EXPECT_EQ(labels[0].value, "C:\\DIR\\");
  EXPECT_EQ(labels[1].value, "say \"hi\"\n");
  EXPECT_EQ(labels[2].value, "a\\qb");
}

TEST(Exposition, quoted_utf8_names_are_read) {
  EXPECT_EQ(events("{\"http.status\",\"region.name\"=\"a\",b=\"c\"} 1\n"
                   "plain{\"dotted.label\"=\"ü\"} 2\n"
                   "# TYPE \"http.status\" gauge\n",
                   kText),
            (Lines{"S {\"http.status\", b=\"c\", \"region.name\"=\"a\"} 1.000000",
                   "S plain{\"dotted.label\"=\"ü\"} 2.000000", "T http.status gauge"}));
}

TEST(Exposition, special_values_are_read) {
  struct Case {
    std::string_view text;
    double value;
  };
  for (const auto& [text, value] :
       {Case{"+Inf", HUGE_VAL}, Case{"-Inf", -HUGE_VAL}, Case{"inf", HUGE_VAL}, Case{"-infinity", -HUGE_VAL},
        Case{"1e-400", 0.0}, Case{"0x1p-2", 0.25}, Case{"-0x10", -16}, Case{"+5", 5}, Case{".5", 0.5},
        Case{"1.", 1}, Case{"1e3", 1000}, Case{"-0", -0.0}}) {
    const std::string line = "m " + std::string(text);
    ExpositionParser again(line, kText);
    ASSERT_EQ(again.next(), Event::kSample) << text;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(again.sample().value), std::bit_cast<std::uint64_t>(value))
        << text;
  }
  for (const std::string_view text : {"NaN", "nan", "-NaN", "+nan"}) {
    const std::string line = "m " + std::string(text);
    ExpositionParser parser(line, kText);
    ASSERT_EQ(parser.next(), Event::kSample) << text;
    EXPECT_EQ(std::bit_cast<std::uint64_t>(parser.sample().value), kNormalNanBits) << text;
  }
}

TEST(Exposition, numbers_that_are_none_are_refused) {
  for (const std::string_view text : {"1e400", "abc", "1.2.3", "0x", "--1", "+-1", "nan(1)", "1,5",
                                      "0x1p99999", "1_000", "e5", "0xinf", "1e"}) {
    const std::string line = "m " + std::string(text);
    ExpositionParser parser(line, kText);
    EXPECT_EQ(parser.next(), Event::kError) << text;
    EXPECT_EQ(parser.column(), 3u) << text;
  }
}

TEST(Exposition, errors_name_line_and_column_and_the_next_line_is_read) {
  EXPECT_EQ(
      events(
          "good 1\nbad{a=\"x} 1\n9bad 1\nm{a=b} 1\nm{a=\"1\" b=\"2\"} 1\nm 1 2 3\nm\nm{a=\"1\"\n"
          "m-x 1\n{a=\"b\"} 1\n{\"a\",\"b\"} 1\nm 1 # {a=\"b\"} 1\n# TYPE m bogus\n# TYPE m gauge x\nend 2\n",
          kText),
      (Lines{"S good 1.000000", "E line 2, column 12: expected a closing \"",
             "E line 3, column 1: expected a metric name, found \"9bad 1\"",
             "E line 4, column 5: expected a quoted label value, found \"b} 1\"",
             "E line 5, column 9: expected , or }, found \"b=\\\"2\\\"} 1\"",
             "E line 6, column 7: expected the end of the line, found \"3\"",
             "E line 7, column 2: expected a value", "E line 8, column 8: expected , or }",
             "E line 9, column 2: this character may not stand in a metric name, found \"-x 1\"",
             "E line 10, column 8: the sample has no metric name, found \" 1\"",
             "E line 11, column 9: expected = after the label name, found \"} 1\"",
             "E line 12, column 5: expected the end of the line, found \"# {a=\\\"b\\\"} 1\"",
             "E line 13, column 10: expected a metric type, found \"bogus\"",
             "E line 14, column 16: expected the end of the line after the type, found \"x\"",
             "S end 2.000000"}));
}

TEST(Exposition, openmetrics_is_read) {
  EXPECT_EQ(events("# TYPE foo counter\n# UNIT foo seconds\n# HELP foo Say \\\"hi\\\".\n"
                   "foo_total{a=\"b\"} 17.0 1520879607.789 # {trace_id=\"x\"} 0.67 1520879607\n"
                   "foo_created{a=\"b\"} 1520430000.123\nbar_created 1\n# EOF\n",
                   kOpen),
            (Lines{"T foo counter", "U foo seconds", "H foo Say \"hi\".",
                   "S foo_total{a=\"b\"} 17.000000 @1520879607789 exemplar",
                   "S foo_created{a=\"b\"} 1520430000.123000 created", "S bar_created 1.000000"}));
}

TEST(Exposition, openmetrics_needs_its_eof) {
  EXPECT_EQ(events("a 1\n", kOpen),
            (Lines{"S a 1.000000", "E line 1, column 1: the text ends without # EOF, so it may be cut off"}));
  EXPECT_EQ(events("# EOF\na 1\n", kOpen), (Lines{"E line 2, column 1: text after # EOF, found \"a 1\""}));
}

TEST(Exposition, media_type_decides_the_format) {
  EXPECT_EQ(exposition_format("application/openmetrics-text; version=1.0.0; charset=utf-8"), kOpen);
  EXPECT_EQ(exposition_format("text/plain; version=0.0.4"), kText);
  EXPECT_EQ(exposition_format(""), kText);
}

TEST(Exposition, bounds_hold) {
  const std::string long_line = "m{a=\"" + std::string(300, 'x') + "\"} 1\nok 1\n";
  EXPECT_EQ(events(long_line, kText, {.line_bytes_max = 200}),
            (Lines{"E line 1, column 1: the line has 309 bytes; at most 200 are allowed", "S ok 1.000000"}));
  EXPECT_EQ(events("m{a=\"1\",b=\"2\",c=\"3\"} 1\n", kText, {.labels_count_max = 2})[0],
            "E line 1, column 20: more than 2 labels on one line, found \"} 1\"");
}

TEST(Exposition, repeated_labels_are_an_error_of_the_label_set) {
  EXPECT_EQ(events("m{a=\"1\",a=\"2\"} 1\n", kText),
            (Lines{"S label \"a\" appears twice on one series 1.000000"}));
}

TEST(Exposition, pieces_of_whole_lines_read_like_the_whole) {
  const std::string text = "# TYPE foo counter\nfoo_total 1\nfoo_created 2\nbad\n# EOF\n";
  ExpositionParser parser(kOpen);
  Lines got;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t stop = text.find('\n', at) + 1;
    parser.feed(std::string_view(text).substr(at, stop - at), stop == text.size());
    for (Event event = parser.next(); event != Event::kEnd; event = parser.next()) {
      got.push_back(std::to_string(static_cast<int>(event)) + ":" + std::to_string(parser.line()) +
                    (event == Event::kSample && parser.sample().created ? "c" : ""));
    }
    at = stop;
  }
  EXPECT_EQ(got, (Lines{"1:1", "0:2", "0:3c", "4:4"}));
}

TEST(Exposition, series_text_is_what_stands_on_the_line) {
  ExpositionParser parser("  m{b=\"2\",a=\"1\"}  5 6", kText);
  ASSERT_EQ(parser.next(), Event::kSample);
  EXPECT_EQ(parser.sample().series_text, "m{b=\"2\",a=\"1\"}");
}

TEST(Exposition, text_cut_at_every_byte_never_crashes_and_keeps_whole_lines) {
  const std::string text =
      "# TYPE a counter\na_total{x=\"\\\"1\\n\"} 5 7 # {t=\"\\\\\"} 1 2\n{\"b\",\"c\"=\"d\"} NaN\n# EOF\n";
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    const std::string part = text.substr(0, cut);
    const Lines got = events(part, kOpen);
    EXPECT_LE(got.size(), 5u);
  }
}

}  // namespace
}  // namespace trimtab
