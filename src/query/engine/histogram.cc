// SPDX-License-Identifier: Apache-2.0
#include "query/engine/histogram.h"

#include <fmt/format.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <string>

#include "query/engine/aggregate.h"

namespace trimtab::promql {
namespace {

// Counts that fall by less than this share are taken as equal: sums of rates differ by rounding.
constexpr double kSmallDifference = 1e-12;

bool almost_equal(double a, double b) {
  if (a == b) return true;
  const double both = std::fabs(a) + std::fabs(b);
  const double difference = std::fabs(a - b);
  if (a == 0 || b == 0 || both < std::numeric_limits<double>::min()) {
    return difference < kSmallDifference * std::numeric_limits<double>::min();
  }
  return difference / std::min(both, std::numeric_limits<double>::max()) < kSmallDifference;
}

bool make_rising(std::vector<Bucket>& buckets) {
  bool fixed = false;
  double before = buckets.empty() ? 0 : buckets[0].count;
  for (std::size_t i = 1; i < buckets.size(); ++i) {
    double& count = buckets[i].count;
    if (count == before) continue;
    if (almost_equal(before, count)) {
      count = before;
    } else if (count < before) {
      count = before;
      fixed = true;
    } else {
      before = count;
    }
  }
  return fixed;
}

bool ends_at_infinity(const std::vector<Bucket>& buckets) {
  return !buckets.empty() && std::isinf(buckets.back().bound) && buckets.back().bound > 0;
}

std::optional<double> parse_bound(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double out = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || r.ec != std::errc() || r.ptr != text.data() + text.size()) return std::nullopt;
  return out;
}

// One histogram: its buckets' rows, by rising bound.
struct Histogram {
  Labels labels;
  std::vector<std::pair<double, std::uint32_t>> buckets;
};

using Evaluate = std::function<double(std::size_t column, std::vector<Bucket>& buckets, bool& fixed)>;

// One row a histogram; computing it computes the rows of its buckets, each of them once.
class HistogramRows final : public RowSource {
 public:
  HistogramRows(Rows rows, std::vector<Histogram> histograms, Evaluate evaluate, std::function<void()> fixed)
      : rows_(std::move(rows)),
        histograms_(std::move(histograms)),
        evaluate_(std::move(evaluate)),
        fixed_(std::move(fixed)) {}
  std::size_t size() const override { return histograms_.size(); }
  Labels labels(std::size_t row) const override { return histograms_[row].labels; }
  Status compute(std::size_t row, Scratch& scratch, std::span<double> out) const override {
    const auto& of = histograms_[row].buckets;
    const auto cells = scratch.doubles();
    cells->resize(of.size() * out.size());
    for (std::size_t b = 0; b < of.size(); ++b) {
      TRY(rows_->compute(of[b].second, scratch, std::span(*cells).subspan(b * out.size(), out.size())));
    }
    bool fixed = false;
    std::vector<Bucket> buckets;
    for (std::size_t c = 0; c < out.size(); ++c) {
      buckets.clear();
      for (std::size_t b = 0; b < of.size(); ++b) {
        const double count = (*cells)[b * out.size() + c];
        if (!present(count)) continue;
        if (!buckets.empty() && buckets.back().bound == of[b].first) {
          buckets.back().count += count;  // "1" and "1.0"
        } else {
          buckets.push_back({of[b].first, count});
        }
      }
      out[c] = buckets.empty() ? kNoValue : evaluate_(c, buckets, fixed);
    }
    if (fixed) fixed_();
    return ok();
  }

 private:
  Rows rows_;
  std::vector<Histogram> histograms_;
  Evaluate evaluate_;
  std::function<void()> fixed_;
};

// Buckets of one name and one set of labels besides "le".
std::vector<Histogram> gather(const RowSource& rows, Span span, const Context& context) {
  boost::unordered_flat_map<LabelsHash, std::size_t, std::hash<LabelsHash>> seen;
  std::vector<Histogram> out;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const Labels labels = rows.labels(row);
    const auto bound = parse_bound(labels.get("le"));
    if (!bound || std::isnan(*bound)) {
      context.warn(
          fmt::format("bucket label \"le\" is missing or has a malformed value of {} for metric name {}",
                      quote_label_value(labels.get("le")), quote_label_value(labels.metric_name())),
          span);
      continue;
    }
    const Labels rest = labels.without("le");
    const auto [it, added] = seen.emplace(rest.hash(), out.size());
    if (added) out.push_back({rest.without(kMetricName), {}});
    out[it->second].buckets.emplace_back(*bound, static_cast<std::uint32_t>(row));
  }
  for (Histogram& h : out) std::sort(h.buckets.begin(), h.buckets.end());
  return out;
}

}  // namespace

BucketQuantile bucket_quantile(double q, std::vector<Bucket>& buckets) {
  if (std::isnan(q)) return {kNaN};
  if (q < 0) return {-kInf};
  if (q > 1) return {kInf};
  if (!ends_at_infinity(buckets)) return {kNaN};
  const bool fixed = make_rising(buckets);
  if (buckets.size() < 2) return {kNaN, fixed};
  const double observations = buckets.back().count;
  if (observations == 0) return {kNaN, fixed};
  double rank = q * observations;
  const auto found =
      std::find_if(buckets.begin(), buckets.end() - 1, [&](const Bucket& b) { return b.count >= rank; });
  if (found == buckets.end() - 1) return {buckets[buckets.size() - 2].bound, fixed};
  if (found == buckets.begin() && found->bound <= 0) return {found->bound, fixed};
  double low = 0;
  double count = found->count;
  if (found != buckets.begin()) {
    low = (found - 1)->bound;
    count -= (found - 1)->count;
    rank -= (found - 1)->count;
  }
  return {low + (found->bound - low) * (rank / count), fixed};
}

double bucket_fraction(double lower, double upper, const std::vector<Bucket>& buckets) {
  if (!ends_at_infinity(buckets)) return kNaN;
  const double total = buckets.back().count;
  if (total == 0 || std::isnan(lower) || std::isnan(upper)) return kNaN;
  if (lower >= upper) return 0;
  // Observations at or below v: linear inside a bucket; the first one begins at 0 when its bound is above.
  const auto rank = [&](double v) {
    double below = 0;
    for (std::size_t i = 0; i < buckets.size(); ++i) {
      const double high = buckets[i].bound;
      const double low = i > 0 ? buckets[i - 1].bound : high > 0 ? 0 : -kInf;
      if (v <= low) return below;
      if (v < high) {
        const double share = std::isinf(low) || std::isinf(high) ? 0 : (v - low) / (high - low);
        return std::min(total, below + (buckets[i].count - below) * share);
      }
      below = buckets[i].count;
    }
    return total;
  };
  return (rank(upper) - rank(lower)) / total;
}

namespace {

// Computing a histogram holds all its buckets.
Status check_size(const std::vector<Histogram>& histograms, const Grid& grid, const Context& context) {
  std::size_t most = 0;
  for (const Histogram& h : histograms) most = std::max(most, h.buckets.size());
  return context.check_cells(most, grid.columns, "one histogram");
}

}  // namespace

Result<Rows> histogram_quantile(std::vector<double> q, const Rows& rows, Span argument, Span span,
                                const Grid& grid, const Context& context) {
  auto histograms = gather(*rows, span, context);
  TRY(check_size(histograms, grid, context));
  if (!histograms.empty()) warn_bad_quantile(q, argument, context);
  const auto fixed = [&context, span] {
    context.inform(
        "input to histogram_quantile needed to be fixed for monotonicity (see "
        "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)",
        span);
  };
  Evaluate evaluate = [q = std::move(q)](std::size_t c, std::vector<Bucket>& buckets, bool& any_fixed) {
    const BucketQuantile out = bucket_quantile(q[c], buckets);
    any_fixed = any_fixed || out.fixed_monotonicity;
    return out.value;
  };
  return without_duplicates(
      std::make_shared<HistogramRows>(rows, std::move(histograms), std::move(evaluate), fixed), grid,
      Duplicates::kMerge, context);
}

Result<Rows> histogram_fraction(std::vector<double> lower, std::vector<double> upper, const Rows& rows,
                                Span span, const Grid& grid, const Context& context) {
  auto histograms = gather(*rows, span, context);
  TRY(check_size(histograms, grid, context));
  Evaluate evaluate = [lower = std::move(lower), upper = std::move(upper)](
                          std::size_t c, std::vector<Bucket>& buckets, bool&) {
    return bucket_fraction(lower[c], upper[c], buckets);
  };
  return without_duplicates(
      std::make_shared<HistogramRows>(rows, std::move(histograms), std::move(evaluate), [] {}), grid,
      Duplicates::kMerge, context);
}

}  // namespace trimtab::promql
