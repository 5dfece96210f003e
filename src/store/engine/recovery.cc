// SPDX-License-Identifier: Apache-2.0
#include "store/engine/recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "store/engine/bytes.h"
#include "store/engine/keys.h"
#include "store/engine/replay_crew.h"
#include "store/engine/rocks_options.h"
#include "store/journal/journal_codec.h"

namespace trimtab::embedded {
namespace {

rocksdb::ReadOptions scan_options() {
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 2 << 20;
  return options;
}

Result<std::uint64_t> get_number(Core& core, std::string_view key, std::uint64_t fallback) {
  auto stored = core.database->get(Family::kMeta, key);
  if (!stored && stored.error().code() == ErrorCode::kNotFound) return fallback;
  if (!stored) return std::unexpected(stored.error());
  ByteReader reader(*stored);
  const std::uint64_t value = reader.varint();
  if (!reader.good()) return fail(ErrorCode::kCorrupt, fmt::format("record \"{}\" does not parse", key));
  return value;
}

Status load_meta(Core& core) {
  core.journal_first = TRY(get_number(core, kJournalFirstKey, 1));
  core.journal_next = core.journal_first;
  core.series_next = static_cast<std::uint32_t>(TRY(get_number(core, kSeriesNextKey, 0)));
  auto totals = core.database->get(Family::kMeta, kTotalsKey);
  if (totals) return core.totals.load(*totals);
  return totals.error().code() == ErrorCode::kNotFound ? ok() : Status(std::unexpected(totals.error()));
}

Status load_series(Core& core, RecoveryReport& report) {
  const auto at = core.database->iterate(Family::kSeries, scan_options());
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (at->key().size() != sizeof(SeriesKey))
      return fail(ErrorCode::kCorrupt, "series record with an odd key");
    const std::uint32_t id = load_be32(at->key().data());
    auto labels = decode_labels(view(at->value()));
    if (!labels) return std::unexpected(labels.error().within(fmt::format("series {}", id)));
    core.index.add(id, *labels);
    core.heads.ensure(id + 1, 0);
    core.heads.at(id).flags |= Head::kAlive;
    core.series_next = std::max(core.series_next, id + 1);
    ++report.series;
  }
  core.heads.ensure(core.series_next, 0);
  return to_status(at->status(), "reading series");
}

// `seen[id]`: entries below it are part of the checkpointed head.
Status load_heads(Core& core, std::vector<std::uint64_t>& seen, RecoveryReport& report) {
  const auto at = core.database->iterate(Family::kHeads, scan_options());
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    if (at->key().size() != sizeof(SeriesKey))
      return fail(ErrorCode::kCorrupt, "head record with an odd key");
    const std::uint32_t id = load_be32(at->key().data());
    if (id >= core.heads.size() || !core.heads.at(id).alive()) continue;
    ByteReader reader(view(at->value()));
    const std::uint64_t sequence = reader.varint();
    if (Status status = head_load(core.heads.at(id), reader.rest(), core.heads.memory()); !status) {
      return std::unexpected(status.error().within(fmt::format("head of series {}", id)));
    }
    seen[id] = sequence;
    core.journal_next = std::max(core.journal_next, sequence);
    ++report.heads;
  }
  return to_status(at->status(), "reading heads");
}

Status replay_journal(Core& core, const std::vector<std::uint64_t>& seen, RecoveryReport& report) {
  rocksdb::ReadOptions options = scan_options();
  const JournalKey first = journal_key(core.journal_first);
  const auto at = core.database->iterate(Family::kJournal, options);
  ReplayCrew crew(core, seen);
  for (at->Seek(slice(view(first))); at->Valid(); at->Next()) {
    if (at->key().size() != sizeof(JournalKey))
      return fail(ErrorCode::kCorrupt, "journal entry with an odd key");
    const std::uint64_t sequence = load_be64(at->key().data());
    auto entry = std::make_unique<JournalEntry>();
    if (Status status = decode_journal_entry(view(at->value()), *entry); !status) {
      return std::unexpected(status.error().within(fmt::format("journal entry {}", sequence)));
    }
    report.journal_samples += entry->kind == JournalKind::kSamples ? entry->samples.size() : 0;
    crew.add(sequence, std::move(entry));
    core.journal_next = std::max(core.journal_next, sequence + 1);
    core.journal_bytes += at->value().size();
    ++report.journal_entries;
  }
  crew.finish();
  return to_status(at->status(), "reading the journal");
}

}  // namespace

Result<RecoveryReport> recover(Core& core) {
  RecoveryReport report;
  TRY(load_meta(core));
  TRY(load_series(core, report));
  std::vector<std::uint64_t> seen(core.heads.size(), 0);
  TRY(load_heads(core, seen, report));
  TRY(replay_journal(core, seen, report));
  return report;
}

}  // namespace trimtab::embedded
