// SPDX-License-Identifier: Apache-2.0
// Remote write 1.0:
//   WriteRequest   { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
//   TimeSeries     { repeated Label labels = 1; repeated Sample samples = 2;
//                    repeated Exemplar exemplars = 3; repeated Histogram histograms = 4; }
//   Label          { string name = 1; string value = 2; }
//   Sample         { double value = 1; int64 timestamp = 2; }
//   MetricMetadata { MetricType type = 1; string metric_family_name = 2; string help = 4; string unit = 5; }
#include <fmt/format.h>
#include <snappy.h>

#include "ingest/label_span.h"
#include "ingest/proto_reader.h"
#include "ingest/remote_write.h"
#include "ingest/remote_write_sample.h"

namespace trimtab {
namespace {

constexpr std::uint8_t kLabelTag = 0x0a;   // field 1, bytes
constexpr std::uint8_t kSampleTag = 0x12;  // field 2, bytes

// Labels that stand apart from each other: their fields one after the other make the span.
std::string_view join_labels(std::string_view series, RemoteWriteV1& out) {
  std::string& joined = out.joined_spans.emplace_back();
  ProtoReader reader(series);
  while (!reader.at_end()) {
    const char* const begin = reader.position();
    if (!reader.next()) break;
    reader.skip();
    if (reader.ok() && reader.field() == 1) joined.append(begin, reader.position());
  }
  return joined;
}

// False when malformed. Labels come first and together from every sender seen, so their bytes are
// passed over and hashed as they stand; nothing about them is decoded unless the store asks.
bool decode_series(std::string_view bytes, std::size_t samples_max, RemoteWriteV1& out) {
  ProtoReader reader(bytes);
  const char* const labels_begin = reader.position();
  while (reader.take_tag(kLabelTag)) reader.bytes();
  const char* const labels_end = reader.ok() ? reader.position() : labels_begin;
  SampleBatch& batch = out.batch;
  const std::size_t samples_before = batch.samples.size();
  const auto index = static_cast<std::uint32_t>(batch.keys.size());
  bool scattered = false;
  while (!reader.at_end()) {
    if (reader.take_tag(kSampleTag)) [[likely]] {
      if (!decode_sample(reader.bytes(), index, batch)) return false;
      if (batch.samples.size() > samples_max) return true;  // the caller refuses the request
      continue;
    }
    if (!reader.next()) break;
    if (reader.is(1, WireType::kBytes)) {
      scattered = true;
      reader.bytes();
    } else if (reader.is(3, WireType::kBytes)) {
      ++out.counts.exemplars;
      reader.bytes();
    } else if (reader.is(4, WireType::kBytes)) {
      ++out.counts.histograms;
      reader.bytes();
    } else {
      reader.skip_unknown(4);
    }
  }
  if (!reader.ok()) return false;
  if (batch.samples.size() == samples_before) return true;
  const std::string_view span =
      scattered ? join_labels(bytes, out) : std::string_view(labels_begin, labels_end);
  batch.add_series(hash_bytes(span));
  out.label_spans.push_back(span);
  return true;
}

bool decode_metadata(std::string_view bytes, RemoteWriteV1& out) {
  ProtoReader reader(bytes);
  MetadataView metadata;
  while (reader.next()) {
    if (reader.is(1, WireType::kVarint)) {
      metadata.type = metric_type_of_wire(reader.varint());
    } else if (reader.is(2, WireType::kBytes)) {
      metadata.name = reader.bytes();
    } else if (reader.is(4, WireType::kBytes)) {
      metadata.help = reader.bytes();
    } else if (reader.is(5, WireType::kBytes)) {
      metadata.unit = reader.bytes();
    } else {
      reader.skip();
    }
  }
  if (!metadata.name.empty()) out.metadata.push_back(metadata);
  return reader.ok();
}

}  // namespace

MetricType metric_type_of_wire(std::uint64_t number) {
  constexpr MetricType kTypes[] = {MetricType::kUnknown,   MetricType::kCounter,        MetricType::kGauge,
                                   MetricType::kHistogram, MetricType::kGaugeHistogram, MetricType::kSummary,
                                   MetricType::kInfo,      MetricType::kStateSet};
  return number < std::size(kTypes) ? kTypes[number] : MetricType::kUnknown;
}

void RemoteWriteV1::clear() {
  batch.clear();
  label_spans.clear();
  joined_spans.clear();
  metadata.clear();
  counts = {};
}

std::size_t RemoteWriteV1::capacity_bytes() const {
  return batch.capacity_bytes() + label_spans.capacity() * sizeof(std::string_view) +
         metadata.capacity() * sizeof(MetadataView);
}

Result<std::string_view> snappy_decompress(std::string_view body, std::size_t bytes_max, ByteBuffer& buffer) {
  // A copy element turns at least 3 bytes into at most 64 (or 2 into 11), so no true body grows more.
  constexpr std::size_t kGrowthMax = 22;
  constexpr std::size_t kSlackBytes = 64;
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(body.data(), body.size(), &size)) {
    return invalid("the body is not snappy (block format): its length prefix is malformed");
  }
  if (size > bytes_max) {
    return fail(
        ErrorCode::kLimit,
        fmt::format("the body claims {} bytes uncompressed; at most {} are allowed", size, bytes_max));
  }
  if (size > body.size() * kGrowthMax + kSlackBytes) {
    return invalid(fmt::format("the body claims {} bytes uncompressed, more than {} bytes of snappy can hold",
                               size, body.size()));
  }
  char* const out = buffer.reserve(size + 1);
  if (!snappy::RawUncompress(body.data(), body.size(), out)) {
    return invalid("the body is not valid snappy (block format)");
  }
  return std::string_view(out, size);
}

Status decode_remote_write_v1(std::string_view body, const ReceiveLimits& limits, RemoteWriteV1& out) {
  ProtoReader reader(body);
  while (reader.next()) {
    if (reader.is(1, WireType::kBytes)) {
      if (!decode_series(reader.bytes(), limits.samples_max, out)) reader.fail();
      if (out.batch.samples.size() > limits.samples_max || out.batch.keys.size() > limits.series_max) {
        return fail(ErrorCode::kLimit, fmt::format("the request holds more than {} samples or {} series",
                                                   limits.samples_max, limits.series_max));
      }
    } else if (reader.is(3, WireType::kBytes)) {
      if (!decode_metadata(reader.bytes(), out)) reader.fail();
      if (out.metadata.size() > limits.series_max) {
        return fail(ErrorCode::kLimit,
                    fmt::format("the request holds more than {} metadata entries", limits.series_max));
      }
    } else {
      reader.skip_unknown(1);
    }
  }
  if (!reader.ok()) return invalid("the body is not a prometheus.WriteRequest: malformed protobuf");
  return ok();
}

Status store_remote_write_v1(Store& store, RemoteWriteV1& request, RejectTally& tally,
                             ReceiveOutcome& outcome) {
  const LabelLimits& limits = store.limits().labels;
  TRY(store_batch(
      store, request.batch,
      [&](std::size_t index) { return decode_label_span(request.label_spans[index], limits); }, nullptr,
      tally, outcome));
  for (const MetadataView& metadata : request.metadata) {
    TRY(store.set_metadata(metadata.name,
                           {metadata.type, std::string(metadata.help), std::string(metadata.unit)}));
  }
  return ok();
}

}  // namespace trimtab
