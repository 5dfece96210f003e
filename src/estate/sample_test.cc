// SPDX-License-Identifier: Apache-2.0
// The packaged sample fits the formats and the catalogue that ship with it.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "estate/estate.h"

namespace trimtab {
namespace {

const std::string kFolder = TRIMTAB_SOURCE_DIR "/samples/petshop/";

TEST(Sample, call_graph_leads_from_where_the_issue_is_noticed_to_what_causes_it) {
  const auto estate = Estate::load(kFolder + "estate.yaml");
  ASSERT_TRUE(estate) << estate.error().message();
  std::ifstream in(kFolder + "target.json");
  const std::string target{std::istreambuf_iterator<char>(in), {}};
  const EntityRef cause{"service", "PetSearch_AWS::ECS::Fargate"};
  ASSERT_NE(target.find("\"root_cause\": {\n    \"node\": \"" + cause.name + "\""), std::string::npos)
      << target;
  const auto downstream = estate->downstream({"service", "PetSite"});
  EXPECT_NE(std::find(downstream.begin(), downstream.end(), cause), downstream.end());
  EXPECT_EQ(estate->edges().size(), 44u);
}

TEST(Sample, owners_are_not_invented) {
  const auto estate = Estate::load(kFolder + "estate.yaml");
  ASSERT_TRUE(estate);
  EXPECT_EQ(estate->info({"service", "PetSite"}).owner, "");
  EXPECT_EQ(estate->info({"service", "PetSite"}).tier, 0);
}

}  // namespace
}  // namespace trimtab
