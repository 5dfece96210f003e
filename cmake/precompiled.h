// SPDX-License-Identifier: Apache-2.0
// What most files include anyway, parsed once. Used by the sanitizer builds only (cmake/precompiled.cmake):
// nobody may rely on it instead of including what they use.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>
