// SPDX-License-Identifier: Apache-2.0
#include "store/engine/bytes.h"
#include "store/engine/engine.h"
#include "store/engine/rocks_options.h"

namespace trimtab::embedded {

// Key: the metric's name. Value: type word, help, unit, each with its length.
Status Engine::load_metadata() {
  const auto at = core_.database->iterate(Family::kMetadata, rocksdb::ReadOptions());
  for (at->SeekToFirst(); at->Valid(); at->Next()) {
    ByteReader reader(view(at->value()));
    MetricMetadata metadata;
    metadata.type = parse_metric_type(reader.bytes());
    metadata.help = reader.bytes();
    metadata.unit = reader.bytes();
    if (!reader.good()) {
      return fail(ErrorCode::kCorrupt, "metadata of metric " + at->key().ToString() + " does not parse");
    }
    metadata_.emplace(at->key().ToString(), std::move(metadata));
  }
  return to_status(at->status(), "reading metadata");
}

Status Engine::set_metadata(std::string_view metric, const MetricMetadata& metadata) {
  const std::lock_guard lock(metadata_mutex_);
  const std::string name(metric);
  if (const auto found = metadata_.find(name); found != metadata_.end() && found->second == metadata)
    return ok();
  TRY(core_.gate.check());
  std::string value;
  put_bytes(value, to_string(metadata.type));
  put_bytes(value, metadata.help);
  put_bytes(value, metadata.unit);
  rocksdb::WriteBatch batch;
  batch.Put(core_.database->family(Family::kMetadata), name, value);
  if (Status status = core_.database->write(batch); !status) {
    core_.write_failed(status.error());
    return status;
  }
  core_.syncs.wrote();
  metadata_[name] = metadata;
  return ok();
}

std::map<std::string, MetricMetadata> Engine::metadata() {
  const std::lock_guard lock(metadata_mutex_);
  return metadata_;
}

}  // namespace trimtab::embedded
