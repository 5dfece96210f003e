// SPDX-License-Identifier: Apache-2.0
#include "server/gzip.h"

#include <zlib.h>

#include <algorithm>

#include "base/check.h"

namespace trimtab {

struct GzipStream::State {
  z_stream stream{};
};

GzipStream::GzipStream() : state_(std::make_unique<State>()) {
  constexpr int kWindowBitsGzip = 15 + 16;
  const int result =
      deflateInit2(&state_->stream, kLevel, Z_DEFLATED, kWindowBitsGzip, 8, Z_DEFAULT_STRATEGY);
  CHECK(result == Z_OK, "deflateInit2 said {}", result);
}

GzipStream::~GzipStream() { deflateEnd(&state_->stream); }

void GzipStream::write(std::string_view piece, bool last, std::string& out) {
  z_stream& stream = state_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
  stream.avail_in = static_cast<uInt>(piece.size());
  int result = Z_OK;
  do {
    const std::size_t before = out.size();
    out.resize(before + std::max<std::size_t>(4096, piece.size() / 4));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(out.size() - before);
    result = deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    out.resize(out.size() - stream.avail_out);
  } while (stream.avail_out == 0 && result != Z_STREAM_END);
}

std::string gzip(std::string_view text) {
  GzipStream stream;
  std::string out;
  stream.write(text, true, out);
  return out;
}

bool accepts_gzip(std::string_view accept_encoding) {
  std::size_t at = 0;
  while ((at = accept_encoding.find("gzip", at)) != std::string_view::npos) {
    const std::string_view rest = accept_encoding.substr(at + 4);
    const std::string_view item = rest.substr(0, rest.find(','));
    at += 4;
    if (item.find("q=0") == std::string_view::npos || item.find("q=0.") != std::string_view::npos)
      return true;
  }
  return false;
}

}  // namespace trimtab
