// SPDX-License-Identifier: Apache-2.0
#include "kernels/forecast/forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/check.h"
#include "kernels/distributions.h"

namespace trimtab::kernels {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// Straight lines over gaps, flat at the ends. False when nothing is finite.
bool fill_gaps(std::span<const double> values, std::vector<double>& out) {
  out.assign(values.begin(), values.end());
  std::size_t known = out.size();  // the last finite one
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (!std::isfinite(out[i])) continue;
    const std::size_t gap = known == out.size() ? 0 : known + 1;
    for (std::size_t k = gap; k < i; ++k) {
      const double share =
          known == out.size() ? 1 : static_cast<double>(k - known) / static_cast<double>(i - known);
      out[k] = known == out.size() ? out[i] : out[known] + share * (out[i] - out[known]);
    }
    known = i;
  }
  if (known == out.size()) return false;
  for (std::size_t k = known + 1; k < out.size(); ++k) out[k] = out[known];
  return true;
}

// The real origin, then past ones half a horizon apart, leaving at least half of the series before them.
void choose_origins(std::size_t count, std::size_t horizon, std::vector<std::size_t>& cuts) {
  cuts.assign(1, count);
  const std::size_t judged = std::min(horizon, std::max<std::size_t>(1, count / 4));
  const std::size_t step = std::max<std::size_t>(1, judged / 2);
  const std::size_t least = std::max<std::size_t>(4, count / 2);
  for (std::size_t k = 0; k < kOriginsMax; ++k) {
    if (count < judged + k * step + least) break;
    cuts.push_back(count - judged - k * step);
  }
}

class Pool {
 public:
  Pool(const ForecastOptions& options, ForecastWorkspace& w)
      : w_(w), origins_{w.members.cuts, options.horizon}, options_(options) {
    width_ = origins_.cuts.size() * origins_.horizon;
  }

  void run() {
    const std::span<const double> values = w_.values;
    const double lowest = *std::min_element(values.begin(), values.end());
    positive_ = lowest > 0;
    add("naive", 0, [&](auto rows) { return forecast_naive(values, origins_, rows), true; });
    add("drift", 0, [&](auto rows) { return forecast_drift(values, origins_, rows), true; });
    smoothers(0);
    for (const std::size_t period : options_.periods) {
      if (period < 2) continue;
      add("seasonal naive", period,
          [&](auto rows) { return forecast_seasonal_naive(values, origins_, period, rows); });
      profiles(period);
      smoothers(period);
      add("complex smoothing", period,
          [&](auto rows) { return forecast_complex(w_.values, origins_, period, w_.members, rows); });
    }
    const std::size_t season = options_.periods[0];
    for (const bool logarithms : {false, true}) {
      if (logarithms && !positive_) break;
      regression(logarithms, 0);
      regression(logarithms, 1);
      if (season > 1) regression(logarithms, season);
    }
  }

 private:
  std::span<double> row_of(std::size_t member) {
    if (w_.rows.size() < (member + 1) * width_) w_.rows.resize((member + 1) * width_);
    return std::span(w_.rows).subspan(member * width_, width_);
  }
  template <typename Body>
  void add(std::string_view name, std::size_t period, Body body) {
    const std::size_t member = w_.runs.size();
    w_.runs.push_back({name, period, false});
    w_.runs[member].usable = body(row_of(member));
  }
  void profiles(std::size_t period) {
    for (const std::size_t cycles : {std::size_t{2}, std::size_t{5}}) {
      add("profile", period, [&](auto rows) {
        return forecast_profile(w_.values, origins_, period, cycles, Shape::kAdditive, w_.members, rows);
      });
      if (!positive_) continue;
      add("profile, multiplicative", period, [&](auto rows) {
        return forecast_profile(w_.values, origins_, period, cycles, Shape::kMultiplicative, w_.members,
                                rows);
      });
    }
  }
  void smoothers(std::size_t period) {
    for (const Shape shape : {Shape::kAdditive, Shape::kMultiplicative}) {
      const bool ratio = shape == Shape::kMultiplicative;
      if (ratio && (!positive_ || period < 2)) break;
      add(ratio ? "damped trend, multiplicative season" : "damped trend", period,
          [&](auto rows) { return forecast_damped(w_.values, origins_, period, shape, w_.members, rows); });
      add(ratio ? "theta, multiplicative season" : "theta", period,
          [&](auto rows) { return forecast_theta(w_.values, origins_, period, shape, w_.members, rows); });
    }
  }
  void regression(bool logarithms, std::size_t difference) {
    if (logarithms && w_.logs.size() != w_.values.size()) {
      w_.logs.resize(w_.values.size());
      for (std::size_t i = 0; i < w_.logs.size(); ++i) w_.logs[i] = std::log(w_.values[i]);
    }
    const std::string_view name = logarithms ? "autoregression of logarithms" : "autoregression";
    const std::size_t weak = w_.runs.size();
    row_of(weak + 1);  // room first: the spans below must stay
    const auto rows_weak = row_of(weak), rows_strong = row_of(weak + 1);
    const bool usable =
        forecast_autoregression(logarithms ? std::span<const double>(w_.logs) : w_.values, origins_,
                                options_.periods, difference, w_.members, rows_weak, rows_strong);
    if (usable && logarithms) {
      for (double& value : rows_weak) value = std::exp(value);
      for (double& value : rows_strong) value = std::exp(value);
    }
    w_.runs.push_back({name, difference, usable});
    w_.runs.push_back({name, difference, usable});
  }

  ForecastWorkspace& w_;
  Origins origins_;
  const ForecastOptions& options_;
  std::size_t width_ = 0;
  bool positive_ = false;
};

// Mean absolute error per member and origin. A row that is no forecast is judged as the naive one.
void judge(ForecastWorkspace& w, std::size_t horizon) {
  const auto& cuts = w.members.cuts;
  const std::size_t origins = cuts.size() - 1;
  w.errors.assign(w.runs.size() * origins, 0);
  for (std::size_t m = 0; m < w.runs.size(); ++m) {
    double* rows = &w.rows[m * cuts.size() * horizon];
    w.runs[m].usable =
        w.runs[m].usable && std::all_of(rows, rows + horizon, [](double v) { return std::isfinite(v); });
    if (!w.runs[m].usable) continue;
    for (std::size_t k = 1; k < cuts.size(); ++k) {
      double* row = rows + k * horizon;
      const std::size_t steps = std::min(horizon, w.values.size() - cuts[k]);
      double sum = 0;
      for (std::size_t h = 0; h < steps; ++h) {
        if (!std::isfinite(row[h])) row[h] = w.values[cuts[k] - 1];
        sum += std::abs(row[h] - w.values[cuts[k] + h]);
      }
      w.errors[m * origins + k - 1] = sum / static_cast<double>(steps);
    }
  }
}

// Weights from all origins but `left_out` (kOriginsMax: from all).
void weigh(ForecastWorkspace& w, std::size_t left_out) {
  const std::size_t origins = w.members.cuts.size() - 1;
  w.weights.assign(w.runs.size(), 0);
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t m = 0; m < w.runs.size(); ++m) {
    if (!w.runs[m].usable) continue;
    for (std::size_t k = 0; k < origins; ++k) w.weights[m] += k == left_out ? 0 : w.errors[m * origins + k];
    least = std::min(least, w.weights[m]);
  }
  double total = 0;
  for (std::size_t m = 0; m < w.runs.size(); ++m) {
    if (!w.runs[m].usable) continue;
    double ratio = w.weights[m] > 0 ? least / w.weights[m] : 1;
    ratio *= ratio;
    w.weights[m] = ratio * ratio;  // kWeightPower
    total += w.weights[m];
  }
  for (double& weight : w.weights) weight /= total;
}
static_assert(kWeightPower == 4);

void combine(const ForecastWorkspace& w, std::size_t origin, std::span<double> out) {
  std::fill(out.begin(), out.end(), 0.0);
  const std::size_t rows = w.members.cuts.size();
  for (std::size_t m = 0; m < w.runs.size(); ++m) {
    if (w.weights[m] == 0) continue;
    const double* row = &w.rows[(m * rows + origin) * out.size()];
    for (std::size_t h = 0; h < out.size(); ++h) out[h] += w.weights[m] * row[h];
  }
}

// Fits variance = a + b * step, both >= 0, by weighted least squares to the squared misses; spread is its
// root.
void fit_spread(const std::vector<double>& misses, std::size_t horizon, std::size_t judged, Forecast& out) {
  double n = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (std::size_t i = 0; i < misses.size(); ++i) {
    const double step = static_cast<double>(i % judged + 1);
    const double size = std::abs(misses[i]);  // absolute values: one wild miss must not rule the slope
    n += 1;
    x += step;
    y += size;
    xx += step * step;
    xy += step * size;
  }
  const double denominator = n * xx - x * x;
  double slope = denominator > 0 ? (n * xy - x * y) / denominator : 0;
  double level = (y - slope * x) / n;
  if (slope < 0) slope = 0, level = y / n;
  if (level < 0) level = 0, slope = xx > 0 ? xy / xx : 0;
  out.spread.resize(horizon);
  for (std::size_t h = 0; h < horizon; ++h) out.spread[h] = level + slope * static_cast<double>(h + 1);
}

// Misses of one origin stand and fall together, so the sample is smaller than it looks: the ratio of
// Student's quantile with `degrees` to the normal one.
double widening(double degrees, double level) {
  const double tail = (1 - level) / 2;
  double low = 0, high = 50;
  for (int i = 0; i < 40; ++i) {
    const double middle = (low + high) / 2;
    (student_t_tail(middle, degrees) > tail ? low : high) = middle;
  }
  return high / normal_tail_inverse(tail);
}

}  // namespace

Forecast::Band Forecast::band(double level) const {
  CHECK(level > 0 && level < 1, "level {}", level);
  double reach = 0;  // in spreads
  if (!misses.empty()) {
    // The finite-sample rank of split conformal prediction, between order statistics.
    const double n = static_cast<double>(misses.size());
    const double rank = std::clamp(level * (n + 1) - 1, 0.0, n - 1);
    const auto below = static_cast<std::size_t>(rank);
    const std::size_t above = std::min(below + 1, misses.size() - 1);
    reach = misses[below] + (rank - std::floor(rank)) * (misses[above] - misses[below]);
    if (origins > 0) reach *= widening(static_cast<double>(origins) * kBlocksPerOrigin, level);
  }
  Band out;
  for (std::size_t h = 0; h < mean.size(); ++h) {
    out.low.push_back(std::clamp(mean[h] - reach * spread[h], floor, ceiling));
    out.high.push_back(std::clamp(mean[h] + reach * spread[h], floor, ceiling));
  }
  return out;
}

void forecast(std::span<const double> values, const ForecastOptions& options, ForecastWorkspace& w,
              Forecast& out) {
  CHECK(options.horizon >= 1);
  const std::size_t horizon = options.horizon;
  out.mean.assign(horizon, kNone);
  out.spread.assign(horizon, 0);
  out.misses.clear();
  out.members.clear();
  out.origins = 0;
  out.error = 0;
  out.floor = options.floor;
  out.ceiling = options.ceiling;
  if (values.size() > kForecastValuesMax) values = values.last(kForecastValuesMax);
  if (!fill_gaps(values, w.values)) return;
  w.logs.clear();
  w.runs.clear();
  choose_origins(w.values.size(), horizon, w.members.cuts);
  Pool(options, w).run();
  judge(w, horizon);
  const std::size_t origins = w.members.cuts.size() - 1;
  out.origins = origins;

  const std::size_t judged = origins == 0 ? 0 : w.values.size() - w.members.cuts[1];
  w.combined.resize(horizon);
  for (std::size_t k = 0; k < origins; ++k) {
    weigh(w, origins > 1 ? k : kOriginsMax);
    combine(w, k + 1, w.combined);
    for (std::size_t h = 0; h < judged; ++h)
      out.misses.push_back(w.values[w.members.cuts[k + 1] + h] - w.combined[h]);
  }
  if (origins == 0) {
    for (std::size_t i = 1; i < w.values.size(); ++i) out.misses.push_back(w.values[i] - w.values[i - 1]);
    if (out.misses.empty()) out.misses.push_back(0);
    fit_spread(out.misses, horizon, 1, out);
    for (std::size_t h = 0; h < horizon; ++h) out.spread[h] *= std::sqrt(static_cast<double>(h + 1));
  } else {
    fit_spread(out.misses, horizon, judged, out);
  }
  for (const double miss : out.misses) out.error += std::abs(miss) / static_cast<double>(out.misses.size());
  for (std::size_t i = 0; i < out.misses.size(); ++i) {
    const double scale = out.spread[judged > 0 ? i % judged : 0];
    out.misses[i] = scale > 0 ? std::abs(out.misses[i]) / scale : 0;
  }
  std::sort(out.misses.begin(), out.misses.end());

  weigh(w, kOriginsMax);
  if (origins == 0) {  // nothing was judged: the plain last value
    std::fill(w.weights.begin(), w.weights.end(), 0);
    w.weights[0] = 1;
  }
  combine(w, 0, out.mean);
  for (double& value : out.mean) value = std::clamp(value, options.floor, options.ceiling);
  for (std::size_t m = 0; m < w.runs.size(); ++m) {
    if (w.weights[m] == 0) continue;
    double error = 0;
    for (std::size_t k = 0; k < origins; ++k)
      error += w.errors[m * origins + k] / static_cast<double>(origins);
    out.members.push_back({w.runs[m].name, w.runs[m].period, w.weights[m], error});
  }
  std::stable_sort(out.members.begin(), out.members.end(),
                   [](const ForecastShare& a, const ForecastShare& b) { return a.weight > b.weight; });
}

}  // namespace trimtab::kernels
