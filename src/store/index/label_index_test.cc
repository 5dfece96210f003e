// SPDX-License-Identifier: Apache-2.0
#include "store/index/label_index.h"

#include <gtest/gtest.h>

#include <random>

#include "store/index/key_cache.h"

namespace trimtab::embedded {
namespace {

Labels random_labels(std::mt19937_64& random) {
  Labels out{{"__name__", "m" + std::to_string(random() % 5)}};
  for (const char* name : {"a", "b", "c"}) {
    if (random() % 3 != 0) out = out.with(name, "v" + std::to_string(random() % 12));
  }
  return out;
}

Matcher random_matcher(std::mt19937_64& random) {
  const char* const names[] = {"__name__", "a", "b", "c", "absent"};
  const char* const values[] = {"v1", "m2", "", "nothing"};
  const char* const regexes[] = {"v1|v3|v5", "v.", ".*", ".+", "m[0-3]", "", "v1?", "nothing|", "(v|m)2"};
  const auto op = static_cast<MatchOp>(random() % 4);
  const bool regex = op == MatchOp::kRegex || op == MatchOp::kNotRegex;
  return *Matcher::create(op, names[random() % 5], regex ? regexes[random() % 9] : values[random() % 4]);
}

class SelectAgainstNaive : public ::testing::TestWithParam<LabelIndex::HashFunction> {};

TEST_P(SelectAgainstNaive, finds_exactly_the_matching_series) {
  std::mt19937_64 random(5);
  LabelIndex index(GetParam());
  std::vector<std::pair<std::uint32_t, Labels>> all;
  for (std::uint32_t id = 0; all.size() < 400; id += 1 + random() % 2) {
    const Labels labels = random_labels(random);
    const auto present =
        std::find_if(all.begin(), all.end(), [&](const auto& entry) { return entry.second == labels; });
    const auto found = index.find(labels);
    ASSERT_EQ(found.has_value(), present != all.end());
    if (found) {
      ASSERT_EQ(*found, present->first);
      if (random() % 8 == 0) {
        index.remove({&present->first, 1});
        all.erase(present);
      }
      continue;
    }
    index.add(id, labels);
    all.emplace_back(id, labels);
    if (all.size() == 300) {
      std::vector<std::uint32_t> gone;
      for (std::size_t i = 0; i < 20; ++i) gone.push_back(all[i * 7].first);
      std::erase_if(
          all, [&](const auto& entry) { return std::binary_search(gone.begin(), gone.end(), entry.first); });
      index.remove(gone);
    }
    if (id > 20'000) break;
  }
  for (int round = 0; round < 2000; ++round) {
    Matchers matchers;
    for (std::uint64_t i = random() % 4; i > 0; --i) matchers.push_back(random_matcher(random));
    std::vector<std::uint32_t> expected;
    for (const auto& [id, labels] : all) {
      if (matches_all(matchers, labels)) expected.push_back(id);
    }
    std::string text;
    for (const Matcher& matcher : matchers) text += matcher.to_string() + " ";
    ASSERT_EQ(index.select(matchers), expected) << text;
  }
  EXPECT_EQ(index.alive_count(), all.size());
}

INSTANTIATE_TEST_SUITE_P(hashes, SelectAgainstNaive,
                         ::testing::Values(nullptr, [](const Labels& labels) -> std::uint64_t {
                           return labels.size();
                         }));

TEST(LabelIndex, lists_names_and_values_of_living_series_only) {
  LabelIndex index;
  index.add(0, Labels{{"__name__", "x"}, {"a", "1"}});
  index.add(1, Labels{{"__name__", "y"}, {"b", "2"}});
  index.add(2, Labels{{"__name__", "y"}, {"b", "3"}});
  EXPECT_EQ(index.label_names(), (std::vector<std::string>{"__name__", "a", "b"}));
  EXPECT_EQ(index.label_values("b"), (std::vector<std::string>{"2", "3"}));
  const std::uint32_t gone = 0;
  index.remove({&gone, 1});
  EXPECT_EQ(index.label_names(), (std::vector<std::string>{"__name__", "b"}));
  const std::vector<std::uint32_t> one{2};
  EXPECT_EQ(index.label_values("b", one), (std::vector<std::string>{"3"}));
  EXPECT_EQ(index.cardinalities().front().name, "b");
  EXPECT_EQ(index.top_values("__name__", 1), (std::vector<std::pair<std::string, std::uint64_t>>{{"y", 2}}));
}

TEST(KeyCache, forgets_the_least_recently_confirmed_and_counts_it) {
  KeyCache cache(8);
  const auto key = [](std::uint64_t i) { return LabelsHash{i, i}; };
  const auto known = [&](std::uint64_t i) {
    SeriesId out{};
    const LabelsHash k = key(i);
    return cache.resolve({&k, 1}, {&out, 1}) == 0 && out == SeriesId{static_cast<std::uint32_t>(i)};
  };
  cache.remember(key(0), SeriesId{0});
  for (std::uint32_t i = 1; i < 40; ++i) {
    cache.remember(key(i), SeriesId{i});
    ASSERT_TRUE(known(0)) << "confirmed each round, after " << i;
    ASSERT_TRUE(known(i));
  }
  EXPECT_FALSE(known(1));
  EXPECT_GT(cache.evictions(), 0U);
}

}  // namespace
}  // namespace trimtab::embedded
