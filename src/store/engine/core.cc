// SPDX-License-Identifier: Apache-2.0
#include "store/engine/core.h"

#include <fmt/format.h>

#include <limits>

#include "store/engine/bytes.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded {
namespace {

constexpr const char* kRefusedHelp = "Samples the store refused, by reason.";
constexpr const char* kBatchesHelp = "Batches the store refused, by reason.";
constexpr const char* kSeriesHelp = "New series the store refused, by bound.";
constexpr const char* kQueriesHelp = "Reads stopped at a bound.";

Labels reason(std::string_view text) { return Labels{{"reason", std::string(text)}}; }

}  // namespace

EngineMetrics::EngineMetrics(Metrics& m)
    : samples(m.counter("trimtab_store_samples_total", "Samples taken, overwrites included.")),
      duplicates(m.counter("trimtab_store_duplicates_total", "Samples that were there already.")),
      overwritten(
          m.counter("trimtab_store_overwritten_total", "Samples that replaced another value of their time.")),
      out_of_order(m.counter("trimtab_store_out_of_order_total",
                             "Samples taken that were older than their series' newest.")),
      refused_future(m.counter("trimtab_store_refused_samples_total", kRefusedHelp, reason("future"))),
      refused_too_old(m.counter("trimtab_store_refused_samples_total", kRefusedHelp, reason("too_old"))),
      refused_invalid(m.counter("trimtab_store_refused_samples_total", kRefusedHelp, reason("invalid"))),
      refused_batches_limit(
          m.counter("trimtab_store_refused_batches_total", kBatchesHelp, reason("batch_samples_max"))),
      refused_batches_unavailable(
          m.counter("trimtab_store_refused_batches_total", kBatchesHelp, reason("unavailable"))),
      refused_series_limit(
          m.counter("trimtab_store_refused_series_total", kSeriesHelp, reason("series_count_max"))),
      refused_series_memory(
          m.counter("trimtab_store_refused_series_total", kSeriesHelp, reason("memory_bytes_max"))),
      query_samples_limit(
          m.counter("trimtab_store_limited_reads_total", kQueriesHelp, reason("query_samples_max"))),
      query_series_limit(
          m.counter("trimtab_store_limited_reads_total", kQueriesHelp, reason("query_series_max"))),
      corrupt_chunks(
          m.counter("trimtab_store_corrupt_chunks_total", "Chunks that did not decode when read.")),
      chunks_sealed(m.counter("trimtab_store_chunks_sealed_total", "Chunks written from heads.")),
      chunks_merged(m.counter("trimtab_store_chunks_merged_total",
                              "Chunks that overlapped or were small and were merged.")),
      chunks_expired(m.counter("trimtab_store_chunks_expired_total", "Chunks dropped by retention.")),
      checkpoints(m.counter("trimtab_store_checkpoints_total", "Checkpoints of the open heads.")),
      checkpoint_waits(m.counter("trimtab_store_checkpoint_waits_total",
                                 "Appends that waited for a checkpoint at the journal's bound.")),
      late_spills(m.counter("trimtab_store_late_spills_total",
                            "Times that all late buffers were sealed at their common bound.")),
      sync_failures(m.counter("trimtab_store_sync_failures_total", "Failed fsyncs of the journal.")),
      write_failures(m.counter("trimtab_store_write_failures_total", "Failed writes to the journal.")),
      key_evictions(
          m.counter("trimtab_store_key_evictions_total", "Wire keys forgotten at the bound of their cache.")),
      series(m.gauge("trimtab_store_series", "Series known.")),
      journal_bytes(m.gauge("trimtab_store_journal_bytes", "Journal written since the last checkpoint.")),
      memory_bytes(m.gauge("trimtab_store_memory_bytes", "Memory of index and heads.")),
      free_bytes(m.gauge("trimtab_store_free_bytes", "Free space of the data directory's file system.")),
      writes_refused(m.gauge("trimtab_store_writes_refused", "1 while writes are refused.")) {}

std::string Totals::save() const {
  std::string out;
  for (const std::uint64_t value : {chunk_next, chunks, samples, bytes}) put_varint(out, value);
  return out;
}

Status Totals::load(std::string_view stored) {
  ByteReader reader(stored);
  for (std::uint64_t* const value : {&chunk_next, &chunks, &samples, &bytes}) *value = reader.varint();
  return reader.good() && reader.done() ? ok() : fail(ErrorCode::kCorrupt, "record of totals does not parse");
}

Core::Core(const EmbeddedStoreOptions& options_in, const EngineLimits& limits_in, const Clock& clock_in,
           Metrics& metrics_in, Logger& logger_in)
    : options(options_in),
      limits(limits_in),
      clock(clock_in),
      logger(logger_in),
      metrics(metrics_in),
      syncs([this] {
        Status status = database->sync();
        if (!status) {
          // The kernel may have dropped what it could not write: nothing in this log is sure any more.
          metrics.sync_failures.add();
          logger.error("the journal can not be synced", {{"error", status.error().message()}});
          gate.close(status.error().message() + "; check the disk and restart");
        }
        return status;
      }),
      keys(limits_in.keys_max) {}

void Core::write_failed(const Error& error) {
  metrics.write_failures.add();
  const bool was_open = gate.is_open();
  gate.refuse_failed(error.message());
  if (was_open) logger.error("writes are refused", {{"reason", error.message()}});
}

Status Core::write_chunks(rocksdb::WriteBatch& batch, const Totals& after) {
  batch.Put(database->family(Family::kMeta), slice(kTotalsKey), after.save());
  if (Status status = database->write(batch); !status) {
    write_failed(status.error());
    return status;
  }
  syncs.wrote();
  totals = after;
  seal_epoch.fetch_add(1, std::memory_order_release);
  return ok();
}

TimestampMs Core::retention_cutoff() const {
  if (options.retention_age_ms <= 0) return kTimestampMin;
  return std::max(kTimestampMin, clock.now_ms() - options.retention_age_ms);
}

std::uint64_t Core::memory_bytes() const {
  const std::shared_lock lock(index_mutex);
  return heads.memory_bytes() + keys.memory_bytes() + index.memory_bytes();
}

std::string encode_labels(const Labels& labels) {
  std::string out;
  put_varint(out, labels.size());
  for (const Label& label : labels.items()) {
    put_bytes(out, label.name);
    put_bytes(out, label.value);
  }
  return out;
}

Result<Labels> decode_labels(std::string_view bytes) {
  ByteReader reader(bytes);
  const std::uint64_t count = reader.varint();
  if (count > reader.left()) return fail(ErrorCode::kCorrupt, fmt::format("label set says {} labels", count));
  std::vector<Label> labels;
  labels.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view name = reader.bytes();
    const std::string_view value = reader.bytes();
    labels.push_back({std::string(name), std::string(value)});
  }
  if (!reader.good() || !reader.done())
    return fail(ErrorCode::kCorrupt, "label set is cut short or too long");
  LabelLimits limits;
  limits.labels_count_max = limits.name_bytes_max = limits.value_bytes_max =
      std::numeric_limits<std::size_t>::max();
  return Labels::create(std::move(labels), limits);
}

}  // namespace trimtab::embedded
