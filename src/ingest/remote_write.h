// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/byte_buffer.h"
#include "ingest/receiver.h"
#include "ingest/reject_tally.h"
#include "ingest/sample_batch.h"
#include "store/store.h"

namespace trimtab {

// The decoders of Prometheus remote write, from bytes to SampleBatch. Formats:
// prometheus.io/docs/specs/prw/remote_write_spec (1.0) and remote_write_spec_2_0.
//
// Both scratch structs are reused from request to request by one thread; views in them point into
// the body. A malformed body is refused as a whole (kInvalid); a series that breaks a rule costs only
// its own samples.

// Memory a thread keeps between requests; what a larger request needed is given back after it.
inline constexpr std::size_t kScratchBytesKept = 32 << 20;

struct MetadataView {
  std::string_view name;
  MetricType type = MetricType::kUnknown;
  std::string_view help;
  std::string_view unit;
};

struct RemoteWriteCounts {
  std::uint64_t histograms = 0;
  std::uint64_t exemplars = 0;
};

struct RemoteWriteV1 {
  SampleBatch batch;
  std::vector<std::string_view> label_spans;  // per series of the batch
  std::deque<std::string> joined_spans;       // owners of spans that did not stand in one piece
  std::vector<MetadataView> metadata;
  RemoteWriteCounts counts;

  void clear();
  std::size_t capacity_bytes() const;
};

Status decode_remote_write_v1(std::string_view body, const ReceiveLimits& limits, RemoteWriteV1& out);
Status store_remote_write_v1(Store& store, RemoteWriteV1& request, RejectTally& tally,
                             ReceiveOutcome& outcome);

struct RemoteWriteV2 {
  struct Series {
    std::uint32_t refs_offset = 0;
    std::uint32_t refs_count = 0;
    std::uint32_t help_ref = 0;
    std::uint32_t unit_ref = 0;
    MetricType type = MetricType::kUnknown;
  };
  SampleBatch batch;
  std::vector<std::string_view> symbols;
  std::vector<LabelsHash> symbol_hashes;
  std::vector<std::string_view> series_bytes;
  std::vector<Series> series;          // per series of the batch
  std::vector<std::uint32_t> refs;     // label references of all series, one after the other
  std::vector<LabelsHash> key_hashes;  // what one series' key is the hash of
  RemoteWriteCounts counts;

  void clear();
  std::size_t capacity_bytes() const;
};

// Series with bad references are counted in `tally` and left out.
Status decode_remote_write_v2(std::string_view body, const ReceiveLimits& limits, RemoteWriteV2& out,
                              RejectTally& tally, ReceiveOutcome& outcome);
Status store_remote_write_v2(Store& store, RemoteWriteV2& request, RejectTally& tally,
                             ReceiveOutcome& outcome);

// Snappy's block format. The claimed length is checked against the bound, and against what `body`
// could possibly hold, before memory is taken for it. Errors: kLimit, kInvalid.
Result<std::string_view> snappy_decompress(std::string_view body, std::size_t bytes_max, ByteBuffer& buffer);

// MetricType of both versions' protobuf enumerations; unknown numbers are kUnknown.
MetricType metric_type_of_wire(std::uint64_t number);

}  // namespace trimtab
