// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "targets/postgresql/connection.h"

namespace trimtab::postgresql {

// A real PostgreSQL server of its own, on a free port of 127.0.0.1, data in a temporary folder; gone with
// the object. As root it runs as the user postgres (the server refuses root). Superuser "postgres", no
// password. Start takes about a second.
class TestServer {
 public:
  struct Options {
    // Lines of postgresql.conf.
    std::vector<std::string> settings = {"shared_preload_libraries = 'pg_stat_statements'"};
  };
  static Result<std::unique_ptr<TestServer>> start();
  static Result<std::unique_ptr<TestServer>> start(const Options& options);
  ~TestServer();

  std::string dsn(const std::string& database = "postgres", const std::string& user = "postgres") const;
  int port() const { return port_; }
  const std::string& data_directory() const { return data_; }
  Result<std::unique_ptr<Connection>> connect(const std::string& database = "postgres",
                                              bool read_only = false,
                                              const std::string& user = "postgres") const;
  Status stop(bool immediately);  // pg_ctl stop -m immediate: as a crash
  Status start_again();

 private:
  TestServer() = default;
  std::string directory_;
  std::string data_;
  int port_ = 0;
  bool running_ = false;
};

}  // namespace trimtab::postgresql
