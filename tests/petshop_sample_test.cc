// SPDX-License-Identifier: Apache-2.0
// The packaged sample, from its file to ranked findings: what a new user sees first must be right.
#include <gtest/gtest.h>
#include <simdjson.h>
#include <zlib.h>

#include <algorithm>
#include <string>

#include "analyze/analyzer.h"
#include "analyze/fake_store_testlib.h"

namespace trimtab {
namespace {

const std::string kSample = TRIMTAB_SOURCE_DIR "/samples/petshop/";

std::string read_gzip(const std::string& path) {
  std::string text;
  gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return text;
  char buffer[1 << 16];
  for (int got; (got = gzread(file, buffer, sizeof(buffer))) > 0;)
    text.append(buffer, static_cast<std::size_t>(got));
  gzclose(file);
  return text;
}

class PetshopSample : public ::testing::Test {
 protected:
  void SetUp() override {
    const simdjson::padded_string lines(read_gzip(kSample + "petshop.jsonl.gz"));
    ASSERT_GT(lines.size(), 1000u);
    simdjson::dom::parser parser;
    for (const simdjson::dom::element line : parser.parse_many(lines, lines.size())) {
      std::vector<Label> labels;
      for (const auto field : simdjson::dom::object(line["metric"])) {
        labels.push_back({std::string(field.key), std::string(std::string_view(field.value))});
      }
      SampleBuffer samples;
      for (const double value : simdjson::dom::array(line["values"])) samples.values.push_back(value);
      for (const std::int64_t at : simdjson::dom::array(line["timestamps"])) {
        samples.timestamps_ms.push_back(at);
        newest_ms_ = std::max<TimestampMs>(newest_ms_, at);
      }
      store_.add(Labels::create(std::move(labels)).value(), std::move(samples));
    }
    simdjson::padded_string target;
    ASSERT_EQ(simdjson::padded_string::load(kSample + "target.json").get(target), simdjson::SUCCESS);
    root_ = std::string(std::string_view(parser.parse(target)["root_cause"]["node"]));
    issue_from_ms_ = std::int64_t(parser.parse(target)["sample"]["issue_from_ms"]);
  }

  AnalysisResult analyse(TimestampMs at) {
    const Catalog catalog = Catalog::load({}).value();
    const Estate estate = Estate::load(kSample + "estate.yaml").value();
    const FakeClock clock(at);
    Metrics metrics;
    const auto logger = create_null_logger();
    const auto querier = promql::Querier::local(store_);
    return Analyzer(store_, *querier, catalog, estate, clock, metrics, *logger).run(at, {}).value();
  }

  analyze::FakeStore store_;
  std::string root_;
  TimestampMs newest_ms_ = 0;
  TimestampMs issue_from_ms_ = 0;
};

TEST_F(PetshopSample, blamed_service_stands_first) {
  // Also when the pass runs some minutes after the newest sample, as it does under `serve`.
  for (const DurationMs delay_ms : {DurationMs{0}, kSecondMs, 2 * kMinuteMs, 5 * kMinuteMs, 9 * kMinuteMs}) {
    const AnalysisResult result = analyse(newest_ms_ + delay_ms);
    ASSERT_FALSE(result.findings.empty());
    EXPECT_EQ(result.findings.front().entity.name, root_) << delay_ms << " ms after the newest sample";
    EXPECT_GT(result.pass.coverage.series_watched, 200u);
  }
}

TEST_F(PetshopSample, before_the_issue_no_service_is_said_to_be_slow) {
  for (const Finding& finding : analyse(issue_from_ms_ - kMinuteMs).findings) {
    EXPECT_NE(finding.kind, FindingKind::kLatency) << finding.title;
  }
}

}  // namespace
}  // namespace trimtab
