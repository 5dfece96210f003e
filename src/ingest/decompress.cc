// SPDX-License-Identifier: Apache-2.0
#include "ingest/decompress.h"

#include <fmt/format.h>
#include <libdeflate.h>
#include <zlib.h>
#include <zstd.h>

#include <array>

#include "base/check.h"
#include "ingest/media_type.h"

namespace trimtab {
namespace {

constexpr std::size_t kPieceBytes = 128 << 10;
constexpr int kZstdWindowLogMax = 27;  // 128 MiB, what `zstd` itself takes without --long

std::unexpected<Error> broken(Compression compression, std::string_view what) {
  const std::string_view name = compression == Compression::kGzip      ? "gzip"
                                : compression == Compression::kDeflate ? "deflate"
                                                                       : "zstd";
  return invalid(fmt::format("the {} stream is broken: {}", name, what));
}

class PlainStream final : public StreamDecompressor {
 public:
  Status feed(std::string_view bytes, const Sink& sink) override { return sink(bytes); }
  Status finish() override { return ok(); }
};

class ZlibStream final : public StreamDecompressor {
 public:
  explicit ZlibStream(Compression compression) : compression_(compression) {}
  ~ZlibStream() override {
    if (open_) inflateEnd(&stream_);
  }

  Status feed(std::string_view bytes, const Sink& sink) override {
    while (!bytes.empty()) {
      if (!open_) TRY(start(static_cast<unsigned char>(bytes[0])));
      const std::string_view piece = bytes.substr(0, kPieceBytes);
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
      stream_.avail_in = static_cast<uInt>(piece.size());
      TRY(inflate_piece(sink));
      bytes.remove_prefix(piece.size() - stream_.avail_in);
    }
    return ok();
  }

  Status finish() override {
    return open_ || !any_ ? Status(broken(compression_, "it ends before its end mark")) : ok();
  }

 private:
  // Window bits as zlib wants them: +16 for gzip; a deflate body starts with zlib's header (whose low
  // four bits are 8) or, from some senders, with bare deflate data.
  Status start(unsigned char first) {
    const int window = compression_ == Compression::kGzip ? 15 + 16 : (first & 0x0F) == 8 ? 15 : -15;
    stream_ = {};
    CHECK(inflateInit2(&stream_, window) == Z_OK);
    open_ = any_ = true;
    return ok();
  }

  // Until the input is used up or a member ends.
  Status inflate_piece(const Sink& sink) {
    int result = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(out_.data());
      stream_.avail_out = static_cast<uInt>(out_.size());
      result = inflate(&stream_, Z_NO_FLUSH);
      if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
        return broken(compression_, stream_.msg ? stream_.msg : "bad data");
      }
      const std::size_t produced = out_.size() - stream_.avail_out;
      if (produced > 0) TRY(sink({out_.data(), produced}));
    } while (result == Z_OK && (stream_.avail_out == 0 || stream_.avail_in > 0));
    if (result == Z_STREAM_END) {
      inflateEnd(&stream_);
      open_ = false;
    }
    return ok();
  }

  Compression compression_;
  z_stream stream_{};
  bool open_ = false;
  bool any_ = false;
  std::array<char, kPieceBytes> out_;
};

class ZstdStream final : public StreamDecompressor {
 public:
  ZstdStream() : stream_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    CHECK(stream_ != nullptr);
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kZstdWindowLogMax);
  }

  Status feed(std::string_view bytes, const Sink& sink) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    bool more = !bytes.empty();
    while (more) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      const std::size_t hint = ZSTD_decompressStream(stream_.get(), &out, &in);
      if (ZSTD_isError(hint)) return broken(Compression::kZstd, ZSTD_getErrorName(hint));
      in_frame_ = hint != 0;
      any_ = true;
      if (out.pos > 0) TRY(sink({out_.data(), out.pos}));
      more = in.pos < in.size || out.pos == out.size;
    }
    return ok();
  }

  Status finish() override {
    return in_frame_ || !any_ ? Status(broken(Compression::kZstd, "it ends before its end mark")) : ok();
  }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> stream_;
  bool in_frame_ = false;
  bool any_ = false;
  std::array<char, kPieceBytes> out_;
};

// One gzip member of known size, the common case, in one call; false sends it to the stream.
bool decompress_gzip_member(std::string_view body, std::size_t bytes_max, ByteBuffer& buffer,
                            std::size_t& size) {
  if (body.size() < 18) return false;
  // The trailer's last four bytes are the size modulo 2^32; deflate can not grow more than 1032-fold.
  std::uint32_t claimed = 0;
  std::memcpy(&claimed, body.data() + body.size() - sizeof(claimed), sizeof(claimed));
  if (claimed > bytes_max || claimed > body.size() * 1032) return false;
  static thread_local const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>
      decompressor(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  std::size_t used = 0;
  const libdeflate_result result =
      libdeflate_gzip_decompress_ex(decompressor.get(), body.data(), body.size(),
                                    buffer.reserve(std::size_t{claimed} + 1), claimed, &used, &size);
  return result == LIBDEFLATE_SUCCESS && used == body.size();
}

}  // namespace

Result<Compression> parse_compression(std::string_view content_encoding) {
  const std::string word = to_lower(trim_blanks(content_encoding));
  if (word.empty() || word == "identity") return Compression::kNone;
  if (word == "gzip" || word == "x-gzip") return Compression::kGzip;
  if (word == "deflate") return Compression::kDeflate;
  if (word == "zstd") return Compression::kZstd;
  return fail(
      ErrorCode::kUnsupported,
      fmt::format("content encoding \"{}\" is not taken; identity, gzip, deflate and zstd are", word));
}

Compression sniff_compression(std::string_view first_bytes) {
  if (first_bytes.starts_with("\x1f\x8b")) return Compression::kGzip;
  if (first_bytes.starts_with("\x28\xb5\x2f\xfd")) return Compression::kZstd;
  return Compression::kNone;
}

Result<std::string_view> decompress(Compression compression, std::string_view body, std::size_t bytes_max,
                                    ByteBuffer& buffer) {
  const auto too_large = [&] {
    return fail(ErrorCode::kLimit, fmt::format("the body has more than {} bytes uncompressed", bytes_max));
  };
  if (compression == Compression::kNone) {
    if (body.size() > bytes_max) return too_large();
    return body;
  }
  std::size_t size = 0;
  if (compression == Compression::kGzip && decompress_gzip_member(body, bytes_max, buffer, size)) {
    return std::string_view(buffer.data(), size);
  }
  size = 0;
  const auto stream = TRY(StreamDecompressor::create(compression));
  const auto keep = [&](std::string_view piece) -> Status {
    if (piece.size() > bytes_max - size) return too_large();
    std::memcpy(buffer.grow(size + piece.size(), size) + size, piece.data(), piece.size());
    size += piece.size();
    return ok();
  };
  TRY(stream->feed(body, keep));
  TRY(stream->finish());
  return std::string_view(buffer.data(), size);
}

Result<std::unique_ptr<StreamDecompressor>> StreamDecompressor::create(Compression compression) {
  switch (compression) {
    case Compression::kNone: return std::make_unique<PlainStream>();
    case Compression::kGzip:
    case Compression::kDeflate: return std::make_unique<ZlibStream>(compression);
    case Compression::kZstd: return std::make_unique<ZstdStream>();
  }
  return fail(ErrorCode::kInternal, "no such compression");
}

}  // namespace trimtab
