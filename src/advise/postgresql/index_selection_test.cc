// SPDX-License-Identifier: Apache-2.0
#include "advise/postgresql/index_selection.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <limits>
#include <random>

namespace trimtab::advise::postgresql {
namespace {

using testing::ElementsAre;

// A made-up planner: each statement has some plans, each needs a set of indexes and has a cost; it takes the
// cheapest that can be had. More indexes never hurt, as for a real one.
class MadeUpPlanner final : public CostOracle {
 public:
  struct Way {
    CandidateSet needs;
    double cost;
  };
  std::vector<std::vector<Way>> ways;
  int asked = 0;

  Result<Answer> ask(std::size_t query, const CandidateSet& existing) override {
    ++asked;
    return answer(query, existing);
  }
  Answer answer(std::size_t query, const CandidateSet& existing) const {
    Answer best{std::numeric_limits<double>::infinity(), {}};
    for (const Way& way : ways[query]) {
      if ((way.needs & ~existing).none() && way.cost < best.cost) best = {way.cost, way.needs};
    }
    return best;
  }
};

CandidateSet set_of(std::initializer_list<std::size_t> bits) {
  CandidateSet out;
  for (const std::size_t bit : bits) out.set(bit);
  return out;
}

struct Case {
  SelectionProblem problem;
  MadeUpPlanner planner;

  void statement(double weight, double cost, std::vector<MadeUpPlanner::Way> ways) {
    CandidateSet relevant;
    ways.push_back({{}, cost});
    for (const auto& way : ways) relevant |= way.needs;
    problem.weights.push_back(weight);
    problem.relevant.push_back(relevant);
    planner.ways.push_back(std::move(ways));
  }
  void candidate(std::vector<std::string> keys, double bytes, double write_cost = 0, int table = 0) {
    problem.candidates.push_back({table, std::move(keys), {}, {}, bytes, write_cost});
  }
  Selection run() {
    problem.bytes_max = problem.bytes_max == 0 ? 1e9 : problem.bytes_max;
    problem.calls_max = problem.calls_max == 0 ? 100000 : problem.calls_max;
    auto selection = select_indexes(problem, planner);
    EXPECT_TRUE(selection) << selection.error().message();
    return std::move(*selection);
  }
  double objective(const CandidateSet& set) const {
    double total = 0;
    for (std::size_t q = 0; q < problem.weights.size(); ++q) {
      total += problem.weights[q] * planner.answer(q, set).cost;
    }
    for (std::size_t i = 0; i < problem.candidates.size(); ++i) {
      if (set[i]) total += problem.candidates[i].write_cost;
    }
    return total;
  }
  double best_objective() const {
    double best = std::numeric_limits<double>::infinity();
    for (std::uint64_t bits = 0; bits < (1ULL << problem.candidates.size()); ++bits) {
      double bytes = 0;
      for (std::size_t i = 0; i < problem.candidates.size(); ++i) {
        if ((bits >> i) & 1) bytes += problem.candidates[i].bytes;
      }
      if (bytes <= problem.bytes_max) best = std::min(best, objective(CandidateSet(bits)));
    }
    return best;
  }
};

TEST(IndexSelection, a_prefix_gives_way_to_the_index_that_extends_it) {
  Case one;
  one.candidate({"+a"}, 10);
  one.candidate({"+a", "+b"}, 15);
  one.statement(1, 1000, {{set_of({0}), 100}, {set_of({1}), 10}});
  one.statement(1, 1000, {{set_of({0}), 100}, {set_of({1}), 105}});
  one.problem.benefit_min = 20;  // what is left for the shorter one is 5
  const Selection selection = one.run();
  EXPECT_THAT(selection.chosen, ElementsAre(1));
  EXPECT_EQ(selection.cost_before, 2000);
  EXPECT_EQ(selection.cost_after, 115);
}

TEST(IndexSelection, indexes_that_only_help_together_are_found) {
  Case one;
  one.candidate({"+a"}, 10, 0, 0);
  one.candidate({"+b"}, 10, 0, 1);
  one.statement(1, 1000, {{set_of({0, 1}), 10}});
  EXPECT_THAT(one.run().chosen, ElementsAre(0, 1));
}

TEST(IndexSelection, an_index_that_costs_more_in_writes_than_it_saves_is_left_out) {
  Case one;
  one.candidate({"+a"}, 10, 500);
  one.candidate({"+b"}, 10, 1);
  one.statement(1, 400, {{set_of({0}), 1}});
  one.statement(1, 400, {{set_of({1}), 1}});
  const Selection selection = one.run();
  EXPECT_THAT(selection.chosen, ElementsAre(1));
  EXPECT_EQ(selection.write_cost, 1);
}

TEST(IndexSelection, the_storage_bound_holds) {
  Case one;
  one.problem.bytes_max = 25;
  for (int i = 0; i < 4; ++i) {
    one.candidate({"+" + std::to_string(i)}, 10);
    one.statement(1, 100, {{set_of({static_cast<std::size_t>(i)}), 10.0 * i}});
  }
  const Selection selection = one.run();
  EXPECT_THAT(selection.chosen, ElementsAre(0, 1));
  EXPECT_EQ(selection.bytes, 20);
}

TEST(IndexSelection, at_the_bound_of_questions_it_says_so_and_keeps_what_it_knows) {
  Case one;
  for (std::size_t i = 0; i < 6; ++i) {
    one.candidate({"+" + std::to_string(i)}, 10);
    one.statement(1, 100, {{set_of({i}), 10}, {set_of({i, (i + 1) % 6}), 9}});
  }
  one.problem.calls_max = 12;  // base and best of each
  const Selection selection = one.run();
  EXPECT_EQ(one.planner.asked, 12);
  EXPECT_LE(selection.calls, 12);
  EXPECT_LE(selection.cost_after, selection.cost_before);
}

TEST(IndexSelection, nothing_that_helps_gives_nothing) {
  Case one;
  one.candidate({"+a"}, 10);
  one.statement(1, 100, {{set_of({0}), 100}});
  EXPECT_THAT(one.run().chosen, ElementsAre());
}

// The size of a whole load: the search itself must not be what takes the time.
TEST(IndexSelection, a_large_load_ends_within_its_bound_of_questions) {
  std::mt19937 random(7);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  Case one;
  constexpr std::size_t kMany = 400;
  for (std::size_t i = 0; i < kMany; ++i) {
    std::vector<std::string> keys = {"+" + std::to_string(i / 4)};
    for (std::size_t k = 0; k < i % 4; ++k) keys.push_back("+k" + std::to_string(k));
    one.candidate(std::move(keys), 10 + below(10), below(20), static_cast<int>(i / 16));
  }
  for (int q = 0; q < 100; ++q) {
    const unsigned table = below(kMany / 16);
    std::vector<MadeUpPlanner::Way> ways;
    for (int w = 0; w < 8; ++w) ways.push_back({set_of({table * 16 + below(16)}), 10.0 + below(900)});
    one.statement(1 + below(9), 1000, std::move(ways));
  }
  one.problem.bytes_max = 400;
  one.problem.benefit_min = 50;
  one.problem.calls_max = 3000;
  const Selection selection = one.run();
  std::printf(
      "100 statements, %zu candidates: cost %.3f of before with %zu indexes, %lld questions, %lld inferred\n",
      kMany, selection.cost_after / selection.cost_before, selection.chosen.size(),
      static_cast<long long>(selection.calls), static_cast<long long>(selection.inferred));
  EXPECT_FALSE(selection.calls_exhausted);
  EXPECT_LT(selection.cost_after, 0.7 * selection.cost_before);
  EXPECT_LE(selection.bytes, 400);
}

// Random problems with prefixes, plans that need two indexes, write costs and tight budgets, against all
// subsets. Seeds fixed.
TEST(IndexSelection, is_within_a_few_percent_of_exhaustive_search) {
  double worst = 0, sum = 0, gap_sum = 0;
  int close = 0;
  std::int64_t asked = 0, plain_asked = 0;
  constexpr int kCases = 200;
  for (int seed = 0; seed < kCases; ++seed) {
    std::mt19937 random(static_cast<unsigned>(seed));
    const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
    Case one;
    constexpr std::size_t kCandidates = 12;
    for (std::size_t i = 0; i < kCandidates; ++i) {
      std::vector<std::string> keys = {"+" + std::to_string(i / 3)};
      if (i % 3 > 0) keys.push_back("+x" + std::to_string(i % 3));
      one.candidate(std::move(keys), 10 + 5 * static_cast<double>(i % 3), below(4) == 0 ? below(200) : 0,
                    static_cast<int>(i / 6));
    }
    for (int q = 0; q < 8; ++q) {
      const double cost = 200 + below(1000);
      std::vector<MadeUpPlanner::Way> ways;
      for (unsigned w = 0, n = 1 + below(4); w < n; ++w) {
        CandidateSet needs = set_of({below(kCandidates)});
        if (below(3) == 0) needs.set(below(kCandidates));
        ways.push_back({needs, 5 + cost * (1 + below(90)) / 100});
      }
      // As for real ones: what extends an index serves what it serves, a trace dearer.
      for (std::size_t w = 0; w < ways.size(); ++w) {
        for (std::size_t i = 0; i < kCandidates; i += 3) {
          for (const std::size_t longer : {i + 1, i + 2}) {
            if (!ways[w].needs[i]) continue;
            MadeUpPlanner::Way way = ways[w];
            way.needs.reset(i).set(longer);
            way.cost *= 1.01;
            ways.push_back(way);
          }
        }
      }
      one.statement(1 + below(5), cost, std::move(ways));
    }
    one.problem.bytes_max = 30 + below(120);
    const Selection selection = one.run();
    CandidateSet chosen;
    for (const int i : selection.chosen) chosen.set(static_cast<std::size_t>(i));
    EXPECT_LE(selection.bytes, one.problem.bytes_max);
    EXPECT_NEAR(selection.cost_after + selection.write_cost, one.objective(chosen), 1e-6);
    const double best = one.best_objective();
    const double gap = one.objective(chosen) / best - 1;
    worst = std::max(worst, gap);
    close += gap <= 0.05 ? 1 : 0;
    gap_sum += gap;
    sum += one.objective(chosen) / one.objective({});
    asked += one.planner.asked;
    plain_asked += static_cast<std::int64_t>(selection.calls + selection.inferred);
  }
  std::printf(
      "%d random problems: mean cost %.3f of before; gap to exhaustive search mean %.2f %%, worst %.1f %%, "
      "within 5 %% in %d; %.1f questions each, %.1f without inference\n",
      kCases, sum / kCases, 100 * gap_sum / kCases, 100 * worst, close, static_cast<double>(asked) / kCases,
      static_cast<double>(plain_asked) / kCases);
  EXPECT_LE(gap_sum / kCases, 0.02);
  EXPECT_GE(close, kCases * 95 / 100);
  EXPECT_LE(worst, 0.4);
}

}  // namespace
}  // namespace trimtab::advise::postgresql
