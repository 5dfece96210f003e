// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "targets/target.h"

namespace trimtab::advise::nginx {

// What was served, from the end of an access log.
struct ServedPath {
  std::string path;
  double requests = 0;  // GET, answered with 200
  double bytes = 0;
};
struct Served {
  double requests = 0;  // of any kind
  double bytes = 0;
  double bytes_squared = 0;            // the sum of each request's bytes squared
  std::vector<ServedPath> texts = {};  // whose name says that they are text; most bytes first
  // GET answered with 304, of files that seldom change under their name; most requests first.
  std::vector<ServedPath> unchanged = {};
};
// Whole lines of the last kLogBytesMax of the file, and what is begun. Errors: it can not be read.
Result<std::string> read_log_end(const std::string& log);
Result<Served> read_served(const std::string& log);
// Pure: the same of these lines; one that is begun but not ended counts too.
Served served_of(std::string_view lines);

// One answer that was asked for.
struct Sample {
  std::string path = {};
  std::string media_type = {};  // "text/css", without parameters
  bool is_encoded = false;      // the server compressed it
  bool has_lifetime = false;    // Cache-Control or Expires say how long it may be kept
  double bytes = 0;             // decoded
  double compressed = 0;        // by zlib at nginx' level, 1
};
// Asks for paths at scheme, host and port of the target's url, offering gzip, one after the other; answers
// other than 200, larger than kSampleBytesMax or broken off are left out. Errors: none could be had.
Result<std::vector<Sample>> ask_for(const Target& target, std::span<const ServedPath> paths,
                                    const std::atomic<bool>* cancelled);

inline constexpr std::size_t kLogBytesMax = 1 << 20;
inline constexpr std::size_t kSamplesMax = 8;  // paths one asks for
inline constexpr std::size_t kSampleBytesMax = 1 << 20;

}  // namespace trimtab::advise::nginx
