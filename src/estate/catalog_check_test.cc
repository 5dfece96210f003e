// SPDX-License-Identifier: Apache-2.0
#include "estate/catalog_check.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "base/check.h"

namespace trimtab {
namespace {

TEST(CatalogCheck, every_wrong_file_is_reported_not_only_the_first) {
  std::string folder = (std::filesystem::temp_directory_path() / "trimtab_check_XXXXXX").string();
  CHECK(mkdtemp(folder.data()) != nullptr);
  std::ofstream(folder + "/a.yaml") << "metrics: [{metric: x}]";
  std::ofstream(folder + "/b.yaml") << "metrics: [";
  std::ofstream(folder + "/c.yaml")
      << "metrics: [{metric: x, title: x, domain: service, aspect: kpi, kind: gauge}]";
  const auto problems = check_catalog({folder, folder + "/none.yaml"});
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_NE(problems[0].find("a.yaml:1"), std::string::npos) << problems[0];
  EXPECT_NE(problems[1].find("b.yaml:1"), std::string::npos) << problems[1];
  EXPECT_NE(problems[2].find("none.yaml"), std::string::npos) << problems[2];
  std::filesystem::remove(folder + "/a.yaml");
  std::filesystem::remove(folder + "/b.yaml");
  EXPECT_TRUE(check_catalog({folder}).empty());
  std::ofstream(folder + "/d.yaml")
      << "metrics: [{metric: x, title: x, domain: service, aspect: kpi, kind: gauge}]";
  EXPECT_EQ(check_catalog({folder}).size(), 1u);  // x twice in one directory
  std::filesystem::remove_all(folder);
}

TEST(CatalogCheck, shipped_catalogue_files_are_well) {
  EXPECT_EQ(check_catalog({TRIMTAB_SOURCE_DIR "/catalog"}), std::vector<std::string>{});
}

TEST(CatalogCheck, explanation_names_the_entry_or_says_that_it_is_inferred) {
  const auto catalog = Catalog::load({});
  ASSERT_TRUE(catalog);
  const auto explain = [&](const char* text) {
    std::map<std::string, std::string> out;
    for (const auto& [word, said] : explain_signal(*catalog, parse_series(text).value())) out[word] = said;
    return out;
  };
  auto known = explain("node_cpu_seconds_total{mode=\"idle\"}");
  EXPECT_TRUE(known["entry"].starts_with("host.yaml:")) << known["entry"];
  EXPECT_EQ(known["where"], "mode: idle");
  EXPECT_EQ(explain("process_open_fds")["limit"], "process_max_fds (used up there); saturated from 90 %");
  EXPECT_TRUE(explain("acme_things_total")["entry"].starts_with("none"));
  EXPECT_FALSE(parse_series("x{a=~\"b\"}"));
  EXPECT_FALSE(parse_series("x{a="));
}

}  // namespace
}  // namespace trimtab
