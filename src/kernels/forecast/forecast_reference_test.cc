// SPDX-License-Identifier: Apache-2.0
// The members of the pool, and the pool, beside naive ones: every origin on its own, with nothing but the
// values before it.
#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <functional>
#include <numbers>
#include <set>

#include "kernels/distributions.h"
#include "kernels/forecast/driver.h"
#include "kernels/forecast/exhaustion.h"
#include "kernels/forecast/forecast.h"
#include "kernels/forecast/seasons.h"
#include "kernels/noise_testlib.h"
#include "kernels/reference_testlib.h"

namespace trimtab::kernels {
namespace {

using reference::kNone;
using Values = std::vector<double>;

constexpr std::size_t kHorizon = 7;

// Above 0; with a season of 6, a slope, a level that moves.
Values series(std::size_t count, unsigned seed) {
  auto out = noise(count, seed, 0.3 * (seed % 3), 30);
  for (std::size_t i = 0; i < count; ++i) {
    const double at = static_cast<double>(i);
    out[i] +=
        5 * std::sin(2 * std::numbers::pi * at / 6) + 0.05 * (seed % 4) * at + (i > count / 3 ? seed % 3 : 0);
  }
  return out;
}

Values first(const Values& values, std::size_t count) {
  return {values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count)};
}

using Said = std::function<Values(std::size_t cut, std::size_t fitted)>;
using Member = std::function<bool(const Origins&, MemberScratch&, std::span<double>)>;

// Each row of the member beside what is said from that origin; parameters of past origins are fitted before
// the earliest one.
void expect_rows(const Values& values, const std::vector<std::size_t>& cuts, const Member& member,
                 const Said& said, double tolerance, const char* what) {
  Values rows(cuts.size() * kHorizon);
  MemberScratch scratch;
  ASSERT_TRUE(member({cuts, kHorizon}, scratch, rows)) << what;
  for (std::size_t k = 0; k < cuts.size(); ++k) {
    const Values expected = said(cuts[k], k == 0 ? values.size() : cuts.back());
    for (std::size_t h = 0; h < kHorizon; ++h)
      ASSERT_NEAR(rows[k * kHorizon + h], expected[h], tolerance * (1 + std::abs(expected[h])))
          << what << ", origin " << k << ", step " << h;
  }
}

Values repeated(const std::function<double(std::size_t)>& at) {
  Values out;
  for (std::size_t h = 0; h < kHorizon; ++h) out.push_back(at(h));
  return out;
}

TEST(Members, naive_drift_and_seasonal_naive_equal_their_definitions) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Values v = series(20 + seed, seed);
    const std::vector<std::size_t> cuts{v.size(), v.size() - 3, v.size() - 8};
    expect_rows(
        v, cuts, [&](auto& o, auto&, auto rows) { return forecast_naive(v, o, rows), true; },
        [&](std::size_t cut, std::size_t) { return repeated([&](std::size_t) { return v[cut - 1]; }); }, 0,
        "naive");
    expect_rows(
        v, cuts, [&](auto& o, auto&, auto rows) { return forecast_drift(v, o, rows), true; },
        [&](std::size_t cut, std::size_t) {
          double moved = 0;  // the mean of all moves so far
          for (std::size_t i = 1; i < cut; ++i) moved += (v[i] - v[i - 1]) / static_cast<double>(cut - 1);
          return repeated([&](std::size_t h) { return v[cut - 1] + moved * static_cast<double>(h + 1); });
        },
        1e-12, "drift");
    for (const std::size_t period : {2, 5, 12}) {
      expect_rows(
          v, cuts, [&](auto& o, auto&, auto rows) { return forecast_seasonal_naive(v, o, period, rows); },
          [&](std::size_t cut, std::size_t) {
            return repeated([&](std::size_t h) {
              std::size_t at = cut + h;
              while (at >= cut) at -= period;
              return v[at];
            });
          },
          0, "seasonal naive");
    }
  }
}

TEST(Members, profile_equals_its_definition) {
  for (unsigned seed = 0; seed < 20; ++seed) {
    const Values v = series(40 + seed, seed);
    const std::vector<std::size_t> cuts{v.size(), v.size() - 5};
    for (const Shape shape : {Shape::kAdditive, Shape::kMultiplicative}) {
      const bool ratio = shape == Shape::kMultiplicative;
      for (const auto& [period, cycles] : {std::pair<std::size_t, std::size_t>{6, 2}, {6, 5}, {17, 5}}) {
        const auto said = [&](std::size_t cut, std::size_t) {
          const std::size_t used = std::min(cycles, cut / period);
          const auto mean_of = [&](std::size_t cycle) {  // 0: the newest
            return reference::mean(std::span(v).subspan(cut - (cycle + 1) * period, period));
          };
          return repeated([&](std::size_t h) {
            double part = 0;
            for (std::size_t c = 0; c < used; ++c) {
              const double value = v[cut - (c + 1) * period + h % period];
              part += (ratio ? value / mean_of(c) : value - mean_of(c)) / static_cast<double>(used);
            }
            return ratio ? mean_of(0) * part : mean_of(0) + part;
          });
        };
        expect_rows(
            v, cuts,
            [&](auto& o, auto& s, auto rows) {
              return forecast_profile(v, o, period, cycles, shape, s, rows);
            },
            said, 1e-12, "profile");
      }
    }
  }
}

// Mean of value over (or less) the centred moving average, per phase, normalised. Weights 1/2 at both ends of
// an even window.
Values classical(const Values& v, std::size_t period, bool ratio) {
  std::vector<Values> parts(period);
  const std::size_t half = period / 2;
  for (std::size_t i = half; i + half < v.size(); ++i) {
    double sum = 0;
    for (std::size_t k = i - half; k <= i + half; ++k)
      sum += (period % 2 == 0 && (k == i - half || k == i + half) ? 0.5 : 1) * v[k];
    const double average = sum / static_cast<double>(period);
    parts[i % period].push_back(ratio ? v[i] / average : v[i] - average);
  }
  Values out;
  for (const Values& part : parts) out.push_back(reference::mean(part));
  const double middle = reference::mean(out);
  for (double& part : out) part = ratio ? part / middle : part - middle;
  return out;
}

struct Damped {
  double alpha, beta, phi;
};

// Gardner and McKenzie's damped trend in its error correction form.
struct Smoothed {
  double level = 0, slope = 0, squares = 0;
};
Smoothed smoothed(const Values& v, std::size_t from, std::size_t to, const Damped& p) {
  Smoothed out{v[from], 0, 0};
  for (std::size_t i = from + 1; i < to; ++i) {
    const double said = out.level + p.phi * out.slope, error = v[i] - said;
    out.slope = p.phi * out.slope + p.alpha * p.beta * error;
    out.level = said + p.alpha * error;
    out.squares += error * error;
  }
  return out;
}

const std::vector<Damped> kDamped{{.1, .05, .98}, {.1, .2, .9}, {.3, .05, .98}, {.3, .2, .9},
                                  {.6, .05, .98}, {.6, .2, .9}, {.9, .05, .98}, {.9, .2, .9},
                                  {.99, .1, .8},  {.9, .4, .8}};
const std::vector<Damped> kSimple{{.05, 0, 0}, {.15, 0, 0}, {.3, 0, 0}, {.5, 0, 0},
                                  {.7, 0, 0},  {.9, 0, 0},  {1, 0, 0}};

Values smoother(const Values& v, std::size_t period, bool ratio, bool theta, std::size_t cut,
                std::size_t fitted) {
  const Values profile = period > 1 ? classical(first(v, fitted), period, ratio) : Values{};
  const auto part = [&](std::size_t at) { return profile.empty() ? (ratio ? 1 : 0) : profile[at % period]; };
  Values rest = first(v, cut > fitted ? cut : fitted);
  for (std::size_t i = 0; i < rest.size(); ++i) rest[i] = ratio ? rest[i] / part(i) : rest[i] - part(i);
  Damped best{};
  double least = INFINITY;
  for (const Damped& p : theta ? kSimple : kDamped) {
    const double squares = smoothed(rest, fitted > 400 ? fitted - 400 : 0, fitted, p).squares;
    if (squares < least) least = squares, best = p;
  }
  const Smoothed now = smoothed(rest, 0, cut, best);
  Values times, before = first(rest, cut);
  for (std::size_t i = 0; i < cut; ++i) times.push_back(static_cast<double>(i));
  const double half_slope = theta ? reference::line(times, before).slope / 2 : 0;
  return repeated([&](std::size_t h) {
    double value = now.level + half_slope * static_cast<double>(h + 1);
    for (std::size_t k = 1; k <= h + 1 && !theta; ++k)
      value += std::pow(best.phi, static_cast<double>(k)) * now.slope;
    return ratio ? value * part(cut + h) : value + part(cut + h);
  });
}

TEST(Members, damped_trend_and_theta_equal_their_definitions) {
  for (unsigned seed = 0; seed < 16; ++seed) {
    const Values v = series(seed == 7 ? 450 : 30 + 3 * seed, seed);
    const std::vector<std::size_t> cuts{v.size(), v.size() - 4, v.size() - 9};
    for (const std::size_t period : {0, 5, 6}) {
      for (const Shape shape : {Shape::kAdditive, Shape::kMultiplicative}) {
        const bool ratio = shape == Shape::kMultiplicative;
        if (ratio && period == 0) continue;
        expect_rows(
            v, cuts,
            [&](auto& o, auto& s, auto rows) { return forecast_damped(v, o, period, shape, s, rows); },
            [&](std::size_t cut, std::size_t fitted) {
              return smoother(v, period, ratio, false, cut, fitted);
            },
            1e-9, "damped trend");
        expect_rows(
            v, cuts,
            [&](auto& o, auto& s, auto rows) { return forecast_theta(v, o, period, shape, s, rows); },
            [&](std::size_t cut, std::size_t fitted) {
              return smoother(v, period, ratio, true, cut, fitted);
            },
            1e-9, "theta");
      }
    }
  }
}

// z = a (y + i e) + (1 - a + i) z, a state for each phase; the parameter with the least squared error.
Values complex_smoother(const Values& v, std::size_t period, std::size_t cut, std::size_t fitted) {
  using std::complex_literals::operator""i;
  using Complex = std::complex<double>;
  const std::vector<Complex> grid{1.05 + 1i,  1.2 + 1i,   1.4 + 1i,   1.6 + 1i,    1.8 + 1i,    1.95 + 1i,
                                  1.2 + .99i, 1.5 + .99i, 1.8 + .99i, 1.2 + 1.01i, 1.5 + 1.01i, 1.8 + 1.01i};
  const std::size_t fit = std::max<std::size_t>(400, 3 * period), begin = fitted > fit ? fitted - fit : 0;
  const auto run = [&](Complex a, std::size_t to, std::vector<Complex>& z) {
    z.assign(period, 0);
    double squares = 0;
    for (std::size_t i = begin; i < to; ++i) {
      Complex& mine = z[i % period];
      if (i < begin + period) {
        mine = {v[i], v[i] / a.real()};
        continue;
      }
      const double error = v[i] - mine.real();
      mine = a * (v[i] + 1i * error) + (1.0 - a + 1i) * mine;
      squares += error * error;
    }
    return squares;
  };
  std::vector<Complex> z;
  Complex best = grid[0];
  double least = INFINITY;
  for (const Complex& a : grid) {
    const double squares = run(a, fitted, z);
    if (squares < least) least = squares, best = a;
  }
  run(best, cut, z);
  return repeated([&](std::size_t h) {
    Complex& mine = z[(cut + h) % period];
    const double said = mine.real();
    mine = best * said + (1.0 - best + 1i) * mine;
    return said;
  });
}

TEST(Members, complex_smoothing_equals_the_recursion_from_every_origin) {
  for (unsigned seed = 0; seed < 12; ++seed) {
    const Values v = series(seed == 5 ? 470 : 40 + seed, seed);
    const std::vector<std::size_t> cuts{v.size(), v.size() - 4, v.size() - 9};
    for (const std::size_t period : {2, 6, 10})
      expect_rows(
          v, cuts, [&](auto& o, auto& s, auto rows) { return forecast_complex(v, o, period, s, rows); },
          [&](std::size_t cut, std::size_t fitted) { return complex_smoother(v, period, cut, fitted); }, 1e-9,
          "complex smoothing");
  }
}

// Lags 1 to 4 and those around each period, as many as the earliest origin carries.
std::vector<std::size_t> naive_lags(const std::vector<std::size_t>& periods, std::size_t length) {
  std::set<std::size_t> lags{1, 2, 3, 4};
  for (const std::size_t p : periods) {
    for (const std::size_t lag : {p / 4, p / 2, p - 1, p, p + 1}) lags.insert(lag);
    if (p >= 12) lags.insert({p - 2, p + 2});
    for (std::size_t k = 2; k <= 6 && p <= 24; ++k) lags.insert(k * p);
  }
  lags.erase(0);
  std::vector<std::size_t> out(lags.begin(), lags.end());
  if (out.size() > 28) out.resize(28);
  while (!out.empty() && out.back() + 3 * out.size() + 20 > length) out.pop_back();
  return out;
}

// Gauss and Jordan with the largest pivot.
Values solved(std::vector<Values> a, Values b) {
  const std::size_t n = b.size();
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t pivot = i;
    for (std::size_t k = i; k < n; ++k)
      if (std::abs(a[k][i]) > std::abs(a[pivot][i])) pivot = k;
    std::swap(a[i], a[pivot]), std::swap(b[i], b[pivot]);
    for (std::size_t k = 0; k < n; ++k) {
      if (k == i) continue;
      const double factor = a[k][i] / a[i][i];
      for (std::size_t j = i; j < n; ++j) a[k][j] -= factor * a[i][j];
      b[k] -= factor * b[i];
    }
  }
  for (std::size_t i = 0; i < n; ++i) b[i] /= a[i][i];
  return b;
}

Values regression(const Values& v, const std::vector<std::size_t>& periods, std::size_t difference,
                  double ridge, std::size_t earliest, std::size_t cut) {
  const auto lags = naive_lags(periods, earliest - difference);
  Values z;
  for (std::size_t i = difference; i < v.size(); ++i)
    z.push_back(difference > 0 ? v[i] - v[i - difference] : v[i]);
  const double centre = reference::mean(z), variance = reference::scatter(z) / static_cast<double>(z.size());
  for (double& one : z) one -= centre;
  const std::size_t end = cut - difference, n = lags.size() + 1;
  std::vector<Values> a(n, Values(n, 0));
  Values b(n, 0);
  for (std::size_t t = lags.back(); t < end; ++t) {
    Values x;
    for (const std::size_t lag : lags) x.push_back(z[t - lag]);
    x.push_back(1);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) a[i][j] += x[i] * x[j];
      b[i] += x[i] * z[t];
    }
  }
  // The ridge, and what keeps the system solvable where values repeat exactly.
  for (std::size_t i = 0; i + 1 < n; ++i)
    a[i][i] += ridge * variance + 1e-9 * variance * static_cast<double>(end);
  a[n - 1][n - 1] += 1e-9;
  const Values weights = solved(a, b);
  Values past = first(z, end), all = first(v, cut);
  for (std::size_t h = 0; h < kHorizon; ++h) {
    double next = weights.back();
    for (std::size_t i = 0; i < lags.size(); ++i) next += weights[i] * past[past.size() - lags[i]];
    past.push_back(next);
    all.push_back(next + centre + (difference > 0 ? all[all.size() - difference] : 0));
  }
  return {all.end() - static_cast<std::ptrdiff_t>(kHorizon), all.end()};
}

TEST(Members, autoregression_equals_ridge_regression_from_every_origin) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    const Values v = series(60 + 15 * seed, seed);
    const std::vector<std::size_t> cuts{v.size(), v.size() - 4, v.size() - 9};
    for (const std::vector<std::size_t>& periods : {std::vector<std::size_t>{}, {6}, {6, 24}}) {
      for (const std::size_t difference : {0, 1, 6}) {
        for (const double ridge : {kRidgeWeak, kRidgeStrong}) {
          Values other(cuts.size() * kHorizon);
          const auto member = [&](const Origins& o, MemberScratch& s, std::span<double> rows) {
            return ridge == kRidgeWeak ? forecast_autoregression(v, o, periods, difference, s, rows, other)
                                       : forecast_autoregression(v, o, periods, difference, s, other, rows);
          };
          expect_rows(
              v, cuts, member,
              [&](std::size_t cut, std::size_t) {
                return regression(v, periods, difference, ridge, cuts.back(), cut);
              },
              1e-7, "autoregression");
        }
      }
    }
  }
}

// The chance at each step from a count of the misses, and the largest so far.
TEST(Exhaustion, equals_a_count_of_misses_on_both_sides) {
  for (unsigned seed = 0; seed < 40; ++seed) {
    Forecast forecast;
    forecast.mean = noise(9, seed, 0.9, 5);
    forecast.misses = noise(1 + seed % 20, seed + 50);
    for (double& miss : forecast.misses) miss = std::abs(miss);
    std::sort(forecast.misses.begin(), forecast.misses.end());
    for (std::size_t h = 0; h < 9; ++h)
      forecast.spread.push_back(seed % 7 == 0 ? 0 : 0.5 + 0.1 * static_cast<double>(h));
    for (const LimitSide side : {LimitSide::kUpper, LimitSide::kLower}) {
      const Exhaustion told = exhaustion_of(forecast, 5.5, side);
      double reached = 0;
      std::optional<std::size_t> passed[3];
      for (std::size_t h = 0; h < 9; ++h) {
        double over = 0;  // every miss as often up as down
        for (const double miss : forecast.misses) {
          for (const double way : {miss, -miss}) {
            const double value = forecast.mean[h] + way * forecast.spread[h];
            const bool beyond = side == LimitSide::kUpper ? value >= 5.5 : value <= 5.5;
            over += beyond ? 0.5 / static_cast<double>(forecast.misses.size()) : 0;
          }
        }
        reached = std::max(reached, over);
        EXPECT_NEAR(told.reached_by[h], reached, 1e-12) << seed << " at " << h;
        for (int i = 0; i < 3; ++i)
          if (!passed[i] && told.reached_by[h] >= (i == 0 ? 0.05 : i == 1 ? 0.5 : 0.95)) passed[i] = h + 1;
      }
      EXPECT_EQ(told.earliest, passed[0]);
      EXPECT_EQ(told.expected, passed[1]);
      EXPECT_EQ(told.latest, passed[2]);
    }
  }
}

TEST(LikelySeasons, equal_the_rules_applied_to_what_is_found) {
  SeasonSearch search;
  for (unsigned seed = 0; seed < 24; ++seed) {
    auto values = noise(1600, seed, 0.3);
    const std::size_t short_one = seed % 3 == 0 ? 24 : 7 + seed;
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] +=
          seed % 5 == 4
              ? 0
              : 4 * std::sin(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(short_one));
      if (seed % 4 == 1) values[i] += i / short_one % 7 < 5 ? 6 : 0;
    }
    const auto found = find_seasons(values, search);
    std::array<std::size_t, 2> expected{};
    if (!found.empty()) {
      const std::size_t strongest = found[0].period;
      std::size_t partner = 0;
      for (const Season& other : found) {
        const bool fits = other.period % strongest == 0 || strongest % other.period == 0;
        if (partner == 0 && other.period != strongest && fits) partner = other.period;
      }
      const auto day = [](std::size_t rows) {
        return rows == 24 || rows == 48 || rows == 96 || rows == 144 || rows == 288;
      };
      const bool three_weeks = values.size() >= 21 * strongest;
      if (partner == 0 && strongest % 7 == 0 && day(strongest / 7)) partner = strongest / 7;
      if (partner == 0 && day(strongest) && three_weeks) partner = 7 * strongest;
      expected = {strongest, partner};
      if (partner != 0) expected = {std::min(strongest, partner), std::max(strongest, partner)};
    }
    EXPECT_EQ(likely_seasons(values, search), expected) << seed;
  }
  for (std::size_t day = 1; day < 300; ++day)
    for (const std::size_t rows : {503, 504, 1007, 1008, 6048})
      EXPECT_EQ(week_of(day, rows),
                (day == 24 || day == 48 || day == 96 || day == 144 || day == 288) && rows >= 21 * day
                    ? 7 * day
                    : 0);
}

}  // namespace
}  // namespace trimtab::kernels
