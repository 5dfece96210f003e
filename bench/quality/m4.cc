// SPDX-License-Identifier: Apache-2.0
// M4 competition, hourly and weekly: the forecasting pool with its defaults, seasons declared (24 and 168
// hours, 52 weeks). sMAPE, MASE, OWA against the published Naive2, coverage and MSIS of the 95 % interval.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <map>

#include "kernels/forecast/forecast.h"
#include "kernels/forecast/seasons.h"
#include "quality/data_files.h"
#include "quality/sets.h"

namespace trimtab::quality {
namespace {

namespace fs = std::filesystem;

struct Frequency {
  const char* name;
  std::size_t horizon;
  std::array<std::size_t, 2> periods;
  std::size_t scored_season;         // of MASE and of the seasonal naive, as the competition has it
  double naive2_smape, naive2_mase;  // on the series of the shared part
  double owa_goal;
  Figure best_owa, best_msis;
};

struct Score {
  double smape = 0, mase = 0, inside = 0, msis = 0;
  double owa(const Frequency& f) const { return (smape / f.naive2_smape + mase / f.naive2_mase) / 2; }
};

std::vector<double> numbers_of(const std::vector<std::string_view>& row) {
  std::vector<double> out;
  for (std::size_t i = 1; i < row.size(); ++i) {
    if (!row[i].empty()) out.push_back(to_number(row[i]));
  }
  return out;
}

double scale_of(const std::vector<double>& past, std::size_t season) {
  double sum = 0;
  for (std::size_t i = season; i < past.size(); ++i) sum += std::abs(past[i] - past[i - season]);
  return sum / static_cast<double>(past.size() - season);
}

void add_point(const std::vector<double>& truth, const std::vector<double>& forecast, double scale,
               Score& score) {
  const double n = static_cast<double>(truth.size());
  for (std::size_t h = 0; h < truth.size(); ++h) {
    const double miss = std::abs(truth[h] - forecast[h]);
    const double size = std::abs(truth[h]) + std::abs(forecast[h]);
    score.smape += size > 0 ? 200 * miss / size / n : 0;
    score.mase += miss / scale / n;
  }
}

// MSIS of Gneiting and Raftery's interval score at 95 %, scaled as in the competition.
void add_interval(const std::vector<double>& truth, const kernels::Forecast::Band& band, double scale,
                  Score& score) {
  const double n = static_cast<double>(truth.size());
  for (std::size_t h = 0; h < truth.size(); ++h) {
    const double below = std::max(0.0, band.low[h] - truth[h]);
    const double above = std::max(0.0, truth[h] - band.high[h]);
    score.inside += below == 0 && above == 0 ? 1 / n : 0;
    score.msis += (band.high[h] - band.low[h] + 2 / 0.05 * (below + above)) / scale / n;
  }
}

Result<std::vector<Row>> run(const fs::path& folder, const Frequency& f) {
  const std::string train = TRY(read_data_file(folder / fmt::format("{}_train.csv.gz", f.name)));
  const std::string test = TRY(read_data_file(folder / fmt::format("{}_test.csv.gz", f.name)));
  std::map<std::string_view, std::vector<double>> truths;
  for (const auto& row : split_csv(test)) truths[row[0]] = numbers_of(row);
  Score ours, by_itself, seasonal;
  double count = 0;
  std::clock_t ticks = 0;
  kernels::ForecastWorkspace workspace;
  kernels::Forecast out;
  kernels::SeasonSearch search;
  kernels::ForecastOptions options;
  options.horizon = f.horizon;
  options.periods = f.periods;
  for (const auto& row : split_csv(train)) {
    const std::vector<double> past = numbers_of(row);
    const std::vector<double>& truth = truths.at(row[0]);
    const std::clock_t begin = std::clock();
    kernels::forecast(past, options, workspace, out);
    const auto band = out.band(0.95);
    ticks += std::clock() - begin;
    const double scale = scale_of(past, f.scored_season);
    add_point(truth, out.mean, scale, ours);
    add_interval(truth, band, scale, ours);
    kernels::ForecastOptions found = options;
    found.periods = kernels::likely_seasons(past, search);
    kernels::forecast(past, found, workspace, out);
    add_point(truth, out.mean, scale, by_itself);
    std::vector<double> repeated;
    for (std::size_t h = 0; h < f.horizon; ++h)
      repeated.push_back(past[past.size() - f.scored_season + h % f.scored_season]);
    add_point(truth, repeated, scale, seasonal);
    ++count;
  }
  for (Score* score : {&ours, &by_itself, &seasonal}) {
    for (double* part : {&score->smape, &score->mase, &score->inside, &score->msis}) *part /= count;
  }
  const double per_second = count / (static_cast<double>(ticks) / CLOCKS_PER_SEC);
  const std::string note =
      fmt::format("{:.0f} series; sMAPE {:.3f}, MASE {:.3f}; {:.0f} series per CPU second", count, ours.smape,
                  ours.mase, per_second);
  const std::string name = f.name;
  std::vector<Row> rows = {{.set = "m4",
                            .metric = name + " OWA",
                            .ours = ours.owa(f),
                            .better = Better::kLower,
                            .goal = f.owa_goal,
                            .baselines = {{"Naive2", 1.0}, {"seasonal naive", seasonal.owa(f)}},
                            .published = f.best_owa,
                            .note = note},
                           {.set = "m4",
                            .metric = name + " coverage of 95 %",
                            .ours = ours.inside,
                            .better = Better::kNear,
                            .goal = 0.95,
                            .goal_width = 0.02},
                           {.set = "m4",
                            .metric = name + " OWA, season found",
                            .ours = by_itself.owa(f),
                            .better = Better::kLower,
                            .baselines = {{"Naive2, told the season", 1.0}}},
                           {.set = "m4",
                            .metric = name + " MSIS",
                            .ours = ours.msis,
                            .better = Better::kLower,
                            .goal = name == "hourly" ? 6.5 : kUnknown,
                            .published = f.best_msis}};
  return rows;
}

}  // namespace

Result<std::vector<Row>> run_m4(const fs::path& data) {
  const Frequency hourly{"hourly",
                         48,
                         {24, 168},
                         24,
                         18.541,
                         2.358,
                         0.42,
                         {"Doornik et al., all series", 0.4096},
                         {"Doornik et al., all series", 6.139}};
  const Frequency weekly{"weekly",
                         13,
                         {52, 0},
                         1,
                         8.783,
                         2.639,
                         0.75,
                         {"Darin & Stellwagen, all series", 0.7386},
                         {"Petropoulos & Svetunkov, all series", 16.2}};
  std::vector<Row> rows = TRY(run(data / "m4", hourly));
  std::vector<Row> more = TRY(run(data / "m4", weekly));
  for (Row& row : more) rows.push_back(std::move(row));
  return rows;
}

}  // namespace trimtab::quality
