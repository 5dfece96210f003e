// SPDX-License-Identifier: Apache-2.0
#include "kernels/compare/sequential.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace trimtab::kernels {

void SymmetricBet::add(double difference) {
  if (!std::isfinite(difference)) return;
  const double away = (against_ == Against::kHigher ? 1 : -1) * (difference - margin_);
  const double size = std::abs(away);
  // Given the sizes the signs are fair coins, so the scale may know this size too. 1.2533 makes a mean
  // absolute value a standard deviation.
  size_sum_ += size;
  ++count_;
  if (size == 0) return;
  const double scale = 1.2533 * size_sum_ / static_cast<double>(count_);
  for (std::size_t i = 0; i < kThetas.size(); ++i)
    log_capital_[i] +=
        std::log1p((away > 0 ? 1 : -1) * std::min(0.999, std::tanh(kThetas[i] * size / scale)));
  largest_ = std::max(largest_, e_value());
}

double SymmetricBet::e_value() const {
  double sum = 0;
  for (const double capital : log_capital_) sum += std::exp(std::min(capital, 600.0));
  return sum / static_cast<double>(kThetas.size());
}

bool PairedBlocks::add(double treated, double control) {
  const std::size_t position = at_;
  at_ = at_ + 1 == plan_.length + plan_.gap ? 0 : at_ + 1;
  if (position >= plan_.length) return false;  // in the gap
  if (std::isfinite(treated) && std::isfinite(control)) {
    sum_ += treated - control;
    ++present_;
  }
  if (position + 1 < plan_.length) return false;
  const bool ended = present_ > 0;
  if (ended) difference_ = sum_ / static_cast<double>(present_);
  sum_ = 0;
  present_ = 0;
  return ended;
}

SequentialComparison::SequentialComparison(const Options& options)
    : options_(options),
      pairs_(options.blocks),
      worse_(SymmetricBet::Against::kHigher),
      better_(SymmetricBet::Against::kLower),
      no_worse_(SymmetricBet::Against::kLower, options.margin) {
  CHECK(options.alpha > 0 && options.alpha < 1 && options.margin >= 0 && options.blocks.length >= 1);
}

SequentialVerdict SequentialComparison::add(double treated, double control) {
  if (!pairs_.add(treated, control)) return verdict_;
  worse_.add(pairs_.difference());
  better_.add(pairs_.difference());
  no_worse_.add(pairs_.difference());
  // Two sides share alpha.
  if (worse_.e_value_max() >= 2 / options_.alpha) {
    verdict_ = SequentialVerdict::kWorse;
  } else if (better_.e_value_max() >= 2 / options_.alpha) {
    verdict_ = SequentialVerdict::kBetter;
  } else if (options_.margin > 0 && no_worse_.e_value_max() >= 1 / options_.alpha) {
    verdict_ = SequentialVerdict::kNoWorse;
  }
  return verdict_;
}

double mixture_sprt(double count, double difference, double variance, double mixing) {
  CHECK(variance > 0 && mixing > 0 && count >= 0);
  const double both = 2 * variance;
  const double total = both + count * mixing;
  return std::sqrt(both / total) *
         std::exp(count * count * mixing * difference * difference / (2 * both * total));
}

}  // namespace trimtab::kernels
