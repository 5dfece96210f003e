// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace trimtab {

// A real server of another project, started for one test on a free loopback port in a folder of its own.
class PeerProcess {
 public:
  // "{port}" and "{dir}" in arguments are filled in. Waits until `ready_path` answers 200; null when the
  // program is not on PATH or does not come to that within half a minute.
  static std::unique_ptr<PeerProcess> start(const std::string& program, std::vector<std::string> arguments,
                                            const std::string& ready_path);
  ~PeerProcess();  // ends the process and removes the folder
  PeerProcess(const PeerProcess&) = delete;
  PeerProcess& operator=(const PeerProcess&) = delete;

  const std::string& url() const { return url_; }

 private:
  PeerProcess() = default;
  int pid_ = -1;
  std::string url_;
  std::string folder_;
};

}  // namespace trimtab
