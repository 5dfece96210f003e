// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "query/engine/rows.h"

namespace trimtab::promql {

struct Bucket {
  double bound = 0;  // "le"
  double count = 0;  // observations at or below
};

struct BucketQuantile {
  double value = 0;
  bool fixed_monotonicity = false;  // counts that fell were raised
};
// Classic histograms as Prometheus 3 reads them. Both take buckets in rising order of bounds, bounds unique,
// and make the counts rise, in place. Unlike kernels/histogram_quantile.h they follow PromQL where there is
// no +Inf bucket, q is outside [0, 1], or counts differ by rounding only.
BucketQuantile bucket_quantile(double q, std::vector<Bucket>& buckets);
double bucket_fraction(double lower, double upper, const std::vector<Bucket>& buckets);

// histogram_quantile(q, rows) and histogram_fraction(lower, upper, rows).
Result<Rows> histogram_quantile(std::vector<double> q, const Rows& rows, Span argument, Span span,
                                const Grid& grid, const Context& context);
Result<Rows> histogram_fraction(std::vector<double> lower, std::vector<double> upper, const Rows& rows,
                                Span span, const Grid& grid, const Context& context);

}  // namespace trimtab::promql
