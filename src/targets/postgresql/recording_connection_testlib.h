// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "targets/postgresql/connection.h"

namespace trimtab::postgresql {

// A server of any version that writes down what it is asked and answers one row of zeros: which statement is
// chosen for which version can be tested without that server.
class RecordingConnection final : public Connection {
 public:
  explicit RecordingConnection(int version) : version_(version) {}

  Result<Rows> query(const std::string& sql, const std::vector<std::optional<std::string>>&) override {
    asked += sql + "\n";
    constexpr std::size_t kColumns = 32;
    return Rows{std::vector<std::string>(kColumns),
                std::vector<std::optional<std::string>>(kColumns, answer)};
  }
  Status execute(const std::string& sql) override {
    asked += sql + "\n";
    return ok();
  }
  Status set_statement_timeout(DurationMs) override { return ok(); }
  int server_version() const override { return version_; }
  void cancel() override {}
  const std::string& sql_state() const override { return state_; }

  std::string asked;         // a line each
  std::string answer = "0";  // in every cell

 private:
  int version_;
  std::string state_;
};

}  // namespace trimtab::postgresql
