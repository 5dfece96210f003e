// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/json.h"
#include "ingest/decompress.h"
#include "ingest/label_span.h"
#include "ingest/media_type.h"
#include "ingest/otlp_decode.h"
#include "ingest/otlp_state.h"
#include "ingest/receiver.h"
#include "ingest/receiver_protocol.h"
#include "ingest/remote_write.h"

namespace trimtab {
namespace {

LabelsHash hash_of(const OtlpConverter::Metadata& one) {
  std::string bytes = one.name;
  bytes.append(1, '\xff').append(to_string(one.metadata.type)).append(1, '\xff');
  bytes.append(one.metadata.help).append(1, '\xff').append(one.metadata.unit);
  return hash_bytes(bytes);
}

// Protobuf's varint, for the few bytes of an answer.
void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  out += static_cast<char>(value);
}

void append_bytes_field(std::string& out, int field, std::string_view bytes) {
  append_varint(out, static_cast<std::uint64_t>(field) << 3 | 2);
  append_varint(out, bytes.size());
  out += bytes;
}

void append_varint_field(std::string& out, int field, std::uint64_t value) {
  append_varint(out, static_cast<std::uint64_t>(field) << 3);
  append_varint(out, value);
}

// google.rpc.Code.
int rpc_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return 3;       // INVALID_ARGUMENT
    case ErrorCode::kUnsupported: return 12;  // UNIMPLEMENTED
    case ErrorCode::kLimit: return 8;         // RESOURCE_EXHAUSTED
    case ErrorCode::kDenied: return 7;        // PERMISSION_DENIED
    case ErrorCode::kTimeout: return 4;       // DEADLINE_EXCEEDED
    case ErrorCode::kUnavailable: return 14;  // UNAVAILABLE
    default: return 13;                       // INTERNAL
  }
}

}  // namespace

bool is_json_content_type(std::string_view content_type) {
  return MediaType(content_type).type() == "application/json";
}

Result<ReceiveOutcome> Receiver::otlp_metrics(std::string_view content_type,
                                              std::string_view content_encoding, std::string_view body) {
  static thread_local ByteBuffer buffer;
  return receive(*otlp_protocol_, body, [&](RejectTally& tally, ReceiveOutcome& outcome) -> Status {
    const std::string type = MediaType(content_type).type();
    const bool json = type == "application/json";
    if (!json && type != "application/x-protobuf") {
      return fail(
          ErrorCode::kUnsupported,
          fmt::format("content type \"{}\" is not OTLP; application/x-protobuf and application/json are",
                      type));
    }
    const Compression compression = TRY(parse_compression(content_encoding));
    const std::size_t bytes_max =
        json ? std::min(limits_.json_bytes_max, limits_.decoded_bytes_max) : limits_.decoded_bytes_max;
    const std::string_view message = TRY(decompress(compression, body, bytes_max, buffer));

    const LabelLimits& label_limits = store_.limits().labels;
    DeltaSums::Request deltas(otlp_->deltas);
    OtlpConverter converter(limits_, label_limits, deltas, tally, outcome);
    TRY(json ? decode_otlp_json(message, converter) : decode_otlp_protobuf(message, converter));
    TRY(store_batch(
        store_, converter.batch(),
        [&](std::size_t index) { return decode_label_span(converter.label_span(index), label_limits); },
        nullptr, tally, outcome));
    deltas.keep();
    for (const OtlpConverter::Metadata& one : converter.metadata()) {
      const LabelsHash hash = hash_of(one);
      if (!otlp_->is_new_metadata(hash)) continue;
      const Status status = store_.set_metadata(one.name, one.metadata);
      if (!status) {
        otlp_->forget_metadata(hash);
        return status;
      }
    }
    buffer.shrink(kScratchBytesKept);
    return ok();
  });
}

std::string encode_otlp_response(const ReceiveOutcome& outcome, bool json) {
  const bool partial = outcome.samples_rejected > 0;
  if (json) {
    JsonWriter out;
    out.begin_object();
    if (partial) {
      out.key("partialSuccess").begin_object();
      out.field("rejectedDataPoints", std::to_string(outcome.samples_rejected));
      out.field("errorMessage", outcome.first_reject);
      out.end_object();
    }
    out.end_object();
    return out.take();
  }
  std::string out;
  if (partial) {
    std::string inner;
    append_varint_field(inner, 1, outcome.samples_rejected);
    append_bytes_field(inner, 2, outcome.first_reject);
    append_bytes_field(out, 1, inner);
  }
  return out;
}

std::string encode_otlp_error(const Error& error, bool json) {
  const int code = rpc_code(error.code());
  if (json) {
    JsonWriter out;
    out.begin_object();
    out.field("code", code);
    out.field("message", error.message());
    out.end_object();
    return out.take();
  }
  std::string out;
  append_varint_field(out, 1, static_cast<std::uint64_t>(code));
  append_bytes_field(out, 2, error.message());
  return out;
}

}  // namespace trimtab
