// SPDX-License-Identifier: Apache-2.0
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "query/engine/rows.h"

namespace trimtab::promql {
namespace {

// Blocks that may be finished and wait for an earlier one, for each thread.
constexpr std::size_t kAheadPerThreadMax = 4;

class OrderedBlocks {
 public:
  OrderedBlocks(std::size_t blocks, const Context& context,
                const std::function<Status(std::size_t, Scratch&)>& work,
                const std::function<Status(std::size_t)>& done, std::size_t ahead)
      : blocks_(blocks),
        context_(context),
        work_(work),
        done_(done),
        ahead_(ahead),
        finished_(blocks, false) {}

  void run() {
    Scratch scratch;
    while (true) {
      std::size_t block = 0;
      {
        std::unique_lock lock(mutex_);
        turn_.wait(lock, [&] { return error_ || next_ >= blocks_ || next_ < combined_ + ahead_; });
        if (error_ || next_ >= blocks_) return;
        block = next_++;
      }
      Status status = context_.check();
      if (status) status = work_(block, scratch);
      std::unique_lock lock(mutex_);
      if (!status) {
        // The error of the lowest block is told, so that it does not depend on timing where two fail.
        if (!error_ || block < error_block_) {
          error_ = status.error();
          error_block_ = block;
        }
        turn_.notify_all();
        return;
      }
      finished_[block] = true;
      combine();
    }
  }

  Status result() const { return error_ ? Status(std::unexpected(*error_)) : ok(); }

 private:
  void combine() {
    const std::size_t before = combined_;
    while (!error_ && combined_ < blocks_ && finished_[combined_]) {
      if (const Status status = done_(combined_); !status) {
        error_ = status.error();
        error_block_ = combined_;
      }
      ++combined_;
    }
    if (combined_ != before || error_) turn_.notify_all();
  }

  const std::size_t blocks_;
  const Context& context_;
  const std::function<Status(std::size_t, Scratch&)>& work_;
  const std::function<Status(std::size_t)>& done_;
  const std::size_t ahead_;
  std::mutex mutex_;
  std::condition_variable turn_;
  std::size_t next_ = 0;
  std::size_t combined_ = 0;
  std::vector<bool> finished_;
  std::optional<Error> error_;
  std::size_t error_block_ = 0;
};

}  // namespace

Status for_blocks(std::size_t blocks, const Context& context,
                  const std::function<Status(std::size_t, Scratch&)>& work,
                  const std::function<Status(std::size_t)>& done) {
  const std::size_t threads = std::min<std::size_t>(std::max(1u, context.options().threads), blocks);
  OrderedBlocks ordered(blocks, context, work, done, std::max<std::size_t>(threads, 1) * kAheadPerThreadMax);
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back([&] { ordered.run(); });
    ordered.run();
  }
  return ordered.result();
}

}  // namespace trimtab::promql
