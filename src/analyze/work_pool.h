// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>

namespace trimtab::analyze {

// Calls work(worker, index) once for every index in [0, count), on `threads` threads (the caller's is
// worker 0; 0: one per core). Which worker takes which index is left open, so work must write only to
// places that belong to its index (and to its worker's scratch). tick(done) runs on the caller's thread
// now and then and may return false to stop early. Returns false when stopped. Joins all before it returns.
bool for_each_index(std::size_t count, int threads, const std::function<void(std::size_t, std::size_t)>& work,
                    const std::function<bool(std::size_t)>& tick);

// The number of threads that for_each_index will use.
std::size_t worker_count(int threads, std::size_t count);

}  // namespace trimtab::analyze
