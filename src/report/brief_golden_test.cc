// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "report/brief.h"
#include "report/sample_testlib.h"

// The expected files in testdata/ are the brief as people see it: open the .html ones in a browser.
// After a wanted change: TRIMTAB_UPDATE_GOLDEN=1 build/src/report/report_test, then read the diff.

namespace trimtab::report {
namespace {

struct Golden {
  std::string name;
  BriefInput (*sample)();
  BriefFormat format;
  BriefStyle style;
};

std::filesystem::path path_of(const std::string& name) {
  return std::filesystem::path(TRIMTAB_SOURCE_DIR) / "src/report/testdata" / name;
}

std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

class BriefGolden : public ::testing::TestWithParam<Golden> {};

TEST_P(BriefGolden, reads_as_expected) {
  const Golden& golden = GetParam();
  const std::string actual = render_brief(golden.sample(), golden.format, golden.style);
  const auto path = path_of(golden.name);
  if (std::getenv("TRIMTAB_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << actual;
    GTEST_SKIP() << "updated " << golden.name;
  }
  EXPECT_EQ(actual, read_all(path)) << golden.name
                                    << " differs; see the top of this file for how to update it";
}

const BriefStyle kDeveloper{.audience = Audience::kDeveloper};
const BriefStyle kLead{.audience = Audience::kLead};
const BriefStyle kHead{.audience = Audience::kHead};

INSTANTIATE_TEST_SUITE_P(
    Files, BriefGolden,
    ::testing::Values(Golden{"mixed_developer.txt", mixed_sample, BriefFormat::kText, kDeveloper},
                      Golden{"mixed_lead.txt", mixed_sample, BriefFormat::kText, kLead},
                      Golden{"mixed_lead_80.txt",
                             mixed_sample,
                             BriefFormat::kText,
                             {.audience = Audience::kLead, .width = 80}},
                      Golden{"mixed_lead_colour.txt",
                             mixed_sample,
                             BriefFormat::kText,
                             {.audience = Audience::kLead, .colour = true, .width = 120}},
                      Golden{"mixed_head.txt", mixed_sample, BriefFormat::kText, kHead},
                      Golden{"mixed_developer.md", mixed_sample, BriefFormat::kMarkdown, kDeveloper},
                      Golden{"mixed_lead.md", mixed_sample, BriefFormat::kMarkdown, kLead},
                      Golden{"mixed_head.md", mixed_sample, BriefFormat::kMarkdown, kHead},
                      Golden{"mixed_developer.html", mixed_sample, BriefFormat::kHtml, kDeveloper},
                      Golden{"mixed_lead.html", mixed_sample, BriefFormat::kHtml, kLead},
                      Golden{"mixed_head.html", mixed_sample, BriefFormat::kHtml, kHead},
                      Golden{"mixed_lead.json", mixed_sample, BriefFormat::kJson, kLead},
                      Golden{"healthy_lead.txt", healthy_sample, BriefFormat::kText, kLead},
                      Golden{"healthy_lead.md", healthy_sample, BriefFormat::kMarkdown, kLead},
                      Golden{"healthy_lead.html", healthy_sample, BriefFormat::kHtml, kLead},
                      Golden{"healthy_lead.json", healthy_sample, BriefFormat::kJson, kLead},
                      Golden{"not_enough_lead.txt", not_enough_sample, BriefFormat::kText, kLead},
                      Golden{"not_enough_lead.md", not_enough_sample, BriefFormat::kMarkdown, kLead},
                      Golden{"not_enough_lead.html", not_enough_sample, BriefFormat::kHtml, kLead},
                      Golden{"not_enough_head.txt", not_enough_sample, BriefFormat::kText, kHead},
                      Golden{"no_data_lead.txt", no_data_sample, BriefFormat::kText, kLead},
                      Golden{"no_data_lead.html", no_data_sample, BriefFormat::kHtml, kLead}),
    [](const ::testing::TestParamInfo<Golden>& golden) {
      std::string name = golden.param.name;
      for (char& c : name) {
        if (c == '.') c = '_';
      }
      return name;
    });

}  // namespace
}  // namespace trimtab::report
