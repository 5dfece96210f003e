// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "query/engine.h"
#include "store/memory_store_testlib.h"

namespace trimtab::promql {

// Fills a store from text, one series a line:
//   m{a="b"} 0 1 2 _ stale NaN +Inf 5
// The cells stand at 0, step, 2 step... seconds; "_" is no sample, "stale" the stale marker, "1+2x3" the four
// values 1 3 5 7 and "1x3" four times 1.
inline void load_series(MemoryStore& store, std::string_view text, DurationMs step_ms) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    at = end + 1;
    while (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    if (line.empty()) continue;
    const std::size_t brace = line.find('}');
    const std::size_t blank = line.find(' ', brace == std::string_view::npos ? 0 : brace);
    Labels labels;
    const Matchers matchers = parse_selector(line.substr(0, blank)).value();
    for (const Matcher& matcher : matchers) labels = labels.with(matcher.name(), matcher.value());
    const SeriesId id = store.ensure_series(labels).value();
    std::vector<Sample> samples;
    TimestampMs time = 0;
    const auto add = [&](double value) {
      samples.push_back({id, time, value});
      time += step_ms;
    };
    const auto number = [](std::string_view& from) {
      if (from.starts_with('+')) from.remove_prefix(1);
      double value = 0;
      const auto r = std::from_chars(from.data(), from.data() + from.size(), value);
      CHECK(r.ec == std::errc(), "no number in \"{}\"", from);
      from.remove_prefix(static_cast<std::size_t>(r.ptr - from.data()));
      return value;
    };
    std::string_view rest = blank == std::string_view::npos ? "" : line.substr(blank);
    while (!rest.empty()) {
      if (rest.front() == ' ') {
        rest.remove_prefix(1);
        continue;
      }
      std::string_view word = rest.substr(0, rest.find(' '));
      rest.remove_prefix(word.size());
      if (word == "_") {
        time += step_ms;
      } else if (word == "stale") {
        add(stale_marker());
      } else {
        const double first = number(word);
        double step = 0;
        double count = 0;
        if (!word.empty() && (word.front() == '+' || word.front() == '-')) step = number(word);
        if (word.starts_with('x')) {
          word.remove_prefix(1);
          count = number(word);
        }
        CHECK(word.empty(), "\"{}\" is left over", word);
        for (int i = 0; i <= static_cast<int>(count); ++i) add(i == 0 ? first : first + step * i);
      }
    }
    CHECK(store.append(samples).has_value());
  }
}

inline std::string cell_text(double value) {
  if (is_stale_marker(value)) return "_";
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  return fmt::format("{:.10g}", value);
}

// One line a row: name{labels} and cells ("_" where there is none); annotations behind, each on a line of its
// own.
inline std::string answer_text(const Result<Answer>& answer) {
  if (!answer) return fmt::format("{}: {}", to_string(answer.error().code()), answer.error().message());
  std::string out;
  const auto line = [&](const std::string& text) { out += (out.empty() ? "" : "\n") + text; };
  if (answer->type == ValueType::kString) line(quote_label_value(answer->text));
  for (std::size_t row = 0; row < answer->rows(); ++row) {
    std::string text = std::string(answer->labels[row].metric_name());
    std::string body;
    for (const Label& label : answer->labels[row].items()) {
      if (label.name == kMetricName) continue;
      body += (body.empty() ? "" : ",") + label.name + "=" + quote_label_value(label.value);
    }
    if (!body.empty() || text.empty()) text += "{" + body + "}";
    if (!answer->ragged.empty()) {
      const SampleBuffer& samples = answer->ragged[row];
      for (std::size_t i = 0; i < samples.size(); ++i) {
        text += fmt::format(" {}@{}", cell_text(samples.values[i]),
                            static_cast<double>(samples.timestamps_ms[i]) / 1000);
      }
    } else {
      for (const double cell : answer->row(row)) text += " " + cell_text(cell);
    }
    line(text);
  }
  for (const std::string& text : answer->warnings) line(text);
  for (const std::string& text : answer->infos) line(text);
  return out;
}

// A store, and queries on it.
struct Case {
  std::string_view query;
  std::string wanted;
};

class Corpus : public ::testing::Test {
 protected:
  void load(std::string_view text, DurationMs step_ms = kMinuteMs) { load_series(store_, text, step_ms); }
  std::string at(TimestampMs seconds, std::string_view query) {
    return answer_text(run(store_, query, QueryWindow::at(seconds * 1000), options_));
  }
  std::string over(TimestampMs start, TimestampMs end, DurationMs step, std::string_view query) {
    return answer_text(
        run(store_, query, QueryWindow::over(start * 1000, end * 1000, step * 1000), options_));
  }
  void check_at(TimestampMs seconds, std::initializer_list<Case> cases) {
    for (const Case& c : cases) EXPECT_EQ(at(seconds, c.query), c.wanted) << c.query;
  }

  MemoryStore store_;
  QueryOptions options_;
};

}  // namespace trimtab::promql
