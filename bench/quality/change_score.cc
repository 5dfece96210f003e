// SPDX-License-Identifier: Apache-2.0
#include "quality/change_score.h"

#include <algorithm>
#include <set>

namespace trimtab::quality {
namespace {

std::vector<std::size_t> with_zero(const ChangePoints& points) {
  std::set<std::size_t> all(points.begin(), points.end());
  all.insert(0);
  return {all.begin(), all.end()};
}

// How many of `truth` have a prediction of their own within the margin.
std::size_t matched(const std::vector<std::size_t>& truth, std::vector<std::size_t> predicted,
                    std::size_t margin) {
  std::size_t count = 0;
  for (const std::size_t point : truth) {
    auto nearest = predicted.end();
    std::size_t distance = margin + 1;
    for (auto it = predicted.begin(); it != predicted.end(); ++it) {
      const std::size_t away = *it > point ? *it - point : point - *it;
      if (away < distance) {
        distance = away;
        nearest = it;
      }
    }
    if (nearest == predicted.end()) continue;
    predicted.erase(nearest);
    ++count;
  }
  return count;
}

}  // namespace

double change_f1(const std::vector<ChangePoints>& annotators, const ChangePoints& predicted,
                 std::size_t margin) {
  const auto mine = with_zero(predicted);
  ChangePoints pooled;
  double recall = 0;
  for (const ChangePoints& points : annotators) {
    const auto theirs = with_zero(points);
    pooled.insert(pooled.end(), theirs.begin(), theirs.end());
    recall += static_cast<double>(matched(theirs, mine, margin)) / static_cast<double>(theirs.size());
  }
  recall /= static_cast<double>(annotators.size());
  const double precision =
      static_cast<double>(matched(with_zero(pooled), mine, margin)) / static_cast<double>(mine.size());
  return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall);
}

double covering(const std::vector<ChangePoints>& annotators, const ChangePoints& predicted,
                std::size_t length) {
  const auto segments = [length](const ChangePoints& points) {
    auto starts = with_zero(points);
    std::erase_if(starts, [length](std::size_t start) { return start >= length; });
    starts.push_back(length);
    return starts;
  };
  const auto mine = segments(predicted);
  double total = 0;
  for (const ChangePoints& points : annotators) {
    const auto theirs = segments(points);
    double covered = 0;
    for (std::size_t i = 0; i + 1 < theirs.size(); ++i) {
      double best = 0;
      for (std::size_t k = 0; k + 1 < mine.size(); ++k) {
        const std::size_t from = std::max(theirs[i], mine[k]);
        const std::size_t to = std::min(theirs[i + 1], mine[k + 1]);
        if (from >= to) continue;
        const std::size_t spanned = std::max(theirs[i + 1], mine[k + 1]) - std::min(theirs[i], mine[k]);
        best = std::max(best, static_cast<double>(to - from) / static_cast<double>(spanned));
      }
      covered += best * static_cast<double>(theirs[i + 1] - theirs[i]);
    }
    total += covered / static_cast<double>(length);
  }
  return total / static_cast<double>(annotators.size());
}

}  // namespace trimtab::quality
