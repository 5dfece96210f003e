// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "ingest/byte_buffer.h"

namespace trimtab {

enum class Compression { kNone, kGzip, kDeflate, kZstd };

// Content-Encoding words: "" and identity, gzip (x-gzip), deflate (zlib or bare), zstd. Errors: kUnsupported.
Result<Compression> parse_compression(std::string_view content_encoding);
// By the first bytes of a file: gzip and zstd are told apart from anything else. Needs 4 bytes.
Compression sniff_compression(std::string_view first_bytes);

// A whole body at once. The result points into `buffer`, or is the body itself for kNone. Stops at
// bytes_max, so a small body that would grow beyond it costs no more than that. Errors: kInvalid
// (broken or cut short), kLimit.
Result<std::string_view> decompress(Compression compression, std::string_view body, std::size_t bytes_max,
                                    ByteBuffer& buffer);

// A stream in pieces of any size, in bounded memory (about 300 KiB; zstd windows up to 128 MiB where
// the file asks for them). Several gzip members or zstd frames one after the other are one stream.
// Not thread-safe.
class StreamDecompressor {
 public:
  using Sink = std::function<Status(std::string_view)>;

  static Result<std::unique_ptr<StreamDecompressor>> create(Compression compression);
  virtual ~StreamDecompressor() = default;
  // Hands what comes out to `sink` in pieces. Errors: kInvalid (broken), and the sink's own.
  virtual Status feed(std::string_view bytes, const Sink& sink) = 0;
  // Errors: kInvalid when the stream stops in the middle.
  virtual Status finish() = 0;
};

}  // namespace trimtab
