// SPDX-License-Identifier: Apache-2.0
// Error rates and power of the verdicts, on simulated measures.
#include "act/verify.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "act/fake_target_testlib.h"

namespace trimtab::act {
namespace {

// AR(1) on the logarithm, spread 0.1: a latency that wanders.
class Wanderer {
 public:
  Wanderer(double rho, std::uint64_t seed) : rho_(rho), random_(seed) { x_ = normal_(random_); }
  double next(double factor) {
    x_ = rho_ * x_ + std::sqrt(1 - rho_ * rho_) * normal_(random_);
    return factor * 0.2 * std::exp(0.1 * x_);
  }

 private:
  double rho_;
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  double x_;
};

VerifyPlan plan() {
  VerifyPlan out;
  out.target = {"mean time", "t", "seconds", WorseDirection::kUp};
  out.guards.push_back({{"insert time", "g", "seconds", WorseDirection::kUp}, 0.05, 0});
  out.step_ms = 15 * kSecondMs;
  out.observe_max_ms = 30 * kMinuteMs;
  return out;
}

// A whole observation, looked at after every value.
Verdict observe(double rho, double target_factor, double guard_factor, std::uint64_t seed) {
  const VerifyPlan by = plan();
  Wanderer target(rho, 2 * seed), guard(rho, 2 * seed + 1);
  MeasureSamples of_target;
  std::vector<MeasureSamples> of_guard(1);
  for (int i = 0; i < 60; ++i) {
    of_target.before.push_back(target.next(1));
    of_guard[0].before.push_back(guard.next(1));
  }
  for (DurationMs elapsed = by.step_ms;; elapsed += by.step_ms) {
    of_target.after.push_back(target.next(target_factor));
    of_guard[0].after.push_back(guard.next(guard_factor));
    const Look look = judge(by, of_target, of_guard, elapsed, by.observe_max_ms, elapsed);
    if (look.decided) return look.verdict;
  }
}

TEST(Verify, change_without_effect_is_not_called_a_gain_beyond_alpha) {
  for (const double rho : {0.0, 0.5, 0.8}) {
    int kept = 0, reversed = 0;
    constexpr int kTrials = 300;
    for (int seed = 1; seed <= kTrials; ++seed) {
      const Decision decision = observe(rho, 1, 1, static_cast<std::uint64_t>(seed)).decision;
      kept += decision == Decision::kKept;
      reversed += decision == Decision::kRolledBack;
    }
    RecordProperty("kept", kept);
    EXPECT_LE(kept, kTrials * 0.05) << "rho " << rho;
    EXPECT_LE(reversed, kTrials * 0.1) << "rho " << rho;  // target and guard
    std::printf("no effect, rho %.1f: kept %d, reversed %d of %d\n", rho, kept, reversed, kTrials);
  }
}

// A machine that is shared: now and then a step in which something else had the processor.
TEST(Verify, rare_stalls_are_not_taken_for_harm) {
  VerifyPlan by = plan();
  by.guards.clear();
  by.minimum_effect = by.maximum_harm = 0.2;
  by.observe_max_ms = 60 * by.step_ms;
  constexpr int kTrials = 1000;
  int reversed = 0, kept = 0, no_effect = 0;
  for (std::uint64_t trial = 1; trial <= kTrials; ++trial) {
    std::mt19937_64 random(trial);
    std::normal_distribution<double> normal;
    const auto next = [&] { return std::exp(0.06 * normal(random) + (random() % 50 == 0 ? 1.0 : 0.0)); };
    MeasureSamples target;
    for (int i = 0; i < 25; ++i) target.before.push_back(next());
    Look look;
    for (DurationMs elapsed = by.step_ms; !look.decided; elapsed += by.step_ms) {
      target.after.push_back(next());
      look = judge(by, target, {}, elapsed, by.observe_max_ms, elapsed);
    }
    reversed += look.verdict.decision == Decision::kRolledBack;
    kept += look.verdict.decision == Decision::kKept;
    no_effect += look.verdict.decision == Decision::kNoEffect;
  }
  std::printf("stalls: reversed %d, kept %d, no effect %d of %d\n", reversed, kept, no_effect, kTrials);
  EXPECT_LE(reversed, kTrials * 0.01);
  EXPECT_EQ(kept, 0);
  EXPECT_GE(no_effect, kTrials * 0.9);
}

TEST(Verify, halved_time_is_kept_with_the_truth_inside_its_interval) {
  for (const double rho : {0.0, 0.5, 0.8}) {
    int kept = 0, inside = 0;
    double looks = 0;
    constexpr int kTrials = 100;
    for (int seed = 1; seed <= kTrials; ++seed) {
      const Verdict verdict = observe(rho, 0.5, 1, static_cast<std::uint64_t>(seed));
      kept += verdict.decision == Decision::kKept;
      inside += verdict.low <= -0.5 && verdict.high >= -0.5;
      looks += static_cast<double>(verdict.looks);
    }
    EXPECT_GE(kept, 90) << "rho " << rho;
    EXPECT_GE(inside, 90) << "rho " << rho;
    std::printf("halved, rho %.1f: kept %d, truth inside %d of %d, %.1f looks\n", rho, kept, inside, kTrials,
                looks / kTrials);
  }
}

TEST(Verify, guard_that_gets_much_worse_is_found_within_a_few_looks) {
  for (const double rho : {0.0, 0.5}) {
    int reversed = 0;
    double looks = 0;
    constexpr int kTrials = 100;
    for (int seed = 1; seed <= kTrials; ++seed) {
      const Verdict verdict = observe(rho, 0.5, 1.6, static_cast<std::uint64_t>(seed));
      reversed += verdict.decision == Decision::kRolledBack && verdict.guards.at(0).breached;
      looks += static_cast<double>(verdict.looks);
    }
    EXPECT_GE(reversed, 90) << "rho " << rho;
    EXPECT_LE(looks / kTrials, 8) << "rho " << rho;
    std::printf("guard +60 %%, rho %.1f: reversed %d of %d, %.1f looks\n", rho, reversed, kTrials,
                looks / kTrials);
  }
}

TEST(Verify, what_moves_the_control_too_is_no_effect_of_the_change) {
  MeasureSamples samples;
  Wanderer own(0, 1), shared(0, 2);
  for (int i = 0; i < 80; ++i) {
    const double load = shared.next(i < 40 ? 1 : 0.5);  // the whole world got faster
    (i < 40 ? samples.control_before : samples.control_after).push_back(load);
    (i < 40 ? samples.before : samples.after).push_back(load * own.next(1));
  }
  EXPECT_NEAR(effect_of(samples, 0.05).effect, 0, 0.1);
  samples.control_before.clear();
  samples.control_after.clear();
  EXPECT_NEAR(effect_of(samples, 0.05).effect, -0.5, 0.1);
}

TEST(Verify, zeros_are_compared_by_difference_and_gaps_are_left_out) {
  MeasureSamples samples;
  samples.before = {0, 2, NAN, 1, 0, 2, 1, 0, 2, 1, 1, 1};
  samples.after = {5, 6, NAN, 5, 6, 5, 6, 5, 6};
  const Effect effect = effect_of(samples, 0.05);
  EXPECT_TRUE(effect.known);
  EXPECT_GT(effect.low, 2);
  EXPECT_NEAR(effect.effect, 4.5, 0.01);
  samples.before.assign(12, 0.0);
  EXPECT_TRUE(std::isinf(effect_of(samples, 0.05).effect));
  samples.after.assign(9, 0.0);
  EXPECT_EQ(effect_of(samples, 0.05).effect, 0);
  EXPECT_FALSE(effect_of({}, 0.05).known);
}

TEST(Verify, an_amount_falls_by_all_of_it_at_most) {
  MeasureSamples samples;
  samples.before = {3, 1, 2, 4, 0, 3, 2, 1, 3, 2, 4, 1};
  samples.after = {0, 0, 0, 0, 0, 0};
  const Effect amount = effect_of(samples, 0.05);
  EXPECT_TRUE(amount.known);
  EXPECT_EQ(amount.effect, -1);
  EXPECT_EQ(amount.low, -1);
  samples.before[4] = -1;  // a balance may go below 0
  EXPECT_LT(effect_of(samples, 0.05).low, -1);
}

TEST(Verify, throughput_that_falls_is_worse_and_small_absolute_harm_is_tolerated) {
  VerifyPlan by = plan();
  by.target.worse = WorseDirection::kDown;
  MeasureSamples target, guard;
  for (int i = 0; i < 30; ++i) {
    target.before.push_back(100 + i % 3);
    target.after.push_back(50 + i % 3);
    guard.before.push_back(0.001 + 0.0001 * (i % 3));
    guard.after.push_back(0.002 + 0.0001 * (i % 3));
  }
  Look look = judge(by, target, std::vector{guard}, kHourMs, kHourMs, 0);
  EXPECT_EQ(look.verdict.decision, Decision::kRolledBack);
  EXPECT_TRUE(look.verdict.guards.at(0).breached);
  by.guards[0].harm_min_absolute = 0.01;
  std::swap(target.before, target.after);
  look = judge(by, target, std::vector{guard}, kHourMs, kHourMs, 0);
  EXPECT_EQ(look.verdict.decision, Decision::kKept) << look.verdict.reason;
  EXPECT_FALSE(look.verdict.guards.at(0).breached);
}

TEST(Verify, without_values_it_is_inconclusive_when_the_time_is_over) {
  MeasureSamples empty;
  const std::vector<MeasureSamples> guards(1);
  EXPECT_FALSE(judge(plan(), empty, guards, kMinuteMs, kHourMs, 0).decided);
  EXPECT_EQ(judge(plan(), empty, guards, kHourMs, kHourMs, 0).verdict.decision, Decision::kInconclusive);
}

TEST(Verify, too_little_before_is_told_and_the_step_stands_in_the_expression) {
  std::vector<std::string> asked;
  TimestampMs since = 0;
  FunctionQuerier querier([&](std::string_view text, TimestampMs at) {
    asked.emplace_back(text);
    return at < since ? NAN : 1.0;
  });
  Verifier verifier(querier);
  VerifyPlan by = plan();
  by.target.expression = "rate(a[{{.step}}]) + b{x=\"{{.step}}\"}";
  EXPECT_EQ(verifier.prepare(by, kDayMs, kTestStart)->lacks, "");
  EXPECT_EQ(asked.at(0), "rate(a[15s]) + b{x=\"15s\"}");
  since = kTestStart - kMinuteMs;
  EXPECT_NE(verifier.prepare(by, kDayMs, kTestStart)->lacks.find("5 of 8 values"), std::string::npos);
  by.target.worse = WorseDirection::kBoth;
  EXPECT_FALSE(verifier.prepare(by, kDayMs, kTestStart));
}

// Independent noise on the logarithm, the same at the same moment.
double noisy(TimestampMs at, double spread) {
  std::mt19937_64 random(static_cast<std::uint64_t>(at));
  return std::exp(spread * std::normal_distribution<double>()(random));
}

TEST(Verify, observation_lasts_as_long_as_the_noise_before_needs) {
  double spread = 0.02;
  FunctionQuerier querier([&](std::string_view, TimestampMs at) { return noisy(at, spread); });
  Verifier verifier(querier);
  VerifyPlan by = plan();
  by.observe_max_ms = 0;
  by.minimum_effect = 0.1;
  const auto prepared = [&] { return verifier.prepare(by, 12 * kHourMs, kTestStart).value(); };
  const Preparation quiet = prepared();
  EXPECT_EQ(quiet.plan.observe_max_ms, 32 * by.step_ms) << quiet.outlook;
  EXPECT_NE(quiet.outlook.find("an improvement of 10 % should be told after"), std::string::npos)
      << quiet.outlook;
  spread = 0.1;
  const Preparation noisier = prepared();
  EXPECT_GT(noisier.plan.observe_max_ms, 32 * by.step_ms) << noisier.outlook;
  EXPECT_LT(noisier.plan.observe_max_ms, 12 * kHourMs) << noisier.outlook;
  spread = 2;
  const Preparation wild = prepared();
  EXPECT_EQ(wild.plan.observe_max_ms, 120 * by.step_ms);
  EXPECT_NE(wild.outlook.find("can not be told"), std::string::npos) << wild.outlook;
  by.observe_max_ms = 20 * by.step_ms;
  EXPECT_EQ(prepared().plan.observe_max_ms, by.observe_max_ms) << "what a plan says stays";
  spread = 0.1;
  by.observe_max_ms = 0;
  EXPECT_EQ(verifier.prepare(by, 5 * kMinuteMs, kTestStart)->plan.observe_max_ms, 5 * kMinuteMs);
  by.settle_ms = 10 * kMinuteMs;
  EXPECT_TRUE(verifier.check(verifier.prepare(by, 5 * kMinuteMs, kTestStart)->plan))
      << "a plan to be followed";
}

// With the time the estimate gives, changes worth keeping and changes without effect both get their verdict.
TEST(Verify, observation_time_estimated_is_enough_for_a_verdict_either_way) {
  for (const double factor : {1.0, 0.7}) {
    int undecided = 0, wrong = 0;
    constexpr int kTrials = 40;
    for (std::uint64_t trial = 1; trial <= kTrials; ++trial) {
      FunctionQuerier querier([&](std::string_view text, TimestampMs at) {
        const double noise = noisy(at + static_cast<TimestampMs>(trial) * 1'000'003, 0.15);
        return at <= kTestStart || text == "g" ? noise : factor * noise;
      });
      Verifier verifier(querier);
      VerifyPlan by = plan();
      by.observe_max_ms = 0;
      by.minimum_effect = 0.15;
      by.maximum_harm = 0.15;
      by = verifier.prepare(by, 12 * kHourMs, kTestStart)->plan;
      Verdict verdict;
      for (DurationMs after = by.step_ms; verdict.decision == Decision::kNone; after += by.step_ms)
        verdict = verifier.look(by, kTestStart, kTestStart, by.observe_max_ms, kTestStart + after)->verdict;
      undecided += verdict.decision == Decision::kInconclusive ? 1 : 0;
      wrong += verdict.decision == (factor < 1 ? Decision::kNoEffect : Decision::kKept) ? 1 : 0;
    }
    EXPECT_LE(undecided, kTrials / 10) << factor;
    EXPECT_LE(wrong, kTrials / 20) << factor;
  }
}

TEST(Verify, hours_that_moved_on_the_earlier_day_too_are_no_effect_of_the_change) {
  bool turns = true;
  const auto load = [&](TimestampMs at) {  // doubles at the same minute of every day
    const TimestampMs in_day = ((at - kTestStart) % kDayMs + kDayMs) % kDayMs;
    return (turns && in_day > 0 && in_day < kDayMs / 2 ? 2.0 : 1.0) * noisy(at, 0.05);
  };
  double factor = 1;
  FunctionQuerier querier([&](std::string_view text, TimestampMs at) {
    return at > kTestStart && text == "t" ? factor * load(at) : load(at);
  });
  Verifier verifier(querier);
  VerifyPlan by = plan();
  const Preparation prepared = verifier.prepare(by, kDayMs, kTestStart).value();
  EXPECT_EQ(prepared.plan.same_hours_ms, kWeekMs);
  EXPECT_NE(prepared.outlook.find("the same hours a week before"), std::string::npos) << prepared.outlook;
  const auto verdict = [&](const VerifyPlan& with) {
    return verifier.look(with, kTestStart, kTestStart, kHourMs, kTestStart + kHourMs)->verdict;
  };
  EXPECT_EQ(verdict(by).decision, Decision::kRolledBack) << "without, the doubled load looks like harm";
  by = prepared.plan;
  EXPECT_NE(verdict(by).decision, Decision::kRolledBack) << verdict(by).reason;
  factor = 0.5;
  EXPECT_EQ(verdict(by).decision, Decision::kKept) << verdict(by).reason;
  EXPECT_NEAR(verdict(by).effect, -0.5, 0.05);
  factor = 1;
  turns = false;
  EXPECT_EQ(verifier.prepare(plan(), kDayMs, kTestStart)->plan.same_hours_ms, 0) << "nothing turned then";
}

TEST(Verify, without_an_earlier_day_before_is_the_time_before) {
  FunctionQuerier querier(
      [&](std::string_view, TimestampMs at) { return at < kTestStart - kHourMs ? NAN : noisy(at, 0.1); });
  Verifier verifier(querier);
  const Preparation prepared = verifier.prepare(plan(), kDayMs, kTestStart).value();
  EXPECT_EQ(prepared.plan.same_hours_ms, 0);
  EXPECT_EQ(prepared.lacks, "");
  VerifyPlan both = plan();
  both.control = "c";
  both.same_hours_ms = kDayMs;
  EXPECT_FALSE(verifier.check(both));
}

TEST(Verify, target_is_compared_only_when_its_effect_had_time_to_be_whole) {
  FunctionQuerier querier([&](std::string_view text, TimestampMs at) {
    if (text == "guard" || at <= kTestStart) return 10.0;
    return at <= kTestStart + 2 * kMinuteMs ? 9.0 : 5.0;
  });
  Verifier verifier(querier);
  VerifyPlan by = plan();
  by.target.expression = "target";
  by.guards = {{.measure = {.title = "guard", .expression = "guard", .unit = ""}}};
  by.settle_ms = 2 * kMinuteMs;
  const auto look = [&](DurationMs after) {
    return verifier.look(by, kTestStart, kTestStart, by.observe_max_ms, kTestStart + after)->verdict;
  };
  const Verdict early = look(kMinuteMs);
  EXPECT_EQ(early.looks, 0U);
  EXPECT_NEAR(early.guards.at(0).effect, 0, 1e-9);
  const Verdict late = look(4 * kMinuteMs);
  EXPECT_EQ(late.looks, 8U);
  EXPECT_EQ(late.after, 5);
  by.settle_ms = by.observe_max_ms;
  EXPECT_FALSE(verifier.check(by));
}

}  // namespace
}  // namespace trimtab::act
