// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

// Scores of change points against several annotators, as van den Burg and Williams define them ("An
// Evaluation of Change Point Detection Algorithms", 2020). A change point is the index of the first point of
// the new level; index 0 is added to every set.
namespace trimtab::quality {

using ChangePoints = std::vector<std::size_t>;

// Precision: predictions matched against the union of all annotations. Recall: mean over annotators of the
// share of their points matched. A match is at most `margin` points away, one to one, nearest first.
double change_f1(const std::vector<ChangePoints>& annotators, const ChangePoints& predicted,
                 std::size_t margin = 5);

// Mean over annotators of the covering of their segments by the predicted ones: sum over their segments A of
// |A| / length * the largest Jaccard index of A with a predicted segment.
double covering(const std::vector<ChangePoints>& annotators, const ChangePoints& predicted,
                std::size_t length);

}  // namespace trimtab::quality
