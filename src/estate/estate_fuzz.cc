// SPDX-License-Identifier: Apache-2.0
// Any bytes as an estate.yaml, and as a metric name: an error or an estate that answers, never a crash.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "estate/estate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace trimtab;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Signal inferred =
      infer_signal(Labels{{std::string(kMetricName), std::string(text.substr(0, 4096))}}, nullptr);
  CHECK(inferred.inferred && inferred.kind != SignalKind::kUnknown);
  const auto estate = Estate::load_text(text, "fuzz.yaml");
  if (!estate) {
    CHECK(!estate.error().message().empty());
    return 0;
  }
  std::size_t looked_at = 0;
  for (const Edge& edge : estate->edges()) {
    CHECK(estate->downstream(edge.from).size() <= estate->edges().size());
    CHECK(estate->info(edge.to).ref == edge.to);
    if (++looked_at > 100) break;
  }
  for (const MaintenanceWindow& window : estate->maintenance_windows()) {
    (void)window.covers({"service", "a"}, 1'700'000'000'000);
    (void)window.covers({"service", "a"}, kTimestampMin);
    (void)window.covers({"service", "a"}, kTimestampMax);
  }
  for (const TimeRange range : {TimeRange{1'690'000'000'000, 1'700'000'000'000}, TimeRange{}}) {
    const auto spans = estate->calendar().spans(range);
    CHECK(spans.size() <= kEventSpansMax);
    for (const EventSpan& span : spans)
      CHECK(span.event < estate->calendar().events.size() && span.from_ms < span.to_ms);
  }
  for (const GrowthDriver& driver : estate->drivers()) {
    CHECK(!std::isnan(driver.value_at(1'701'000'000'000, 1'700'000'000'000, 5)));
    (void)driver.drives({"service", "a"}, "m");
  }
  for (const Objective& objective : estate->objectives()) CHECK(objective.target > 0 && objective.target < 1);
  return 0;
}
