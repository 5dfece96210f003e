// SPDX-License-Identifier: Apache-2.0
#include "store/engine/replay_crew.h"

#include <algorithm>

namespace trimtab::embedded {

ReplayCrew::ReplayCrew(Core& core, const std::vector<std::uint64_t>& seen)
    : core_(core),
      seen_(seen),
      workers_(std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kWorkersMax)) {
  for (std::size_t i = 0; i < workers_.size(); ++i) workers_[i].thread = std::jthread([this, i] { run(i); });
}

void ReplayCrew::add(std::uint64_t sequence, std::unique_ptr<JournalEntry> entry) {
  const std::shared_ptr<const JournalEntry> shared = std::move(entry);
  std::unique_lock lock(mutex_);
  for (Worker& worker : workers_) {
    changed_.wait(lock, [&] { return worker.queue.size() < kEntriesAhead; });
    worker.queue.push_back({sequence, shared});
  }
  changed_.notify_all();
}

void ReplayCrew::finish() {
  {
    const std::lock_guard lock(mutex_);
    finished_ = true;
  }
  changed_.notify_all();
  for (Worker& worker : workers_) {
    if (worker.thread.joinable()) worker.thread.join();
  }
}

void ReplayCrew::run(std::size_t index) {
  std::deque<Work>& queue = workers_[index].queue;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return finished_ || !queue.empty(); });
    if (queue.empty()) return;
    const Work work = std::move(queue.front());
    queue.pop_front();
    lock.unlock();
    changed_.notify_all();
    if (work.entry->kind == JournalKind::kSamples) {
      apply_samples(index, work);
    } else {
      apply_sealed(index, work);
    }
    lock.lock();
  }
}

void ReplayCrew::apply_samples(std::size_t index, const Work& work) {
  constexpr std::size_t kHeadAhead = 24;
  constexpr std::size_t kRawAhead = 8;
  const std::vector<Sample>& samples = work.entry->samples;
  const std::uint32_t count = core_.heads.size();
  HeadMemory& memory = core_.heads.memory();
  const auto wanted = [&](std::size_t i) {
    return i < samples.size() && raw(samples[i].series) < count && mine(index, raw(samples[i].series));
  };
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (wanted(i + kHeadAhead)) __builtin_prefetch(&core_.heads.at(raw(samples[i + kHeadAhead].series)), 1);
    if (wanted(i + kRawAhead)) {
      const Head& head = core_.heads.at(raw(samples[i + kRawAhead].series));
      __builtin_prefetch(head.raw + head.raw_count * kRawEntryBytes, 1);
    }
    if (!wanted(i)) continue;
    const std::uint32_t id = raw(samples[i].series);
    if (seen_[id] > work.sequence) continue;
    Head& head = core_.heads.at(id);
    if (head.alive()) head_append(head, id, samples[i].timestamp_ms, samples[i].value, memory);
  }
}

void ReplayCrew::apply_sealed(std::size_t index, const Work& work) {
  for (const SealedHead& note : work.entry->sealed) {
    if (note.series >= core_.heads.size() || !mine(index, note.series)) continue;
    if (seen_[note.series] > work.sequence) continue;
    Head& head = core_.heads.at(note.series);
    if (note.open) head_clear_open(head, core_.heads.memory());
    head_clear_late(head, note.late_from, core_.heads.memory());
    head.chunk_span_s = std::max(head.chunk_span_s, note.span_s);
    if (note.overlap) head.flags |= Head::kOverlap;
    head.flags |= Head::kDirty;
  }
}

}  // namespace trimtab::embedded
