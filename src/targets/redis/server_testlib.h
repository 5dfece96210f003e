// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "targets/redis/client.h"

namespace trimtab::redis {

// A real redis-server of its own on a socket in a temporary folder; gone with the object. It keeps nothing.
class TestServer {
 public:
  // `config`: text of a configuration file; "" = started without one.
  static Result<std::unique_ptr<TestServer>> start(const std::string& config = "");
  ~TestServer();

  // "redis/main", as the default user unless another is named.
  Target target(const std::string& username = "", const std::string& password = "") const;
  Result<std::unique_ptr<Client>> connect() const { return Client::open(target(), 30 * kSecondMs); }
  void stop();  // as a crash
  Status start_again();
  std::string config_file() const { return folder_ + "/redis.conf"; }

 private:
  TestServer() = default;
  std::string folder_;
  bool has_config_ = false;
  pid_t server_ = 0;
};

}  // namespace trimtab::redis
