// SPDX-License-Identifier: Apache-2.0
#include "ingest/receiver.h"

#include <fmt/format.h>

#include "ingest/media_type.h"
#include "ingest/otlp_state.h"
#include "ingest/receiver_protocol.h"
#include "ingest/remote_write.h"

namespace trimtab {
namespace {

constexpr std::string_view kV2Message = "io.prometheus.write.v2.Request";
constexpr std::string_view kV1Message = "prometheus.WriteRequest";

Status check_remote_write_headers(const MediaType& media, std::string_view content_encoding) {
  if (media.type() != "application/x-protobuf") {
    return fail(
        ErrorCode::kUnsupported,
        fmt::format("content type \"{}\" is not remote write; application/x-protobuf is", media.type()));
  }
  const std::string message = media.parameter("proto");
  if (!message.empty() && message != kV1Message && message != kV2Message) {
    return fail(ErrorCode::kUnsupported,
                fmt::format("message \"{}\" is not known; {} and {} are", message, kV1Message, kV2Message));
  }
  // Early senders left the encoding out; the body is snappy all the same.
  const std::string encoding = to_lower(trim_blanks(content_encoding));
  if (!encoding.empty() && encoding != "snappy") {
    return fail(ErrorCode::kUnsupported,
                fmt::format("content encoding \"{}\" is not taken for remote write; snappy (block format) is",
                            encoding));
  }
  return ok();
}

template <typename Scratch>
void finish_scratch(Scratch& scratch, ByteBuffer& buffer) {
  if (scratch.capacity_bytes() > kScratchBytesKept) scratch = {};
  buffer.shrink(kScratchBytesKept);
}

// What is refused without looking further, by the kind of error that ended the request.
RejectReason request_reject(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return RejectReason::kMalformed;
    case ErrorCode::kLimit: return RejectReason::kTooLarge;
    case ErrorCode::kUnsupported: return RejectReason::kUnsupported;
    default: return RejectReason::kStorage;
  }
}

void count_unsupported(const RemoteWriteCounts& counts, RejectTally& tally, ReceiveOutcome& outcome) {
  outcome.histograms_rejected += counts.histograms;
  outcome.exemplars_rejected += counts.exemplars;
  if (counts.histograms > 0) {
    tally.add(RejectReason::kNativeHistogram,
              fmt::format("{} native histograms in one request", counts.histograms), counts.histograms);
  }
  if (counts.exemplars > 0) {
    tally.add(RejectReason::kExemplar, fmt::format("{} exemplars in one request", counts.exemplars),
              counts.exemplars);
  }
}

}  // namespace

Receiver::Receiver(Store& store, Rejects& rejects, const Clock& clock, Metrics& metrics, ReceiveLimits limits)
    : store_(store),
      rejects_(rejects),
      clock_(clock),
      limits_(limits),
      remote_write_v1_(std::make_unique<Protocol>(metrics, "remote_write_1")),
      remote_write_v2_(std::make_unique<Protocol>(metrics, "remote_write_2")),
      otlp_protocol_(std::make_unique<Protocol>(metrics, "otlp")),
      otlp_(std::make_unique<Otlp>(metrics, limits)) {}

Receiver::~Receiver() = default;

Result<ReceiveOutcome> Receiver::receive(Protocol& protocol, std::string_view body, const Take& take) {
  const std::int64_t begin_ns = clock_.monotonic_ns();
  RejectTally tally;
  ReceiveOutcome outcome;
  Status status = ok();
  if (body.size() > limits_.body_bytes_max) {
    status = fail(ErrorCode::kLimit, fmt::format("the body has {} bytes; at most {} are allowed", body.size(),
                                                 limits_.body_bytes_max));
  } else {
    status = take(tally, outcome);
  }
  protocol.requests.add();
  protocol.body_bytes.add(static_cast<double>(body.size()));
  protocol.seconds.observe(static_cast<double>(clock_.monotonic_ns() - begin_ns) * 1e-9);
  if (!status) {
    protocol.refused.add();
    rejects_.add(request_reject(status.error().code()), protocol.name, status.error().message());
    return std::unexpected(std::move(status).error());
  }
  protocol.samples.add(static_cast<double>(outcome.appended.taken));
  tally.report(rejects_, protocol.name);
  outcome.first_reject = tally.first();
  return outcome;
}

Result<ReceiveOutcome> Receiver::remote_write(std::string_view content_type,
                                              std::string_view content_encoding, std::string_view body) {
  static thread_local ByteBuffer buffer;
  const MediaType media(content_type);
  const bool second = media.parameter("proto") == kV2Message;
  return receive(second ? *remote_write_v2_ : *remote_write_v1_, body,
                 [&](RejectTally& tally, ReceiveOutcome& outcome) -> Status {
                   TRY(check_remote_write_headers(media, content_encoding));
                   const std::string_view message =
                       TRY(snappy_decompress(body, limits_.decoded_bytes_max, buffer));
                   if (second) {
                     static thread_local RemoteWriteV2 request;
                     request.clear();
                     TRY(decode_remote_write_v2(message, limits_, request, tally, outcome));
                     TRY(store_remote_write_v2(store_, request, tally, outcome));
                     count_unsupported(request.counts, tally, outcome);
                     finish_scratch(request, buffer);
                   } else {
                     static thread_local RemoteWriteV1 request;
                     request.clear();
                     TRY(decode_remote_write_v1(message, limits_, request));
                     TRY(store_remote_write_v1(store_, request, tally, outcome));
                     count_unsupported(request.counts, tally, outcome);
                     finish_scratch(request, buffer);
                   }
                   return ok();
                 });
}

}  // namespace trimtab
