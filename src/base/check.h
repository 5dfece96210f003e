// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <string>

// CHECK(condition, "format {}", values...): a bug of ours, never bad input. On in release; prints
// the place, the condition and the values, then aborts. DCHECK is for hot loops: debug builds only.
#define CHECK(condition, ...)                                                              \
  do {                                                                                     \
    if (!(condition)) [[unlikely]] {                                                       \
      ::trimtab::detail::check_failed(__FILE__, __LINE__, #condition __VA_OPT__(, fmt::format(__VA_ARGS__))); \
    }                                                                                      \
  } while (false)

#ifdef TRIMTAB_DEBUG
#define DCHECK(...) CHECK(__VA_ARGS__)
#else
#define DCHECK(...) \
  do {              \
  } while (false)
#endif

namespace trimtab::detail {
[[noreturn]] void check_failed(const char* file, int line, const char* condition,
                               const std::string& values = {});
}  // namespace trimtab::detail
