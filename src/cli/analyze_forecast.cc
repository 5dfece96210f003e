// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/format.h"
#include "cli/analyze_verbs.h"
#include "cli/exit_code.h"
#include "kernels/forecast/driver.h"
#include "kernels/forecast/exhaustion.h"
#include "kernels/forecast/forecast.h"
#include "kernels/forecast/seasons.h"

namespace trimtab::cli {
namespace {

constexpr std::size_t kHorizonMax = 10'000;

Result<std::vector<double>> levels_of(std::string_view text) {
  std::vector<double> out;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    double percent = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + comma, percent);
    if (error != std::errc() || end != text.data() + comma || !(percent > 0 && percent < 100))
      return invalid(
          fmt::format("--levels: \"{}\" is no percentage between 0 and 100", text.substr(0, comma)));
    out.push_back(percent);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (out.empty()) return invalid("--levels: at least one percentage is needed, such as 80,95");
  return out;
}

struct Job {
  kernels::ForecastOptions options;
  bool find_seasons = true;
  std::vector<double> levels;
  std::optional<double> limit;
};

Result<Job> job_of(const Arguments& arguments) {
  Job job;
  job.options.horizon = static_cast<std::size_t>(TRY(number_option(arguments, "horizon", 1, kHorizonMax)));
  job.levels = TRY(levels_of(arguments.get("levels")));
  job.find_seasons = arguments.get("season") == "auto";
  if (!job.find_seasons)
    job.options.periods[0] = static_cast<std::size_t>(TRY(number_option(arguments, "season", 1, 1e6)));
  if (arguments.has("floor")) job.options.floor = TRY(number_option(arguments, "floor", -1e300, 1e300));
  if (arguments.has("ceiling")) job.options.ceiling = TRY(number_option(arguments, "ceiling", -1e300, 1e300));
  if (arguments.has("limit")) job.limit = TRY(number_option(arguments, "limit", -1e300, 1e300));
  return job;
}

// What is forecast in one file: the values known, and the driver's past and future where there is one.
struct Subject {
  const SeriesColumn* column = nullptr;
  const SeriesColumn* driver_column = nullptr;
  std::span<const double> values{};
  kernels::Driver driver{};
};

Result<const SeriesColumn*> driven_column(const SeriesFile& file, const std::string& name,
                                          const SeriesColumn& driver) {
  if (name.empty() && file.columns.size() == 2) return &file.columns[&driver == file.columns.data() ? 1 : 0];
  const SeriesColumn* column = TRY(single_column(file, name));
  if (column == &driver)
    return invalid(
        fmt::format("--driver {}: {} has to forecast another column than its driver; name it "
                    "with --column",
                    driver.name, file.path));
  return column;
}

Result<Subject> subject_of(const SeriesFile& file, const Arguments& arguments, std::size_t horizon) {
  Subject out;
  const std::string name = arguments.get("column"), driver = arguments.get("driver");
  if (!arguments.has("driver")) {
    out.column = TRY(single_column(file, name));
    out.values = out.column->values;
    return out;
  }
  out.driver_column = TRY(single_column(file, driver));
  out.column = TRY(driven_column(file, name, *out.driver_column));
  std::size_t count = file.rows;  // the series ends at its last value
  while (count > 0 && !std::isfinite(out.column->values[count - 1])) --count;
  const std::span<const double> known = out.driver_column->values;
  const std::size_t future = file.rows - count;
  if (future < horizon) {
    return invalid(fmt::format(
        "--driver {}: {} has {} rows after the last value of {}, --horizon {} needs as many; state "
        "the driver's future in rows whose cell of {} is empty, or ask for fewer steps",
        driver, file.path, future, out.column->name, horizon, out.column->name));
  }
  for (std::size_t h = 0; h < horizon; ++h) {
    if (std::isfinite(known[count + h])) continue;
    return invalid(
        fmt::format("--driver {}: {} has no value of it at {} (step {} of {}); every step needs one", driver,
                    file.path, file.time_of(count + h), h + 1, horizon));
  }
  out.values = std::span<const double>(out.column->values).first(count);
  out.driver = {known.first(count), known.subspan(count)};
  return out;
}

std::string driver_words(const SeriesColumn& driver, const kernels::DriverEffect& effect) {
  const std::string slope = fmt::format("{} +- {} for each unit (standard error)",
                                        format_number(effect.effect), format_number(effect.error));
  switch (effect.use) {
    case kernels::DriverUse::kUsed:
      return fmt::format("Driver {}: {}; with it the misses at past moments were {} instead of {}.",
                         driver.name, slope, format_number(effect.miss_with),
                         format_number(effect.miss_without));
    case kernels::DriverUse::kTooShort:
      return fmt::format("Driver {} left out: too few values to judge it.", driver.name);
    case kernels::DriverUse::kConstant:
      return fmt::format("Driver {} left out: it does not move beyond its season and a straight line.",
                         driver.name);
    case kernels::DriverUse::kNoEffect:
      return fmt::format("Driver {} left out: no effect shown, {}.", driver.name, slope);
    case kernels::DriverUse::kNoHelp:
      return fmt::format("Driver {} left out: with it the misses at past moments were {}, without {}.",
                         driver.name, format_number(effect.miss_with), format_number(effect.miss_without));
  }
  return {};
}

std::string season_words(const kernels::ForecastOptions& options) {
  if (options.periods[0] < 2) return "no season";
  if (options.periods[1] < 2) return fmt::format("season of {} rows", options.periods[0]);
  return fmt::format("seasons of {} and {} rows", options.periods[0], options.periods[1]);
}

std::string limit_words(double limit, const kernels::Forecast& forecast) {
  // Below the limit now means rising towards it.
  const auto side = forecast.mean[0] <= limit ? kernels::LimitSide::kUpper : kernels::LimitSide::kLower;
  const kernels::Exhaustion out = kernels::exhaustion_of(forecast, limit, side);
  if (!out.earliest) {
    return fmt::format("{} is not reached within {} rows (chance {:.1f} %).", format_number(limit),
                       forecast.mean.size(), 100 * out.reached_by.back());
  }
  const auto at = [](std::optional<std::size_t> step) {
    return step ? fmt::format("row +{}", *step) : "later";
  };
  return fmt::format("{} is reached with a chance of 5 % by {}, 50 % by {}, 95 % by {}.",
                     format_number(limit), at(out.earliest), at(out.expected), at(out.latest));
}

report::SeriesSection section_of(const SeriesFile& file, const Subject& subject, const Job& job,
                                 const kernels::Forecast& forecast, const std::string& about_driver,
                                 const std::vector<kernels::Forecast::Band>& bands) {
  report::SeriesSection section;
  report::SeriesChart& chart = section.chart;
  chart.title = fmt::format("{}: {}", file.path, subject.column->name);
  // Far more past than future would leave no room for what was asked.
  const std::size_t shown =
      std::min(subject.values.size(), std::max<std::size_t>(60, 4 * job.options.horizon));
  chart.values = subject.values.last(shown);
  chart.first_label = file.time_of(subject.values.size() - shown);
  chart.last_label = fmt::format("+{} rows", job.options.horizon);
  chart.mean = forecast.mean;
  chart.low = bands.back().low;
  chart.high = bands.back().high;
  std::string members;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, forecast.members.size()); ++i) {
    members += fmt::format("{}{} ({:.0f} %)", i == 0 ? "" : ", ", forecast.members[i].name,
                           100 * forecast.members[i].weight);
  }
  section.sentences.push_back(fmt::format(
      "{} rows, {}; {} forecasters judged at {} past moments; most weight: {}.", subject.values.size(),
      season_words(job.options), forecast.members.size(), forecast.origins, members));
  if (!about_driver.empty()) section.sentences.push_back(about_driver);
  if (job.limit) section.sentences.push_back(limit_words(*job.limit, forecast));
  if (forecast.origins == 0)
    section.sentences.emplace_back("Too short to judge forecasters: the last value is carried on.");
  section.table.header = {"step", "mean"};
  for (const double level : job.levels) {
    section.table.header.push_back(fmt::format("low {:g} %", level));
    section.table.header.push_back(fmt::format("high {:g} %", level));
  }
  for (std::size_t h = 0; h < forecast.mean.size(); ++h) {
    std::vector<std::string> row{std::to_string(h + 1), format_number(forecast.mean[h])};
    for (const auto& band : bands) {
      row.push_back(format_number(band.low[h]));
      row.push_back(format_number(band.high[h]));
    }
    section.table.rows.push_back(std::move(row));
  }
  return section;
}

Status analyse(const Arguments& arguments) {
  Job job = TRY(job_of(arguments));
  const bool html = arguments.has("html");
  const std::string format = arguments.get("format");
  std::vector<SeriesFile> files;  // sections point into them
  files.reserve(arguments.positionals.size());
  for (const std::string& path : arguments.positionals) files.push_back(TRY(read_series_file(path)));
  std::vector<Subject> subjects;
  for (const SeriesFile& file : files)
    subjects.push_back(TRY(subject_of(file, arguments, job.options.horizon)));
  std::vector<std::string> names{"step", "mean"};
  for (const double level : job.levels) {
    names.push_back(fmt::format("lo{:g}", level));
    names.push_back(fmt::format("hi{:g}", level));
  }
  std::optional<RowPrinter> printer;
  if (!html && format != "text") printer.emplace(format, files.size(), names);
  std::vector<report::SeriesSection> sections;
  kernels::SeasonSearch season_scratch;
  kernels::ForecastWorkspace workspace;
  kernels::Forecast forecast;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const Subject& subject = subjects[i];
    if (job.find_seasons) job.options.periods = kernels::likely_seasons(subject.values, season_scratch);
    if (!job.find_seasons)
      job.options.periods[1] = kernels::week_of(job.options.periods[0], subject.values.size());
    std::string about_driver;
    if (subject.driver_column != nullptr) {
      about_driver = driver_words(
          *subject.driver_column,
          kernels::forecast_with_driver(subject.values, subject.driver, job.options, workspace, forecast));
    } else {
      kernels::forecast(subject.values, job.options, workspace, forecast);
    }
    std::vector<kernels::Forecast::Band> bands;
    for (const double level : job.levels) bands.push_back(forecast.band(level / 100));
    if (!printer) {
      sections.push_back(section_of(files[i], subject, job, forecast, about_driver, bands));
      continue;
    }
    if (!about_driver.empty()) fmt::print(stderr, "{}: {}\n", files[i].path, about_driver);
    for (std::size_t h = 0; h < forecast.mean.size(); ++h) {
      std::vector<std::string> row{std::to_string(h + 1), csv_number(forecast.mean[h])};
      for (const auto& band : bands) {
        row.push_back(csv_number(band.low[h]));
        row.push_back(csv_number(band.high[h]));
      }
      printer->row(files[i].path, row);
    }
  }
  if (html) {
    fmt::print("{}", report::series_page("Forecast", sections));
  } else if (!printer) {
    print_sections(sections);
  }
  return ok();
}

}  // namespace

Verb analyze_forecast_verb() {
  Verb verb;
  verb.name = "analyze forecast";
  verb.sentence = "Forecast a metric in a plain file, with intervals.";
  verb.details =
      "CSV: step,mean,lo80,hi80,lo95,hi95; step 1 is the row after the last. Empty cells are bridged. "
      "Several FILEs: a "
      "leading\ncolumn file. With --driver the series ends at its last value and the rows after it hold the "
      "driver's\nfuture; a driver that does not help is left out, and that is said. How it is judged: "
      "docs/methods.md.\n"
      "Example: trimtab analyze forecast requests.csv --horizon 48 --season 24 --format csv";
  verb.positional = {"FILE", "CSV, plain or compressed; - is standard input", true, true};
  verb.options = analyze_output_options(true);
  verb.options.push_back({"horizon", "ROWS", "How many rows ahead", "24", {}, false});
  verb.options.push_back(
      {"season", "ROWS", "Rows of one season, or auto to try the usual ones", "auto", {}, false});
  verb.options.push_back(
      {"driver",
       "COLUMN",
       "What drives the metric; its future stands in the rows after the metric's last value",
       "",
       {},
       false});
  verb.options.push_back({"levels", "PERCENT,...", "Intervals to give", "80,95", {}, false});
  verb.options.push_back({"limit", "NUMBER", "Say when this is reached", "", {}, false});
  verb.options.push_back({"floor", "NUMBER", "The metric can not be lower", "", {}, false});
  verb.options.push_back({"ceiling", "NUMBER", "The metric can not be higher", "", {}, false});
  verb.run = [](const Arguments& arguments) {
    const Status done = analyse(arguments);
    return done ? static_cast<int>(kOk) : report(done.error());
  };
  return verb;
}

}  // namespace trimtab::cli
