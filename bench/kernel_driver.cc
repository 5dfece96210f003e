// SPDX-License-Identifier: Apache-2.0
// kernel_driver KERNEL FILE REPEATS [HORIZON PERIOD PERIOD]: runs one kernel over the series of a file and
// prints
// {"results": [...], "cpu_seconds": of one pass over all of them} for bench/kernels.py, which checks the
// results before it believes the time. One thread; reading and printing are not timed.
// FILE, little-endian: the number of series (u64), then for each its length (u64) and its values (f64).
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "kernels/anomaly/series_detector.h"
#include "kernels/change/change_points.h"
#include "kernels/compare/two_sample.h"
#include "kernels/forecast/forecast.h"
#include "kernels/season/find_seasons.h"

namespace trimtab {
namespace {

using Series = std::vector<std::vector<double>>;

constexpr std::uint64_t kSeriesMax = 1'000'000;
constexpr std::uint64_t kValuesMax = 100'000'000;
constexpr double kMinutesOfADay = 1440;

struct Job {
  Series series{};
  std::size_t repeats = 1;
  kernels::ForecastOptions forecast{};
};

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "kernel_driver: %s\n", why.c_str());
  std::exit(2);
}

Series read_series(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const auto read_count = [&](std::uint64_t count_max) {
    std::uint64_t count = 0;
    if (!file.read(reinterpret_cast<char*>(&count), sizeof count) || count == 0 || count > count_max)
      fail(std::string("no count from 1 to ") + std::to_string(count_max) + " where one should stand in " +
           path);
    return count;
  };
  Series out(read_count(kSeriesMax));
  for (auto& values : out) {
    values.resize(read_count(kValuesMax));
    if (!file.read(reinterpret_cast<char*>(values.data()),
                   static_cast<std::streamsize>(values.size() * sizeof(double))))
      fail(std::string("cut short: ") + path);
  }
  return out;
}

// CPU seconds of one call, over all threads of this process.
double seconds_of(std::size_t repeats, const std::function<void()>& pass) {
  const std::clock_t begin = std::clock();
  for (std::size_t i = 0; i < repeats; ++i) pass();
  return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC / static_cast<double>(repeats);
}

void write_numbers(JsonWriter& json, std::string_view name, const std::vector<double>& values) {
  json.key(name).begin_array();
  for (const double value : values) json.value(value);
  json.end_array();
}

// The mean and the 95 % interval of every series.
double run_forecast(const Job& job, JsonWriter& json) {
  kernels::ForecastWorkspace workspace;
  std::vector<kernels::Forecast> forecasts(job.series.size());
  std::vector<kernels::Forecast::Band> bands(job.series.size());
  const double seconds = seconds_of(job.repeats, [&] {
    for (std::size_t i = 0; i < job.series.size(); ++i) {
      kernels::forecast(job.series[i], job.forecast, workspace, forecasts[i]);
      bands[i] = forecasts[i].band(0.95);
    }
  });
  for (std::size_t i = 0; i < job.series.size(); ++i) {
    json.begin_object();
    write_numbers(json, "mean", forecasts[i].mean);
    write_numbers(json, "low", bands[i].low);
    write_numbers(json, "high", bands[i].high);
    json.end_object();
  }
  return seconds;
}

void write_points(JsonWriter& json, const std::vector<kernels::AnomalyPoint>& points) {
  json.begin_object().key("alarms").begin_array();
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].is_anomaly) json.value(i);
  }
  json.end_array().key("scores").begin_array();
  for (const auto& point : points) json.value(point.score);
  json.end_array().end_object();
}

// What a new detector says of every value; the time is that of the passes after, its memories being full
// then.
double run_streaming(const Job& job, JsonWriter& json,
                     kernels::AnomalyPoint (kernels::SeriesDetector::*update)(double)) {
  double seconds = 0;
  for (const auto& values : job.series) {
    kernels::SeriesDetector detector(kMinutesOfADay);
    std::vector<kernels::AnomalyPoint> points(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) points[i] = (detector.*update)(values[i]);
    write_points(json, points);
    seconds += seconds_of(job.repeats, [&] {
      for (std::size_t i = 0; i < values.size(); ++i) points[i] = (detector.*update)(values[i]);
    });
  }
  return seconds;
}

double run_anomaly_batch(const Job& job, JsonWriter& json) {
  double seconds = 0;
  for (const auto& values : job.series) {
    std::vector<kernels::AnomalyPoint> points(values.size());
    seconds += seconds_of(job.repeats, [&] { kernels::detect_anomalies(values, kMinutesOfADay, points); });
    write_points(json, points);
  }
  return seconds;
}

double run_changes(const Job& job, JsonWriter& json) {
  kernels::ChangeWorkspace workspace;
  std::vector<kernels::ChangePoint> changes;
  double seconds = 0;
  for (const auto& values : job.series) {
    seconds += seconds_of(job.repeats, [&] { kernels::find_changes(values, {}, workspace, changes); });
    json.begin_array();
    for (const auto& change : changes) json.value(change.index);
    json.end_array();
  }
  return seconds;
}

double run_seasons(const Job& job, JsonWriter& json) {
  kernels::SeasonSearch search;
  std::vector<kernels::Season> seasons;
  double seconds = 0;
  for (const auto& values : job.series) {
    seconds += seconds_of(job.repeats, [&] { seasons = kernels::find_seasons(values, search); });
    json.begin_array();
    for (const auto& season : seasons) json.value(season.period);
    json.end_array();
  }
  return seconds;
}

// Series 0 against 1, 2 against 3 and so on.
double run_compare(const Job& job, JsonWriter& json) {
  if (job.series.size() % 2 != 0) fail("compare takes pairs of series");
  kernels::CompareScratch scratch;
  kernels::Comparison found;
  double seconds = 0;
  for (std::size_t i = 0; i < job.series.size(); i += 2) {
    seconds += seconds_of(job.repeats, [&] {
      found = kernels::compare_samples(job.series[i], job.series[i + 1], {}, scratch);
    });
    json.begin_object()
        .field("probability", found.probability)
        .field("shift", found.shift)
        .field("shift_low", found.shift_low)
        .field("shift_high", found.shift_high)
        .field("time_before", found.time_before)
        .field("time_after", found.time_after)
        .end_object();
  }
  return seconds;
}

double run_alarm(const Job& job, JsonWriter& json) {
  return run_streaming(job, json, &kernels::SeriesDetector::update_alarm);
}

double run_score(const Job& job, JsonWriter& json) {
  return run_streaming(job, json, &kernels::SeriesDetector::update);
}

int run(int argc, char** argv) {
  const std::map<std::string, double (*)(const Job&, JsonWriter&)> kernels = {
      {"forecast", run_forecast},       {"alarm", run_alarm},     {"score", run_score},
      {"anomalies", run_anomaly_batch}, {"changes", run_changes}, {"seasons", run_seasons},
      {"compare", run_compare}};
  if (argc != 4 && argc != 7) fail("usage: kernel_driver KERNEL FILE REPEATS [HORIZON PERIOD PERIOD]");
  const auto kernel = kernels.find(argv[1]);
  if (kernel == kernels.end()) {
    std::string names;
    for (const auto& [name, function] : kernels) names += " " + name;
    fail(std::string("no kernel \"") + argv[1] + "\"; there are" + names);
  }
  const auto count_of = [](const char* text) {
    return static_cast<std::size_t>(std::strtoull(text, nullptr, 10));
  };
  Job job{.series = read_series(argv[2]), .repeats = count_of(argv[3])};
  if (job.repeats == 0) fail("REPEATS must be at least 1");
  if (argc == 7) {
    job.forecast.horizon = count_of(argv[4]);
    job.forecast.periods = {count_of(argv[5]), count_of(argv[6])};
    if (job.forecast.horizon == 0) fail("HORIZON must be at least 1");
  }
  JsonWriter json;
  json.begin_object().key("results").begin_array();
  const double seconds = kernel->second(job, json);
  json.end_array().field("cpu_seconds", seconds).end_object();
  std::puts(json.str().c_str());
  return 0;
}

}  // namespace
}  // namespace trimtab

int main(int argc, char** argv) { return trimtab::run(argc, argv); }
