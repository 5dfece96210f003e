// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

// What an anomaly detector must beat: methods anyone can write down in a few lines. One score per value or
// row, larger is stranger; all but the random one are deterministic functions of their input.
namespace trimtab::quality {

std::vector<double> random_scores(std::size_t count);  // uniform, fixed seed

// NAB's own baseline: 1 - the tail probability of a normal distribution over the last 6400 values, learnt
// anew every 100.
std::vector<double> windowed_gaussian(std::span<const double> values);

// Distance from the mean of the last `window` values in their standard deviations.
std::vector<double> moving_z(std::span<const double> values, std::size_t window);

// Rows of several metrics, standardised by the training rows; scores for all rows after them.
struct TrainTest {
  std::vector<double> train{};
  std::vector<double> test{};
  std::size_t metrics = 0;
};
// Squared distance in all principal components that vary, each over its variance.
void pca_scores(const TrainTest& rows, std::vector<double>& train, std::vector<double>& test);
// Distance to the nearest of 20 centres (Lloyd's algorithm, 15 rounds, seeds spread evenly over time).
void kmeans_scores(const TrainTest& rows, std::vector<double>& train, std::vector<double>& test);

}  // namespace trimtab::quality
