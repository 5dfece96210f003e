// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace trimtab::act {

int free_port();  // of the loopback
std::string bytes_of(const std::string& file);
// Files and folders below a folder, at any depth.
std::size_t count_files(const std::string& folder);
// A reload is not at once: asks http://127.0.0.1:port/ until the body is `body`, for 30 s at most.
bool wait_for_answer(int port, const std::string& body);

}  // namespace trimtab::act
