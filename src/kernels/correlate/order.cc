// SPDX-License-Identifier: Apache-2.0
#include "kernels/correlate/order.h"

#include <algorithm>

#include "base/check.h"

namespace trimtab::kernels {
namespace {

constexpr std::size_t kRun = 8;            // sorted before merging
constexpr std::size_t kInsertionMax = 12;  // what is left of a selection is sorted by insertion
constexpr int kRoundsMax = 40;  // then the pivots are taken as hostile and the library's guard is used

void insertion_sort(double* values, std::size_t count) {
  for (std::size_t i = 1; i < count; ++i) {
    const double value = values[i];
    std::size_t at = i;
    for (; at > 0 && value < values[at - 1]; --at) values[at] = values[at - 1];
    values[at] = value;
  }
}

// Two comparisons, as each becomes one minimum or maximum; one shared would become a branch.
void order(double& a, double& b) {
  const double low = b < a ? b : a;
  const double high = a < b ? b : a;
  a = low;
  b = high;
}

// The sorting network of 19 comparisons (Knuth, "The Art of Computer Programming", 5.3.4).
void sort_eight(double* v) {
  double a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], h = v[7];
  order(a, c), order(b, d), order(e, g), order(f, h);
  order(a, e), order(b, f), order(c, g), order(d, h);
  order(a, b), order(c, d), order(e, f), order(g, h);
  order(c, e), order(d, f);
  order(b, e), order(d, g);
  order(b, c), order(d, e), order(f, g);
  v[0] = a, v[1] = b, v[2] = c, v[3] = d, v[4] = e, v[5] = f, v[6] = g, v[7] = h;
}

void merge(const double* a, std::size_t a_count, const double* b, std::size_t b_count, double* out) {
  const double* const a_end = a + a_count;
  const double* const b_end = b + b_count;
  while (a != a_end && b != b_end) {
    const double first = *a, second = *b;
    const auto take_second = static_cast<std::size_t>(second < first);
    *out++ = second < first ? second : first;  // one instruction, no branch
    a += 1 - take_second;
    b += take_second;
  }
  out = std::copy(a, a_end, out);
  std::copy(b, b_end, out);
}

double median_of_three(double a, double b, double c) {
  return std::max(std::min(a, b), std::min(std::max(a, b), c));
}

double pivot_of(const double* values, std::size_t count) {
  if (count < 64) return median_of_three(values[0], values[count / 2], values[count - 1]);
  const std::size_t step = count / 9;
  const auto three = [&](std::size_t at) {
    return median_of_three(values[at * step], values[(at + 1) * step], values[(at + 2) * step]);
  };
  return median_of_three(three(0), three(3), three(6));
}

// Moves the values for which `first` holds to the front and tells how many they are.
template <class First>
std::size_t partition(double* values, std::size_t count, First first) {
  std::size_t front = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double value = values[i];
    values[i] = values[front];
    values[front] = value;
    front += static_cast<std::size_t>(first(value));
  }
  return front;
}

// Afterwards values[k] is in its sorted place, nothing before it is larger, nothing behind it smaller.
void select(double* values, std::size_t count, std::size_t k) {
  for (int round = 0; count > kInsertionMax; ++round) {
    if (round == kRoundsMax) {
      std::nth_element(values, values + k, values + count);
      return;
    }
    const double pivot = pivot_of(values, count);
    const std::size_t less = partition(values, count, [&](double value) { return value < pivot; });
    if (k < less) {
      count = less;
      continue;
    }
    values += less;
    count -= less;
    k -= less;
    if (less >= count / 4) continue;  // good progress: the pivot's equals, if many, get their turn below
    const std::size_t equal = partition(values, count, [&](double value) { return value <= pivot; });
    if (k < equal) return;
    values += equal;
    count -= equal;
    k -= equal;
  }
  insertion_sort(values, count);
}

}  // namespace

void sort_values(std::span<double> values, std::span<double> scratch) {
  const std::size_t count = values.size();
  CHECK(scratch.size() >= count, "{} scratch values for {}", scratch.size(), count);
  std::size_t sorted = 0;
  for (; sorted + kRun <= count; sorted += kRun) sort_eight(values.data() + sorted);
  insertion_sort(values.data() + sorted, count - sorted);
  double* from = values.data();
  double* to = scratch.data();
  for (std::size_t run = kRun; run < count; run *= 2) {
    for (std::size_t at = 0; at < count; at += 2 * run) {
      const std::size_t first = std::min(run, count - at);
      const std::size_t second = std::min(run, count - at - first);
      merge(from + at, first, from + at + first, second, to + at);
    }
    std::swap(from, to);
  }
  if (from != values.data()) std::copy(from, from + count, values.data());
}

double fast_median(std::span<double> values) {
  CHECK(!values.empty());
  const std::size_t middle = values.size() / 2;
  select(values.data(), values.size(), middle);
  if (values.size() % 2 == 1) return values[middle];
  const double below =
      *std::max_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(middle));
  return below + 0.5 * (values[middle] - below);
}

}  // namespace trimtab::kernels
