// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace trimtab {

// gzip (RFC 1952) of a text that comes in pieces. Externally locked.
class GzipStream {
 public:
  GzipStream();
  ~GzipStream();
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  // Appends what is ready to `out`; after last = true nothing may follow.
  void write(std::string_view piece, bool last, std::string& out);

  static constexpr int kLevel = 4;  // between speed and size: export lines shrink about 8 times

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string gzip(std::string_view text);

// True when an Accept-Encoding header asks for gzip (and not with q=0).
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace trimtab
