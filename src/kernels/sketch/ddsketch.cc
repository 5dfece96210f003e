// SPDX-License-Identifier: Apache-2.0
#include "kernels/sketch/ddsketch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace trimtab::kernels {
namespace {

struct Weighted {
  double value = 0, weight = 0;
};

}  // namespace

Result<DdSketchImport> import_ddsketch(const DdSketch& sketch, std::size_t buckets_max) {
  if (!std::isfinite(sketch.gamma) || !(sketch.gamma > 1))
    return invalid(fmt::format("DDSketch: gamma {} is not above 1", sketch.gamma));
  if (!std::isfinite(sketch.index_offset))
    return invalid(fmt::format("DDSketch: index offset {} is not finite", sketch.index_offset));
  const double step = std::log(sketch.gamma);
  const double lift = std::log(2 * sketch.gamma / (1 + sketch.gamma));  // from lower bound to representative
  std::vector<Weighted> values;
  values.reserve(sketch.positive.size() + sketch.negative.size() + 1);
  double total = sketch.zero_count;
  if (!std::isfinite(total) || total < 0)
    return invalid(fmt::format("DDSketch: zero count {} is not a number from 0 on", total));
  if (total > 0) values.push_back({0, total});
  for (const double sign : {1.0, -1.0}) {
    for (const auto& bin : sign > 0 ? sketch.positive : sketch.negative) {
      if (!std::isfinite(bin.count) || bin.count < 0)
        return invalid(
            fmt::format("DDSketch: count {} of bin {} is not a number from 0 on", bin.count, bin.index));
      if (bin.count == 0) continue;
      const double value = std::exp((bin.index - sketch.index_offset) * step + lift);
      if (!std::isfinite(value))
        return invalid(
            fmt::format("DDSketch: bin {} with gamma {} and index offset {} is beyond the largest double",
                        bin.index, sketch.gamma, sketch.index_offset));
      total += bin.count;
      values.push_back({sign * value, bin.count});
    }
  }
  if (total > static_cast<double>(ExponentialHistogram::kCountMax))
    return invalid(
        fmt::format("DDSketch: counts add up to {}, more than {}", total, ExponentialHistogram::kCountMax));
  std::stable_sort(values.begin(), values.end(),
                   [](const Weighted& a, const Weighted& b) { return a.value < b.value; });
  DdSketchImport out{ExponentialHistogram(buckets_max), 0};
  double running = 0;
  double given = 0;  // what went into the histogram so far
  for (const auto& [value, weight] : values) {
    running += weight;
    const double upto = std::round(running);
    if (upto > given) out.histogram.add(value, static_cast<std::uint64_t>(upto - given));
    given = upto;
  }
  const double alpha = (sketch.gamma - 1) / (sketch.gamma + 1);
  out.relative_error = (1 + alpha) * (1 + out.histogram.relative_error()) - 1;
  return out;
}

}  // namespace trimtab::kernels
