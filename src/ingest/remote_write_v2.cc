// SPDX-License-Identifier: Apache-2.0
// Remote write 2.0:
//   Request    { repeated string symbols = 4; repeated TimeSeries timeseries = 5; }
//   TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2;
//                repeated Histogram histograms = 3; repeated Exemplar exemplars = 4;
//                Metadata metadata = 5; int64 created_timestamp = 6; }
//   Metadata   { MetricType type = 1; uint32 help_ref = 3; uint32 unit_ref = 4; }
// The created timestamp is read over: what it tells, a counter's reset, shows in the samples too.
#include <fmt/format.h>

#include <array>

#include "ingest/label_span.h"
#include "ingest/proto_reader.h"
#include "ingest/remote_write.h"
#include "ingest/remote_write_sample.h"

namespace trimtab {
namespace {

constexpr std::uint8_t kRefsTag = 0x0a;    // field 1, packed
constexpr std::uint8_t kSampleTag = 0x12;  // field 2, bytes

// More label references than any LabelLimits will allow; a series with more is refused without
// keeping them.
constexpr std::uint32_t kSeriesRefsMax = 8192;

void add_ref(std::uint64_t ref, RemoteWriteV2::Series& series, RemoteWriteV2& out) {
  if (series.refs_count++ >= kSeriesRefsMax) return;
  out.refs.push_back(static_cast<std::uint32_t>(std::min<std::uint64_t>(ref, UINT32_MAX)));
}

void read_refs(std::string_view packed, RemoteWriteV2::Series& series, RemoteWriteV2& out,
               ProtoReader& outer) {
  ProtoReader reader(packed);
  while (!reader.at_end()) {
    const std::uint64_t ref = reader.varint();
    if (reader.ok()) add_ref(ref, series, out);
  }
  if (!reader.ok()) outer.fail();
}

bool read_metadata(std::string_view bytes, RemoteWriteV2::Series& series) {
  ProtoReader reader(bytes);
  while (reader.next()) {
    if (reader.is(1, WireType::kVarint)) {
      series.type = metric_type_of_wire(reader.varint());
    } else if (reader.is(3, WireType::kVarint)) {
      series.help_ref = static_cast<std::uint32_t>(reader.varint());
    } else if (reader.is(4, WireType::kVarint)) {
      series.unit_ref = static_cast<std::uint32_t>(reader.varint());
    } else {
      reader.skip();
    }
  }
  return reader.ok();
}

// The key must not depend on how this request numbers its symbols, and must change with the metadata
// so that changed metadata reaches the store: a hash over the hashes of the strings meant. False when
// the references are an odd number or point nowhere.
bool series_key(RemoteWriteV2& out, const RemoteWriteV2::Series& series, LabelsHash& key) {
  std::vector<LabelsHash>& hashes = out.key_hashes;
  hashes.clear();
  for (std::uint32_t i = 0; i < series.refs_count; ++i) {
    const std::uint32_t ref = out.refs[series.refs_offset + i];
    if (ref >= out.symbols.size()) return false;
    hashes.push_back(out.symbol_hashes[ref]);
  }
  const std::size_t symbols = out.symbols.size();
  const auto hash_of = [&](std::uint32_t ref) {
    return ref < symbols ? out.symbol_hashes[ref] : LabelsHash{};
  };
  hashes.push_back({static_cast<std::uint64_t>(series.type), 2});
  if (series.help_ref != 0 || series.unit_ref != 0) {
    hashes.push_back(hash_of(series.help_ref));
    hashes.push_back(hash_of(series.unit_ref));
  }
  key = hash_bytes({reinterpret_cast<const char*>(hashes.data()), hashes.size() * sizeof(LabelsHash)});
  return series.refs_count % 2 == 0;
}

// Drops what decode_series() took of a series that breaks a rule.
void refuse_series(RemoteWriteV2& out, const RemoteWriteV2::Series& series, std::size_t samples_before,
                   RejectReason reason, RejectTally& tally, ReceiveOutcome& outcome) {
  const std::size_t samples = out.batch.samples.size() - samples_before;
  tally.add(
      reason,
      fmt::format(
          "a series has {} label references: too many, an odd number, or pointing outside the {} symbols",
          series.refs_count, out.symbols.size()),
      samples);
  outcome.samples_rejected += samples;
  out.batch.samples.resize(samples_before);
  out.refs.resize(series.refs_offset);
}

// The fields of one series. False when malformed.
bool read_series(std::string_view bytes, std::size_t samples_max, RemoteWriteV2::Series& series,
                 RemoteWriteV2& out) {
  ProtoReader reader(bytes);
  const auto index = static_cast<std::uint32_t>(out.batch.keys.size());
  while (!reader.at_end()) {
    if (reader.take_tag(kRefsTag)) {
      read_refs(reader.bytes(), series, out, reader);
    } else if (reader.take_tag(kSampleTag)) {
      if (!decode_sample(reader.bytes(), index, out.batch)) return false;
      if (out.batch.samples.size() > samples_max) return true;  // the caller refuses the request
    } else if (!reader.next()) {
      break;
    } else if (reader.is(1, WireType::kVarint)) {
      add_ref(reader.varint(), series, out);
    } else if (reader.is(3, WireType::kBytes)) {
      ++out.counts.histograms;
      reader.bytes();
    } else if (reader.is(4, WireType::kBytes)) {
      ++out.counts.exemplars;
      reader.bytes();
    } else if (reader.is(5, WireType::kBytes)) {
      if (!read_metadata(reader.bytes(), series)) return false;
    } else if (reader.is(6, WireType::kVarint)) {
      reader.varint();
    } else {
      reader.skip_unknown(6);
    }
  }
  return reader.ok();
}

bool decode_series(std::string_view bytes, std::size_t samples_max, RemoteWriteV2& out, RejectTally& tally,
                   ReceiveOutcome& outcome) {
  const std::size_t samples_before = out.batch.samples.size();
  RemoteWriteV2::Series series;
  series.refs_offset = static_cast<std::uint32_t>(out.refs.size());
  if (!read_series(bytes, samples_max, series, out)) return false;
  if (out.batch.samples.size() == samples_before) {
    out.refs.resize(series.refs_offset);
    return true;
  }
  LabelsHash key;
  if (series.refs_count > kSeriesRefsMax) {
    refuse_series(out, series, samples_before, RejectReason::kLabelLimit, tally, outcome);
  } else if (!series_key(out, series, key)) {
    refuse_series(out, series, samples_before, RejectReason::kInvalidLabels, tally, outcome);
  } else {
    out.batch.add_series(key);
    out.series.push_back(series);
  }
  return true;
}

Result<Labels> decode_labels(const RemoteWriteV2& request, std::size_t index, const LabelLimits& limits) {
  const RemoteWriteV2::Series& series = request.series[index];
  if (series.refs_count / 2 > limits.labels_count_max) {
    return fail(ErrorCode::kLimit, fmt::format("{} labels on one series; at most {} are allowed",
                                               series.refs_count / 2, limits.labels_count_max));
  }
  std::vector<Label> labels;
  labels.reserve(series.refs_count / 2);
  for (std::uint32_t i = 0; i < series.refs_count; i += 2) {
    const std::string_view name = request.symbols[request.refs[series.refs_offset + i]];
    const std::string_view value = request.symbols[request.refs[series.refs_offset + i + 1]];
    if (name.size() > limits.name_bytes_max || value.size() > limits.value_bytes_max) {
      return fail(ErrorCode::kLimit,
                  fmt::format("a label name of {} or value of {} bytes; at most {} and {} are allowed",
                              name.size(), value.size(), limits.name_bytes_max, limits.value_bytes_max));
    }
    labels.push_back({std::string(name), std::string(value)});
  }
  return create_named(std::move(labels), limits);
}

// The name metadata stands under: that of the family, as remote write 1.0 and scrapes have it.
std::string_view family_name(std::string_view metric, MetricType type) {
  constexpr std::array<std::string_view, 3> kSuffixes{"_bucket", "_count", "_sum"};
  if (type == MetricType::kHistogram || type == MetricType::kGaugeHistogram || type == MetricType::kSummary) {
    for (const std::string_view suffix : kSuffixes) {
      if (metric.ends_with(suffix)) return metric.substr(0, metric.size() - suffix.size());
    }
  }
  return metric;
}

}  // namespace

void RemoteWriteV2::clear() {
  batch.clear();
  symbols.clear();
  symbol_hashes.clear();
  series_bytes.clear();
  series.clear();
  refs.clear();
  counts = {};
}

std::size_t RemoteWriteV2::capacity_bytes() const {
  return batch.capacity_bytes() + (symbols.capacity() + series_bytes.capacity()) * sizeof(std::string_view) +
         (symbol_hashes.capacity() + key_hashes.capacity()) * sizeof(LabelsHash) +
         series.capacity() * sizeof(Series) + refs.capacity() * sizeof(std::uint32_t);
}

Status decode_remote_write_v2(std::string_view body, const ReceiveLimits& limits, RemoteWriteV2& out,
                              RejectTally& tally, ReceiveOutcome& outcome) {
  // Symbols may stand behind the series that use them, so series wait for the end of the first pass.
  ProtoReader reader(body);
  while (reader.next()) {
    if (reader.is(4, WireType::kBytes)) {
      out.symbols.push_back(reader.bytes());
    } else if (reader.is(5, WireType::kBytes)) {
      out.series_bytes.push_back(reader.bytes());
    } else if (reader.field() == 4 || reader.field() == 5) {
      reader.fail();
    } else {
      reader.skip();
    }
    if (out.symbols.size() > limits.symbols_max || out.series_bytes.size() > limits.series_max) {
      return fail(ErrorCode::kLimit, fmt::format("the request holds more than {} symbols or {} series",
                                                 limits.symbols_max, limits.series_max));
    }
  }
  if (!reader.ok()) return invalid("the body is not an io.prometheus.write.v2.Request: malformed protobuf");
  out.symbol_hashes.reserve(out.symbols.size());
  for (const std::string_view symbol : out.symbols) out.symbol_hashes.push_back(hash_bytes(symbol));
  for (const std::string_view bytes : out.series_bytes) {
    if (!decode_series(bytes, limits.samples_max, out, tally, outcome)) {
      return invalid("the body is not an io.prometheus.write.v2.Request: malformed time series");
    }
    if (out.batch.samples.size() > limits.samples_max || out.refs.size() > limits.label_refs_max) {
      return fail(ErrorCode::kLimit,
                  fmt::format("the request holds more than {} samples or {} label references",
                              limits.samples_max, limits.label_refs_max));
    }
  }
  return ok();
}

Status store_remote_write_v2(Store& store, RemoteWriteV2& request, RejectTally& tally,
                             ReceiveOutcome& outcome) {
  const LabelLimits& limits = store.limits().labels;
  const auto symbol = [&](std::uint32_t ref) {
    return std::string(ref < request.symbols.size() ? request.symbols[ref] : std::string_view{});
  };
  Status told = ok();
  const auto tell_metadata = [&](std::size_t index, const Labels& labels) {
    const RemoteWriteV2::Series& series = request.series[index];
    if (series.type == MetricType::kUnknown && series.help_ref == 0 && series.unit_ref == 0) return;
    const Status status = store.set_metadata(family_name(labels.metric_name(), series.type),
                                             {series.type, symbol(series.help_ref), symbol(series.unit_ref)});
    if (!status && told) told = status;
  };
  TRY(store_batch(
      store, request.batch, [&](std::size_t index) { return decode_labels(request, index, limits); },
      tell_metadata, tally, outcome));
  return told;
}

}  // namespace trimtab
