// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "store/engine/core.h"
#include "store/journal/journal_codec.h"

namespace trimtab::embedded {

// The one way into the heads. A batch is journaled first and applied second, so that what is
// acknowledged is on its way to the disk and what failed was never seen. Thread-safe; batches are
// taken one after another under append_mutex, which is what orders the journal.
class Writer {
 public:
  explicit Writer(Core& core) : core_(core) {}

  Result<AppendOutcome> append(std::span<const Sample> batch);
  Result<SeriesId> ensure_series(const Labels& labels);
  // Writes definitions of new series that no append carried yet.
  Status write_pending();

  enum class Part { kOpen, kLate, kAll };
  // Seals these heads (sorted or not, each once). Heads without such samples are left alone.
  Status seal(std::span<const std::uint32_t> ids, Part part);
  // The same, by a caller that holds append_mutex.
  Status seal_locked(std::span<const std::uint32_t> ids, Part part);

 private:
  std::span<const Sample> screen(std::span<const Sample> batch, AppendOutcome& outcome);
  Status journal(std::span<const Sample> samples);
  void apply(std::span<const Sample> samples, AppendOutcome& outcome);
  Status seal_some(std::span<const std::uint32_t> ids, Part part, std::size_t& taken);
  Result<AppendOutcome> append_locked(std::span<const Sample> batch, std::uint64_t& ticket);
  void seal_full();
  void count(const AppendOutcome& outcome);

  Core& core_;
  // Guarded by append_mutex; kept to reuse their memory.
  std::vector<Sample> screened_;
  std::string scratch_;
  std::vector<std::uint32_t> full_open_;
  std::vector<std::uint32_t> full_late_;
};

}  // namespace trimtab::embedded
