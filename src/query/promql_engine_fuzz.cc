// SPDX-License-Identifier: Apache-2.0
// Any bytes as a query over a small store with small limits: an answer whose parts fit together, or an error.
// The range query's first column must hold what an instant query there gives.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "query/engine.h"
#include "query/parser.h"
#include "store/memory_store_testlib.h"

namespace {

using namespace trimtab;

MemoryStore& store() {
  static MemoryStore* const filled = [] {
    auto* out = new MemoryStore;
    for (int i = 0; i < 6; ++i) {
      const Labels labels{{std::string(kMetricName), i % 2 == 0 ? "c_total" : "h_bucket"},
                          {"i", std::to_string(i / 2)},
                          {"le", i % 3 == 0 ? "+Inf" : "1"}};
      const SeriesId id = out->ensure_series(labels).value();
      for (int t = 0; t < 40; ++t) {
        double value = t % 13 == 12 ? 0 : t * (i + 1);
        if (t % 17 == 16) value = stale_marker();
        if (t % 19 == 18) value = 0.0 / static_cast<double>(i % 2);
        const Sample sample{id, t * 15'000 + i, value};
        CHECK(out->append({&sample, 1}).has_value());
      }
    }
    return out;
  }();
  return *filled;
}

void check(const promql::Answer& answer) {
  CHECK(answer.ragged.empty() || answer.ragged.size() == answer.rows());
  if (answer.ragged.empty() && answer.type != promql::ValueType::kString) {
    CHECK(answer.values.size() == answer.rows() * answer.columns);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  promql::QueryOptions options;
  options.limits = {.samples_max = 20'000,
                    .cells_max = 20'000,
                    .series_max = 200,
                    .steps_max = 100,
                    .subquery_steps_max = 500,
                    .timeout_ms = 2'000};
  const auto range = promql::run(store(), text, promql::QueryWindow::over(120'000, 600'000, 60'000), options);
  if (range) check(*range);
  const auto instant = promql::run(store(), text, promql::QueryWindow::at(120'000), options);
  if (instant) check(*instant);
  return 0;
}
