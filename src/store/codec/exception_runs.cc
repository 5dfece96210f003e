// SPDX-License-Identifier: Apache-2.0
#include "store/codec/exception_runs.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "store/store.h"

namespace trimtab::codec {
namespace {

// Index = kind; kind 0 spells the double out.
constexpr std::array<std::uint64_t, 7> kKnown{0,
                                              kStaleNanBits,
                                              0x7ff8000000000001,
                                              0x7ff8000000000000,
                                              0x7ff0000000000000,
                                              0xfff0000000000000,
                                              0x8000000000000000};

std::uint64_t word_of(double value) { return std::bit_cast<std::uint64_t>(value); }

template <typename Visit>
std::size_t for_each_run(std::span<const double> values, std::span<const bool> fit, Visit visit) {
  std::size_t runs = 0;
  for (std::size_t i = 0; i < values.size();) {
    if (fit[i]) {
      ++i;
      continue;
    }
    const std::size_t from = i;
    while (i < values.size() && !fit[i] && word_of(values[i]) == word_of(values[from])) ++i;
    visit(from, i);
    ++runs;
  }
  return runs;
}

}  // namespace

std::size_t mark_specials(std::span<const double> values, std::span<bool> fit) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    fit[i] = std::isfinite(values[i]) && word_of(values[i]) != kKnown[6];
  }
  return for_each_run(values, fit, [](std::size_t, std::size_t) {});
}

void put_exception_runs(std::span<const double> values, std::span<const bool> fit, std::string& out) {
  std::string runs;
  std::size_t end = 0;
  const std::size_t count = for_each_run(values, fit, [&](std::size_t from, std::size_t to) {
    put_varint(runs, from - end);
    put_varint(runs, to - from - 1);
    const std::uint64_t word = word_of(values[from]);
    const auto* known = std::find(kKnown.begin() + 1, kKnown.end(), word);
    const auto kind = known == kKnown.end() ? 0 : known - kKnown.begin();
    runs.push_back(static_cast<char>(kind));
    if (kind == 0) put_fixed(runs, word);
    end = to;
  });
  put_varint(out, count);
  out += runs;
}

bool get_exception_runs(ByteReader& in, std::size_t count, double* out) {
  const std::uint64_t runs = in.varint();
  if (!in.ok() || runs > count) return false;
  std::size_t at = 0;
  for (std::uint64_t i = 0; i < runs; ++i) {
    const std::uint64_t skipped = in.varint();
    const std::uint64_t more = in.varint();
    const std::uint8_t kind = in.byte();
    if (kind >= kKnown.size()) return false;
    const std::uint64_t word = kind == 0 ? in.fixed<std::uint64_t>() : kKnown[kind];
    if (!in.ok() || skipped >= count - at || more >= count - at - skipped) return false;
    at += skipped;
    std::fill_n(out + at, more + 1, std::bit_cast<double>(word));
    at += more + 1;
  }
  return true;
}

}  // namespace trimtab::codec
